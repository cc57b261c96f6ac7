"""The slow reference: looks at the wall clock of every single minute, then counts minutes.

Shares nothing with the product's arithmetic: no interval, no transition, no search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import numpy.typing as npt

from tickets.business_time import Hours, WorkCalendar

MINUTE = timedelta(minutes=1)
Minutes = npt.NDArray[np.bool_]


def hours_of(calendar: WorkCalendar, day: date, public: holidays.HolidayBase | None) -> Hours:
    """What the calendar says about one date."""
    for own, hours in calendar.days:
        if own == day:
            return hours
    for month, day_of_month, hours in calendar.yearly:
        if (month, day_of_month) == (day.month, day.day):
            return hours
    if public is not None and day in public:
        return ()
    return calendar.week[day.weekday()]


def open_minutes(calendar: WorkCalendar, start: datetime, minutes: int) -> Minutes:
    """For each minute from `start` (UTC): does the desk's wall clock show an hour of work?"""
    zone = ZoneInfo(calendar.zone)
    public = None
    if calendar.country:
        years = range(start.year - 1, start.year + 3)
        public = holidays.country_holidays(
            calendar.country, subdiv=calendar.region or None, years=years
        )
    first, found = int(start.timestamp()), []
    known: dict[tuple[int, int, int], Hours] = {}
    for number in range(minutes):
        local = datetime.fromtimestamp(first + 60 * number, zone)
        day = (local.year, local.month, local.day)
        hours = known.get(day)
        if hours is None:
            hours = known[day] = hours_of(calendar, local.date(), public)
        shown = local.hour * 60 + local.minute
        found.append(any(opens <= shown < closes for opens, closes in hours))
    return np.array(found, dtype=bool)


@dataclass(frozen=True)
class Step:
    """Something that happens at a minute of the window."""

    minute: int
    kind: str  # pause, resume, meet, reopen, change
    calendar: int = 0
    target: int = 0


@dataclass
class Outcome:
    """Minutes of the window; None is "not in it"."""

    used: int
    due: int | None
    breached: int | None
    met: int | None
    paused: bool


def follow(desks: Sequence[Minutes], calendar: int, target: int, begin: int,
           steps: Sequence[Step]) -> Outcome:  # fmt: skip
    """What becomes of a clock that starts at minute `begin`, read off the minutes one by one."""
    minutes = len(desks[0])
    counts = np.zeros(minutes, dtype=bool)
    breached: int | None = None
    due: int | None = None
    met: int | None = None
    running = True
    at = begin
    for step in [*steps, Step(minutes - 1, "end")]:
        if running:
            counts[at : step.minute] = desks[calendar][at : step.minute]
            if breached is None:
                due = _reached(desks[calendar], at, int(counts[:at].sum()), target)
                if due is not None and due < step.minute:
                    breached = due
        at = step.minute
        match step.kind:
            case "pause":
                running = False
            case "resume":
                running = met is None
            case "meet" if met is None:
                met, running = step.minute, False
            case "reopen" if met is not None:
                met, running = None, True
            case "change" if met is None and (step.calendar, step.target) != (calendar, target):
                calendar, target = step.calendar, step.target
                used = int(counts.sum())
                if target > used:
                    breached = None
                elif breached is None:
                    due = step.minute
                    breached = due if target < used else None
            case _:
                pass
    return Outcome(int(counts.sum()), due, breached, met, not running and met is None)


def _reached(desk: Minutes, at: int, used: int, target: int) -> int | None:
    """The first minute mark by which `target` minutes are counted, going on at `at`."""
    if target <= used:
        return at
    sums = np.cumsum(desk[at:])
    place = int(np.searchsorted(sums, target - used))
    return at + place + 1 if place < len(sums) else None


def moment(start: datetime, minute: int) -> datetime:
    """The UTC time of a minute mark."""
    return (start + minute * MINUTE).astimezone(UTC)
