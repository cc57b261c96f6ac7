"""Snoozed tickets leave the lists, come back once, and answers wake them."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.composing.conftest import sign_in
from tests.tickets.views.conftest import SignIn, htmx
from tickets.access import desk_tickets
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.heed import heed_ticket
from tickets.actions.intake import Body, receive_message
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import add_note
from tickets.actions.snooze import snooze, sweep, wake, wake_due
from tickets.business_time import WorkCalendar
from tickets.choices import Source
from tickets.models import Change, Notification, Status, Ticket
from tickets.snooze_times import offers, opening
from tickets.view_selectors import desk_views

__all__ = ["sign_in"]
OFFICE = WorkCalendar(zone="Europe/Berlin", week=(*((((480, 1020),),) * 5), (), ()))


@pytest.fixture
def ticket(cast: Cast) -> Iterator[Ticket]:
    with organization_scope(cast.nordwerk.pk):
        yield cast.ticket()


def shown_in(user: User, key: str) -> int:
    fresh = User.objects.get(pk=user.pk)
    view = next(view for view in desk_views(fresh) if view.key == key)
    return desk_tickets(fresh).filter(view.condition).count()


def let_time_pass() -> None:
    Ticket.objects.exclude(snoozed_until=None).update(snoozed_until=now() - timedelta(seconds=1))


def test_it_leaves_the_lists_and_comes_back_once(cast: Cast, ticket: Ticket) -> None:
    alice = Actor.person(cast.alice)
    snooze(ticket=ticket, actor=alice, until=now() + timedelta(hours=1))
    assert (shown_in(cast.alice, "open"), shown_in(cast.alice, "snoozed")) == (0, 1)
    assert shown_in(cast.bob, "snoozed") == 0
    assert not wake_due(ticket_id=ticket.pk)
    let_time_pass()
    assert [wake_due(ticket_id=ticket.pk) for _ in range(2)] == [True, False]
    assert (shown_in(cast.alice, "open"), shown_in(cast.alice, "snoozed")) == (1, 0)
    assert Change.objects.filter(verb="ticket.woken").count() == 1
    heed_ticket(ticket_id=ticket.pk)
    told = Notification.objects.filter(kind="woken")
    assert [row.user for row in told] == [cast.alice]


def test_an_answer_wakes_it_and_an_automatic_one_does_not(cast: Cast, ticket: Ticket) -> None:
    dana = Actor.person(cast.dana)
    for until in (None, now() + timedelta(days=2)):
        snooze(ticket=ticket, actor=Actor.person(cast.alice), until=until)
        for automatic in (True, False):
            receive_message(
                ticket=ticket, author=cast.dana, body=Body(text="Still there?"),
                source=Source.EMAIL, actor=dana, reopen=not automatic,
            )  # fmt: skip
            ticket.refresh_from_db()
            assert (ticket.snoozed_at is not None) == automatic


def test_settling_wakes_it_and_a_settled_one_does_not_sleep(cast: Cast, ticket: Ticket) -> None:
    alice = Actor.person(cast.alice)
    snooze(ticket=ticket, actor=alice, until=None)
    solved = Status.objects.get(key="resolved")
    set_status(ticket=ticket, actor=alice, status=solved)
    ticket.refresh_from_db()
    assert ticket.snoozed_at is None
    with pytest.raises(InvalidChange, match="settled"):
        snooze(ticket=ticket, actor=alice, until=None)


@pytest.mark.parametrize("ahead", [timedelta(seconds=-1), timedelta(days=400)])
def test_times_that_make_no_sense_are_refused(cast: Cast, ticket: Ticket, ahead: timedelta) -> None:
    with pytest.raises(InvalidChange, match="next year"):
        snooze(ticket=ticket, actor=Actor.person(cast.alice), until=now() + ahead)


def test_waking_by_hand_tells_nobody(cast: Cast, ticket: Ticket) -> None:
    alice = Actor.person(cast.alice)
    snooze(ticket=ticket, actor=alice, until=None)
    wake(ticket=ticket, actor=alice)
    heed_ticket(ticket_id=ticket.pk)
    assert not Notification.objects.filter(kind="woken").exists()


def test_the_desk_opens_where_the_calendar_says() -> None:
    friday_night = datetime(2026, 3, 6, 22, tzinfo=UTC)
    assert opening(OFFICE, friday_night) == datetime(2026, 3, 9, 7, tzinfo=UTC)
    in_the_middle = datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert opening(OFFICE, in_the_middle) == in_the_middle


def test_offers_rise_and_lie_ahead(cast: Cast, ticket: Ticket) -> None:
    times = [offer.until for offer in offers(ticket, zone="Europe/Berlin")]
    assert times == sorted(set(times))
    assert times
    assert times[0] > now()


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_wake_it_once(live_cast: Cast) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        ticket = live_cast.ticket()
        snooze(ticket=ticket, actor=Actor.person(live_cast.alice), until=now() + timedelta(hours=1))
        let_time_pass()
    line = threading.Barrier(2)

    def at_once(_number: int) -> int:
        try:
            line.wait()
            return sweep()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(at_once, range(2))) == 1
    with organization_scope(live_cast.nordwerk.pk):
        assert Change.objects.filter(verb="ticket.woken").count() == 1


def test_mentions_have_a_view_of_their_own(cast: Cast, ticket: Ticket) -> None:
    add_note(ticket=ticket, actor=Actor.person(cast.alice), text="@Bob Lead please look")
    assert (shown_in(cast.bob, "mentions"), shown_in(cast.alice, "mentions")) == (1, 0)


class TestPages:
    """The same through the browser's requests."""

    def test_it_is_snoozed_undone_and_refused_in_words(
        self, cast: Cast, ticket: Ticket, sign_in: SignIn
    ) -> None:
        client, url = sign_in(cast.alice), f"/desk/t/{ticket.number}/snooze/"
        menu = client.get(f"{url}times/", headers=htmx("snooze-times"))
        assert b"Next working day" in menu.content
        asleep = client.post(url, {"until": "reply"}, headers=htmx("ticket-head"))
        assert b"Until there is an answer" in asleep.content
        assert "until=now" in asleep.headers["HX-Trigger"]
        awake = client.post(f"{url}?until=now", headers=htmx("ticket-head"))
        assert b"Until there is an answer" not in awake.content
        for wrong in ("nonsense", "2026-99-99T10:00", ""):
            told = client.post(url, {"until": wrong}, headers=htmx("ticket-head"))
            assert "Enter a date" in told.headers["HX-Trigger"]
        told = client.post(url, {"until": "own"}, headers=htmx("ticket-head"))
        assert b"Enter a date" in told.content
        assert told.headers["HX-Retarget"] == "#snooze-own"
        own = (now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
        client.post(url, {"until": "own", "at": own}, headers=htmx("ticket-head"))
        ticket.refresh_from_db()
        assert ticket.snoozed_until is not None

    def test_without_script_the_times_are_a_page(
        self, cast: Cast, ticket: Ticket, sign_in: SignIn
    ) -> None:
        page = sign_in(cast.alice).get(f"/desk/t/{ticket.number}/snooze/times/")
        assert b"<html" in page.content
        assert sign_in(cast.charlie).get(page.request["PATH_INFO"]).status_code == 404
