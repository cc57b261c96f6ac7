"""Ratings: asked once and only where it makes sense, given on the page or by the mail's link."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from omnidesk.accounts.models import Organization
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, sign_in
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.catalog import default_status
from tickets.actions.lifecycle import set_status
from tickets.actions.ratings import ask_for_ratings, rate, sign_rating
from tickets.actions.reply import reply
from tickets.choices import StatusCategory
from tickets.models import LetterLine, Rating, RatingSettings, Ticket
from tickets.notices import Kind

__all__ = ["sign_in"]

REASONS = [{"value": "fast", "label": {"en": "Fast", "de": "Schnell"}}]
LATER = dt.timedelta(hours=2)


def switch_on(organization: Organization, **more: object) -> RatingSettings:
    return RatingSettings.objects.create(organization=organization, reasons=REASONS, **more)


def solved(cast: Cast, *, answered: bool = True) -> Ticket:
    alice = Actor.person(cast.alice)
    ticket = cast.ticket()
    if answered:
        reply(ticket=ticket, actor=alice, text="Restart it.")
    status = default_status(cast.nordwerk.pk, StatusCategory.SOLVED)
    return set_status(ticket=ticket, actor=alice, status=status)


def test_who_was_answered_is_asked_once_through_the_outbox(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        switch_on(cast.nordwerk)
        ticket = solved(cast)
        solved(cast, answered=False)
        cast.ticket()
    place = cast.nordwerk.pk
    assert ask_for_ratings(place, moment=now()) == 0
    assert ask_for_ratings(place, moment=now() + LATER) == 1
    assert ask_for_ratings(place, moment=now() + LATER) == 0
    assert ask_for_ratings(place, moment=now() + dt.timedelta(days=30)) == 0
    with organization_scope(place):
        assert Rating.objects.get().ticket == ticket
        line = LetterLine.objects.get(kind=Kind.RATE)
        assert (line.ticket, line.letter.user) == (ticket, cast.dana)


def test_an_organization_that_does_not_ask_asks_nobody(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        solved(cast)
    assert ask_for_ratings(cast.nordwerk.pk, moment=now() + LATER) == 0


def test_two_beats_at_once_ask_once(live_cast: Cast) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        switch_on(live_cast.nordwerk)
        for _ in range(3):
            solved(live_cast)

    def ask(_try: int) -> int:
        try:
            return ask_for_ratings(live_cast.nordwerk.pk, moment=now() + LATER)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(ask, range(3))) == 3
    with organization_scope(live_cast.nordwerk.pk):
        assert LetterLine.objects.filter(kind=Kind.RATE).count() == 3


def test_it_is_given_on_the_page_and_seen_by_the_desk(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        switch_on(cast.nordwerk)
        ticket = solved(cast)
    dana, url = sign_in(cast.dana), f"/tickets/{ticket.number}/rate/"
    assert b"How did we do?" in dana.get(f"/tickets/{ticket.number}/").content
    for score in ("", "3", "9", "x"):
        dana.post(url, {"score": score})
    dana.post(url, {"score": "5", "reasons": ["paid"]})
    with organization_scope(cast.nordwerk.pk):
        assert not Rating.objects.exists()
    given = {"score": "5", "reasons": ["fast"], "comment": "x" * 9000}
    dana.post(url, given)
    dana.post(url, {**given, "score": "1"})
    with organization_scope(cast.nordwerk.pk):
        rating = Rating.objects.get()
        assert (rating.score, rating.reasons, len(rating.comment)) == (1, ["fast"], 2000)
    assert b"Bad" in sign_in(cast.alice).get(f"/desk/t/{ticket.number}/").content
    assert sign_in(cast.bob).post(url, given).status_code == 404
    assert sign_in(cast.charlie).post(url, given).status_code == 404


def test_after_a_week_it_stands(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        switch_on(cast.nordwerk, scale="five")
        ticket, dana = solved(cast), Actor.person(cast.dana)
        rate(ticket=ticket, actor=dana, score=3)
        Rating.objects.update(rated_at=now() - dt.timedelta(days=8))
        with pytest.raises(InvalidChange, match="seven days"):
            rate(ticket=ticket, actor=dana, score=5)
        with pytest.raises(InvalidChange):
            rate(ticket=cast.ticket(), actor=dana, score=5)


def test_the_mail_s_link_shows_by_get_and_records_by_post(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        switch_on(cast.nordwerk)
        ticket = solved(cast)
    ask_for_ratings(cast.nordwerk.pk, moment=now() + LATER)
    with organization_scope(cast.nordwerk.pk):
        token = sign_rating(Rating.objects.get())
    stranger, url = Client(), f"/rate/{token}/"
    page = stranger.get(url)
    assert ticket.subject.encode() in page.content
    with organization_scope(cast.nordwerk.pk):
        assert Rating.objects.get().score is None
    assert stranger.post(url, {}).status_code == 422
    assert b"Noted." in stranger.post(url, {"score": "5"}).content
    with organization_scope(cast.nordwerk.pk):
        assert Rating.objects.get().score == 5
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", "a" * 3000):
        assert stranger.get(f"/rate/{wrong}/").status_code == 404
