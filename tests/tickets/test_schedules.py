"""Recurring tickets: when they are due, and that each is opened exactly once."""

import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnidesk.core.tenancy import organization_scope
from tests.at_once import in_processes
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, sign_in
from tickets.actions.schedules import due_schedules, fire_schedule, plan_schedule
from tickets.models import Schedule, ScheduleRun, Ticket
from tickets.recurrence import LAST, Every, Recurrence, rule_problems

__all__ = ["sign_in"]

UTC = dt.UTC


def rule(every: str, **more: Any) -> Recurrence:
    given_ = {"at": dt.time(8), "zone": "Europe/Berlin", "starts": dt.date(2026, 1, 1), **more}
    return Recurrence(every=every, **given_)


def dates(recurrence: Recurrence, count: int = 4, start: str = "2026-01-01") -> list[str]:
    moment = dt.datetime.fromisoformat(start).replace(tzinfo=UTC)
    return [f"{t:%m-%d %H:%M}" for t in recurrence.upcoming(moment, count)]


@pytest.mark.parametrize(
    ("recurrence", "expected"),
    [
        (rule("day"), ["01-01 07:00", "01-02 07:00", "01-03 07:00", "01-04 07:00"]),
        (rule("day", interval=3), ["01-01 07:00", "01-04 07:00", "01-07 07:00", "01-10 07:00"]),
        (
            rule("week", weekdays=frozenset({0, 4})),
            ["01-02 07:00", "01-05 07:00", "01-09 07:00", "01-12 07:00"],
        ),
        (
            rule("week", weekdays=frozenset({0}), interval=2),
            ["01-12 07:00", "01-26 07:00", "02-09 07:00", "02-23 07:00"],
        ),
        # April and later are summer time: eight in Berlin is six in UTC.
        (
            rule("month_day", month_day=31),
            ["01-31 07:00", "02-28 07:00", "03-31 06:00", "04-30 06:00"],
        ),
        (
            rule("month_weekday", weekdays=frozenset({1}), nth=2),
            ["01-13 07:00", "02-10 07:00", "03-10 07:00", "04-14 06:00"],
        ),
        (
            rule("month_weekday", weekdays=frozenset({4}), nth=LAST),
            ["01-30 07:00", "02-27 07:00", "03-27 07:00", "04-24 06:00"],
        ),
        (rule("once", starts=dt.date(2026, 5, 4)), ["05-04 06:00"]),
        (rule("day", ends=dt.date(2026, 1, 2)), ["01-01 07:00", "01-02 07:00"]),
        (
            rule("day", skips_holidays=True, country="DE", region="BY"),
            ["01-02 07:00", "01-03 07:00", "01-04 07:00", "01-05 07:00"],
        ),
    ],
)
def test_a_rule_gives_its_dates(recurrence: Recurrence, expected: list[str]) -> None:
    assert dates(recurrence) == expected


def test_daylight_saving_moves_no_ticket_to_another_day() -> None:
    gap = rule("day", at=dt.time(2, 30), starts=dt.date(2026, 3, 28))
    assert dates(gap, 3, "2026-03-27") == ["03-28 01:30", "03-29 01:30", "03-30 00:30"]
    twice = rule("day", at=dt.time(2, 30), starts=dt.date(2026, 10, 24))
    assert dates(twice, 3, "2026-10-23") == ["10-24 00:30", "10-25 00:30", "10-26 01:30"]


@given(
    every=st.sampled_from(["day", "week", "month_day", "month_weekday"]),
    interval=st.integers(1, 12),
    weekday=st.integers(0, 6),
    day=st.integers(1, 31),
    nth=st.sampled_from([1, 2, 3, 4, LAST]),
    days=st.integers(0, 3650),
)
def test_times_rise_and_the_next_one_is_really_next(
    every: str, interval: int, weekday: int, day: int, nth: int, days: int
) -> None:
    recurrence = rule(
        every, interval=interval, weekdays=frozenset({weekday}), month_day=day, nth=nth,
        zone="America/New_York",
    )  # fmt: skip
    moment = dt.datetime(2020, 1, 1, 7, tzinfo=UTC) + dt.timedelta(days=days, hours=days % 24)
    times = recurrence.upcoming(moment, 4)
    assert times == sorted(set(times))
    assert all(t > moment for t in times)
    for before, after in itertools.pairwise(times):
        assert recurrence.next_after(before) == after
        assert recurrence.next_after(after - dt.timedelta(seconds=1)) == after


def test_a_rule_that_cannot_work_says_why() -> None:
    broken = rule(
        "week", zone="Mars/Olympus", interval=0, ends=dt.date(2025, 1, 1), skips_holidays=True,
        country="XX",
    )  # fmt: skip
    assert rule_problems(broken).keys() == {"zone", "interval", "ends", "weekdays", "country"}


def schedule(cast: Cast, **more: Any) -> Schedule:
    """Every day at eight, planned from the first of January 2026 on."""
    row = Schedule(
        organization=cast.nordwerk, name="Backup check", every=Every.DAY, at=dt.time(8),
        zone="UTC", starts=dt.date(2026, 1, 1), subject="Check backups of {date} (week {week})",
        text="Run {number}.", requester=cast.dana, category=cast.vpn,
    )  # fmt: skip
    for name, value in more.items():
        setattr(row, name, value)
    row.full_clean()
    return plan_schedule(schedule=row, moment=dt.datetime(2026, 1, 1, tzinfo=UTC))


def test_what_is_due_opens_once_and_is_planned_further(cast: Cast) -> None:
    due = dt.datetime(2026, 1, 1, 8, tzinfo=UTC)
    with organization_scope(cast.nordwerk.pk):
        row = schedule(cast)
        assert row.next_at == due
    place = cast.nordwerk.pk
    assert due_schedules(due - dt.timedelta(seconds=1)) == []
    assert fire_schedule(place, row.pk, moment=due - dt.timedelta(seconds=1)) is None
    assert due_schedules(due) == [(place, row.pk)]
    ticket = fire_schedule(place, row.pk, moment=due)
    assert fire_schedule(place, row.pk, moment=due) is None
    assert ticket is not None
    with organization_scope(place):
        assert ticket.subject == "Check backups of 01/01/2026 (week 1)"
        assert (ticket.description, ticket.team) == ("Run 1.", cast.network)
        row.refresh_from_db()
        assert row.next_at == due + dt.timedelta(days=1)
        assert ScheduleRun.objects.get().missed == 0


def test_after_a_break_one_ticket_says_what_was_left_out(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = schedule(cast)
    late = dt.datetime(2026, 1, 4, 12, tzinfo=UTC)
    ticket = fire_schedule(cast.nordwerk.pk, row.pk, moment=late)
    assert ticket is not None
    assert "3 later dates passed while OmniDesk was off" in ticket.description
    with organization_scope(cast.nordwerk.pk):
        row.refresh_from_db()
        assert row.next_at == dt.datetime(2026, 1, 5, 8, tzinfo=UTC)
        assert Ticket.objects.count() == 1


def test_a_person_who_left_stops_nothing_and_is_named(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = schedule(cast)
    cast.dana.is_active = False
    cast.dana.save()
    due = dt.datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert fire_schedule(cast.nordwerk.pk, row.pk, moment=due) is None
    with organization_scope(cast.nordwerk.pk):
        row.refresh_from_db()
        assert "Dana Requester is not active any more." in row.problem
        assert row.next_at == due + dt.timedelta(days=1)


def test_one_that_is_over_or_off_is_never_due(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        once = schedule(cast, every=Every.ONCE)
        off = schedule(cast, is_active=False)
    late = dt.datetime(2027, 1, 1, tzinfo=UTC)
    assert fire_schedule(cast.nordwerk.pk, once.pk, moment=late) is not None
    assert due_schedules(late) == []
    assert off.next_at is None


def test_several_processes_at_once_open_each_exactly_once(live_cast: Cast) -> None:
    """Two beats and two workers: the same sweep in three processes, let loose together."""
    with organization_scope(live_cast.nordwerk.pk):
        for number in range(12):
            schedule(live_cast, name=f"Check {number}", every=Every.ONCE)
    counts = [int(said) for said in in_processes("tickets.tasks.fire_schedules", 3)]
    with organization_scope(live_cast.nordwerk.pk):
        assert (sum(counts), Ticket.objects.count(), ScheduleRun.objects.count()) == (12, 12, 12)


def test_the_administration_previews_and_checks(cast: Cast, sign_in: SignIn) -> None:
    root = sign_in(cast.admin)
    given_ = {
        "organization": cast.nordwerk.pk, "name": "Patch day", "is_active": "on",
        "every": "month_weekday", "interval": 1, "at": "08:00", "zone": "Europe/Berlin",
        "starts": "2026-01-01", "month_day": 1, "nth": 2, "subject": "Patch {moon}",
        "text": "Do it.", "requester": cast.dana.pk, "urgency": "low", "impact": "low",
    }  # fmt: skip
    page = root.post("/admin/tickets/schedule/add/", given_).content.decode()
    assert "Choose one weekday." in page
    assert "Nothing fills {moon}" in page
    good = {**given_, "tuesday": "on", "subject": "Patch {month}"}
    assert root.post("/admin/tickets/schedule/add/", good).status_code == 302
    with organization_scope(cast.nordwerk.pk):
        row = Schedule.objects.get()
    assert row.next_at is not None
    assert root.get(f"/admin/tickets/schedule/{row.pk}/change/").content.count(b"Tue ") >= 5
