"""Time on tickets: by hand, by a timer, in a month's file."""

import csv
import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx, sign_in
from tickets.actions.base import InvalidChange
from tickets.actions.timekeeping import add_time, remove_time, start_timer, stop_timer
from tickets.models import TimeEntry, Timer

__all__ = ["sign_in"]

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def test_a_timer_writes_down_what_it_ran_rounded_up(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        first, second = cast.ticket(), cast.ticket()
        start_timer(ticket=first, person=cast.alice, at=NOON)
        assert start_timer(ticket=first, person=cast.alice, at=NOON) is None
        later = NOON + dt.timedelta(minutes=10, seconds=1)
        moved = start_timer(ticket=second, person=cast.alice, at=later)
        assert moved is not None
        assert (moved.ticket, moved.minutes) == (first, 11)
        done = stop_timer(person=cast.alice, note="Called", at=later + dt.timedelta(days=3))
        assert (done.ticket, done.minutes, done.note) == (second, 1440, "Called")
        with pytest.raises(InvalidChange, match="No timer"):
            stop_timer(person=cast.alice)
        assert first.changes.filter(verb="time.added").get().new == 11


def test_two_clicks_at_once_leave_one_timer(live_cast: Cast) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        tickets = [live_cast.ticket() for _ in range(3)]

    def start(number: int) -> None:
        try:
            with organization_scope(live_cast.nordwerk.pk):
                start_timer(ticket=tickets[number % 3], person=live_cast.alice)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(4)))
    with organization_scope(live_cast.nordwerk.pk):
        assert Timer.objects.count() == 1


def test_impossible_time_is_refused(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        for minutes in (0, -5, 1441):
            with pytest.raises(InvalidChange):
                add_time(ticket=ticket, person=cast.alice, minutes=minutes)
        far = dt.date(2990, 1, 1)
        with pytest.raises(InvalidChange, match="not come yet"):
            add_time(ticket=ticket, person=cast.alice, minutes=5, day=far)


def test_only_a_lead_takes_other_people_s_time_away(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket, other = cast.ticket(), cast.ticket()
        entry = add_time(ticket=ticket, person=cast.bob, minutes=5)
        with pytest.raises(InvalidChange, match="Only a lead"):
            remove_time(ticket=ticket, person=cast.alice, entry_id=entry.pk)
        with pytest.raises(InvalidChange, match="not there"):
            remove_time(ticket=other, person=cast.bob, entry_id=entry.pk)
        remove_time(ticket=ticket, person=cast.bob, entry_id=entry.pk)
        assert not TimeEntry.objects.exists()


def test_the_page_adds_starts_stops_and_sums(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
    alice, url = sign_in(cast.alice), f"/desk/t/{ticket.number}/time/"
    given = {"do": "add", "minutes": "25", "note": "<b>", "billable": "on"}
    body = alice.post(url, given, headers=htmx()).content.decode()
    assert "25 min" in body
    assert "&lt;b&gt;" in body
    assert alice.post(url, {"do": "start"}).status_code == 302
    assert b"Stop the timer" in alice.get(f"/desk/t/{ticket.number}/").content
    stopped = alice.post(url, {"do": "stop"}, headers=htmx())
    assert b"26 min" in stopped.content
    for minutes in ("", "x", "-1", "0", "1e3", "9" * 5000, "٣"):
        wrong = alice.post(url, {"do": "add", "minutes": minutes, "note": "Keep"}, headers=htmx())
        assert wrong.status_code == 422
        assert b'value="Keep"' in wrong.content
    assert alice.post(url, {"do": f"remove:{10**40}"}).status_code == 422
    assert alice.post(url, {"do": "nothing"}).status_code == 404
    assert sign_in(cast.dana).post(url, given).status_code == 403
    assert sign_in(cast.charlie).post(url, given).status_code == 404
    assert b"25 min" not in sign_in(cast.dana).get(f"/tickets/{ticket.number}/").content


def test_a_month_s_file_is_for_leads_and_safe_in_a_spreadsheet(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(subject="=HYPERLINK(1)")
        for day, note in ((dt.date(2026, 2, 28), "+1"), (dt.date(2026, 3, 1), "march")):
            add_time(ticket=ticket, person=cast.alice, minutes=30, note=note, day=day)
    bob = sign_in(cast.bob)
    answer = bob.get("/desk/time/nordwerk/2026/2/")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [(r["subject"], r["note"], r["minutes"]) for r in rows] == [
        ("'=HYPERLINK(1)", "'+1", "30")
    ]
    assert b"march" in bob.get("/desk/time/nordwerk/2026/3/").getvalue()
    assert bob.get("/desk/time/nordwerk/2026/12/").status_code == 200
    for wrong in ("nordwerk/2026/13", "nordwerk/0/1", "lumen/2026/2", "none/2026/2"):
        assert bob.get(f"/desk/time/{wrong}/").status_code == 404
    assert sign_in(cast.alice).get("/desk/time/nordwerk/2026/2/").status_code == 404
