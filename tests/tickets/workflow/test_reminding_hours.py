"""Reminders in working hours of the desk: counted, never sent while it is closed, once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.followup import take_step
from tickets.actions.lifecycle import set_status
from tickets.actions.schedule import desk_calendar, plan, reschedule_reminders
from tickets.actions.sla_setup import publish_calendar
from tickets.business_time import AROUND_THE_CLOCK, WorkCalendar
from tickets.followups import NextStep, due_at, opening
from tickets.models import (
    BusinessCalendar,
    DeskSettings,
    Message,
    PendingReason,
    Status,
    Ticket,
    WorkingSpan,
)

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = WorkCalendar(
    zone="Europe/Berlin", week=(*([((540, 1020),)] * 5), (), ()), yearly=((12, 24, ()),)
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("begun", "hours", "due"),
    [
        ("2026-03-02T10:00", 4, "2026-03-02T14:00"),
        # Due when the desk closes: it waits until the next morning.
        ("2026-03-02T09:00", 8, "2026-03-03T09:00"),
        ("2026-03-06T15:00", 4, "2026-03-09T11:00"),  # over a weekend
        ("2026-03-27T16:00", 2, "2026-03-30T10:00"),  # the clocks go forward in between
        ("2026-10-23T16:00", 2, "2026-10-26T10:00"),  # and back
        ("2026-12-23T16:00", 2, "2026-12-25T10:00"),  # a day of its own
        ("2026-03-07T12:00", 1, "2026-03-09T10:00"),  # begun while it is closed
    ],
)
def test_the_hours_are_those_of_the_desk(begun: str, hours: int, due: str) -> None:
    found = due_at(NextStep.NUDGE, at(begun), every_hours=hours, close_days=0, calendar=WEEK)
    assert found == at(due)


@given(st.integers(0, 366 * 24 * 60), st.integers(1, 200))
def test_a_reminder_never_falls_into_closed_hours_nor_comes_early(minute: int, hours: int) -> None:
    begun = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    due = due_at(NextStep.NUDGE, begun, every_hours=hours, close_days=0, calendar=WEEK)
    assert due is not None
    assert WEEK.is_open(due)
    assert WEEK.between(begun, due) == timedelta(hours=hours)
    assert opening(WEEK, due) == due


def test_closing_counts_days_whatever_the_desk_does() -> None:
    begun = at("2026-03-06T15:00")
    found = due_at(NextStep.CLOSE, begun, every_hours=1, close_days=2, calendar=WEEK)
    assert found == begun + timedelta(days=2)


def remind(*, hours: int = 8) -> PendingReason:
    reason = PendingReason.objects.get(key="requester")
    reason.nudge_times, reason.nudge_every_hours, reason.nudge_text = 2, hours, "Still there?"
    reason.full_clean()
    reason.save()
    return reason


def wait(cast: Cast) -> Ticket:
    status = Status.objects.get(key="waiting")
    return set_status(ticket=cast.ticket(), actor=Actor.person(cast.alice), status=status)


def two_hours_a_day(cast: Cast, name: str = "Mornings") -> BusinessCalendar:
    calendar = BusinessCalendar.objects.create(organization=cast.nordwerk, name=name)
    for day in range(7):
        WorkingSpan.objects.create(
            organization=cast.nordwerk, calendar=calendar, weekday=day,
            opens="08:00", closes="10:00",
        )  # fmt: skip
    publish_calendar(calendar=calendar)
    return calendar


@pytest.fixture
def nordwerk(cast: Cast) -> Iterator[Cast]:
    with organization_scope(cast.nordwerk.pk):
        yield cast


def test_a_new_reason_counts_in_working_hours(nordwerk: Cast) -> None:
    assert PendingReason(name="x").in_working_hours
    remind()
    ticket = wait(nordwerk)
    calendar = desk_calendar(nordwerk.nordwerk.pk)
    assert ticket.next_step_at is not None
    assert calendar.is_open(ticket.next_step_at)
    assert calendar.between(now(), ticket.next_step_at) > timedelta(hours=7)


def test_an_upgrade_leaves_reminders_that_run_as_they_were(nordwerk: Cast) -> None:
    remind()
    module = import_module("tickets.migrations.0005_reminding_hours")
    module.keep_what_runs(apps, None)
    assert not PendingReason.objects.get(key="requester").in_working_hours
    assert PendingReason.objects.get(key="supplier").in_working_hours


def test_the_chosen_calendar_counts_before_the_first(nordwerk: Cast) -> None:
    chosen = two_hours_a_day(nordwerk)
    assert desk_calendar(nordwerk.nordwerk.pk).week[6] == ()
    DeskSettings.objects.update(calendar=chosen)
    assert desk_calendar(nordwerk.nordwerk.pk).week[6] == ((480, 600),)


def test_without_a_calendar_that_can_be_used_it_counts_around_the_clock(nordwerk: Cast) -> None:
    BusinessCalendar.objects.update(version=None)
    assert desk_calendar(nordwerk.nordwerk.pk) == AROUND_THE_CLOCK
    assert desk_calendar(nordwerk.lumen.pk) == AROUND_THE_CLOCK
    remind(hours=5)
    ticket = wait(nordwerk)
    assert ticket.next_step_at is not None
    assert timedelta(hours=4) < ticket.next_step_at - now() <= timedelta(hours=5)


def test_what_falls_due_while_the_desk_is_closed_waits_until_it_opens(nordwerk: Cast) -> None:
    DeskSettings.objects.update(calendar=two_hours_a_day(nordwerk))
    remind(hours=2)
    ticket = wait(nordwerk)
    # The sweep stood still, or the calendar was another one: it is due at noon.
    noon = datetime(2027, 3, 3, 12, tzinfo=UTC)
    Ticket.objects.filter(pk=ticket.pk).update(next_step_at=noon)
    assert take_step(ticket.pk, noon) is None
    ticket.refresh_from_db()
    assert ticket.next_step_at == datetime(2027, 3, 4, 8, tzinfo=UTC)
    assert take_step(ticket.pk, noon + timedelta(hours=1)) is None
    assert take_step(ticket.pk, ticket.next_step_at) is NextStep.NUDGE
    assert take_step(ticket.pk, ticket.next_step_at) is None
    ticket.refresh_from_db()
    assert (ticket.nudges_sent, ticket.messages.filter(from_requester=False).count()) == (1, 1)
    # Two working hours later is when it closes: the next morning.
    assert ticket.next_step_at == datetime(2027, 3, 5, 8, tzinfo=UTC)


def test_switching_it_plans_waiting_tickets_anew(nordwerk: Cast) -> None:
    DeskSettings.objects.update(calendar=two_hours_a_day(nordwerk))
    reason = remind(hours=6)
    ticket = wait(nordwerk)
    plan(ticket)
    assert ticket.next_step_at is not None
    assert ticket.next_step_at - now() > timedelta(days=2)
    reason.in_working_hours = False
    reason.save()
    assert reschedule_reminders(reason) == 1
    ticket.refresh_from_db()
    assert ticket.next_step_at is not None
    assert ticket.next_step_at - now() <= timedelta(hours=6)


def test_several_sweeps_at_once_remind_once(live_cast: Cast) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        DeskSettings.objects.update(calendar=two_hours_a_day(live_cast))
        remind(hours=2)
        ticket = wait(live_cast)
        moment = datetime(2027, 3, 4, 8, 30, tzinfo=UTC)
        Ticket.objects.filter(pk=ticket.pk).update(next_step_at=moment)
    start = threading.Barrier(3)

    def work() -> NextStep | None:
        start.wait()
        try:
            with organization_scope(live_cast.nordwerk.pk):
                return take_step(ticket.pk, moment)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        results = [one.result() for one in [pool.submit(work) for _ in range(3)]]
    assert sorted(map(str, results)) == ["NextStep.NUDGE", "None", "None"]
    with organization_scope(live_cast.nordwerk.pk):
        assert Message.objects.filter(ticket=ticket, from_requester=False).count() == 1
