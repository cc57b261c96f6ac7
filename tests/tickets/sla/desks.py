"""Random desks and stories: split shifts, holidays, own days, weeks in which the clocks change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from tests.tickets.sla.reference import Minutes, Step, open_minutes
from tickets.business_time import Hours, WorkCalendar

ZONES = (
    "Europe/Berlin", "America/New_York", "Europe/London", "UTC", "Asia/Kolkata",
    "Australia/Lord_Howe",  # half an hour
    "America/Santiago",  # changes at midnight
    "Africa/Casablanca", "Pacific/Chatham", "Australia/Sydney",
)  # fmt: skip
COUNTRIES = (("", ""), ("DE", "BY"), ("DE", ""), ("US", "NY"), ("FR", ""), ("CL", ""))
WINDOW_DAYS = 7
MINUTES = WINDOW_DAYS * 1440
TARGETS = (0, 1, 15, 60, 240, 480, 1440, 3000)


@dataclass(frozen=True)
class Desk:
    """Two calendars over one window, with the reference's minutes of each."""

    start: datetime
    calendars: tuple[WorkCalendar, ...]
    minutes: tuple[Minutes, ...]


@lru_cache
def changes_of(zone: str, year: int) -> tuple[date, ...]:
    """The days of a year on which the zone's clocks change."""
    local = ZoneInfo(zone)
    noons = [datetime.combine(date(year, 1, 1) + timedelta(days=n), time(12)) for n in range(365)]
    offsets = [noon.replace(tzinfo=local).utcoffset() for noon in noons]
    return tuple(
        noon.date()
        for noon, before, after in zip(noons[1:], offsets, offsets[1:], strict=False)
        if before != after
    )


def random_hours(rng: Random) -> Hours:
    """Up to three spans of one day, some around the hours that clocks skip or repeat."""
    if rng.random() < 0.1:
        return ((0, 1440),)
    if rng.random() < 0.2:
        marks = rng.sample(range(0, 300, 10), 4)
    else:
        marks = rng.sample(range(1441), 2 * rng.choice((1, 2, 2, 3)))
    marks = sorted(set(marks))
    return tuple(zip(marks[0::2], marks[1::2], strict=False))


def random_calendar(rng: Random, zone: str, around: date) -> WorkCalendar:
    """A calendar that has something to say about the days after `around`."""
    week = [random_hours(rng) if rng.random() < 0.75 else () for _ in range(7)]
    week[rng.randrange(7)] = ((480, 720), (780, 1020))
    country, region = rng.choice(COUNTRIES)
    own = rng.sample(range(-1, WINDOW_DAYS + 1), 2)
    days = tuple(
        (around + timedelta(days=n), random_hours(rng) if rng.random() < 0.5 else ())
        for n in own[: rng.randrange(3)]
    )
    once = around + timedelta(days=rng.randrange(WINDOW_DAYS))
    yearly: tuple[tuple[int, int, Hours], ...] = ()
    if rng.random() < 0.3:
        yearly = ((once.month, once.day, ((600, 660),)),)
    return WorkCalendar(
        zone=zone, week=tuple(week), days=days, yearly=yearly, country=country, region=region
    )


def random_desk(rng: Random) -> Desk:
    """A desk in a week of a year; in two of three the clocks change, forward or back."""
    zone, year = rng.choice(ZONES), rng.choice((2024, 2025, 2026, 2027))
    days = changes_of(zone, year)
    if days and rng.random() < 0.7:
        first = rng.choice(days) - timedelta(days=rng.randrange(1, 5))
    else:
        # The year's end: public holidays, and blocks of days that meet.
        first = rng.choice((date(year, 12, 22), date(year, 4, 1), date(year, 4, 28)))
    start = datetime.combine(first, time(), UTC)
    calendars = tuple(random_calendar(rng, zone, first) for _ in range(2))
    minutes = tuple(open_minutes(calendar, start, MINUTES) for calendar in calendars)
    return Desk(start, calendars, minutes)


def random_story(rng: Random) -> tuple[int, int, list[Step]]:
    """(target, first minute, what happens afterwards) of one clock."""
    begin = rng.randrange(MINUTES // 2)
    target = rng.choice(TARGETS) if rng.random() < 0.5 else rng.randrange(4000)
    marks = sorted(rng.randrange(begin, MINUTES - 1) for _ in range(rng.randrange(7)))
    steps = []
    for mark in marks:
        kind = rng.choice(("pause", "resume", "pause", "resume", "change", "meet", "reopen"))
        steps.append(Step(mark, kind, rng.randrange(2), rng.choice((*TARGETS, target))))
    return target, begin, steps
