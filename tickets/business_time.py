"""Business time: how long a desk was open between two moments, and when an amount will be up.

A desk is open whenever the clock on its wall shows a time within its hours. That one sentence
also settles daylight saving: an hour that the wall clock skips is not worked, an hour that it
shows twice is worked twice. Moments are aware datetimes, amounts are timedeltas; all arithmetic
is exact to the microsecond. No ORM here.

Open intervals are worked out once per calendar for blocks of days, in UTC, with the time worked
before each; a question is then two binary searches.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

# Opening hours of one day: pairs of minutes since midnight on the wall clock, the end excluded.
Hours = tuple[tuple[int, int], ...]

MINUTES_A_DAY: Final = 1440
_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_DAY: Final = MINUTES_A_DAY * _MINUTE
_BLOCK_DAYS: Final = 128
_BLOCK: Final = _BLOCK_DAYS * _DAY
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_THURSDAY: Final = 3  # the weekday of 1970-01-01
# A due time farther away than this is no agreement any more (the year 2100 and the like).
_FARTHEST_BLOCKS: Final = 120
NOTHING: Final = timedelta(0)


class CalendarProblem(ValueError):
    """A calendar that cannot be used; `code` is no_hours, bad_span, overlap, zone or country."""

    def __init__(self, code: str, value: str = "") -> None:
        super().__init__(f"{code}: {value}" if value else code)
        self.code = code
        self.value = value


@dataclass(frozen=True, kw_only=True)
class WorkCalendar:
    """When a desk works. `week` has seven entries, Monday first, each sorted and without overlap.

    `days` are dates with hours of their own (none: closed), `yearly` the same for a month and day
    of every year; both win over public holidays of `country` and `region`, which are closed.
    Raises `CalendarProblem`.
    """

    zone: str
    week: tuple[Hours, ...]
    days: tuple[tuple[date, Hours], ...] = ()
    yearly: tuple[tuple[int, int, Hours], ...] = ()
    country: str = ""
    region: str = ""
    _blocks: dict[int, "_Block"] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    def __post_init__(self) -> None:
        """Refuse what could never answer."""
        _zone(self.zone)
        for hours in (*self.week, *(h for _, h in self.days), *(h for _, _, h in self.yearly)):
            _check_hours(hours)
        if len(self.week) != 7 or not any(self.week):
            raise CalendarProblem("no_hours")
        if self.country:
            _public_holidays(self.country, self.region, 2000)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Business time from `start` to `end`; nothing where `end` is not later."""
        low, high = _microseconds(start), _microseconds(end)
        if high <= low:
            return NOTHING
        first, last = low // _BLOCK, high // _BLOCK
        if first == last:
            block = self._block(first)
            return timedelta(microseconds=block.worked(high) - block.worked(low))
        block = self._block(first)
        amount = block.total - block.worked(low)
        amount += sum(self._block(index).total for index in range(first + 1, last))
        return timedelta(microseconds=amount + self._block(last).worked(high))

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The earliest moment (UTC) by which `amount` of business time has passed since `start`.

        Nothing to pass is `start` itself. Raises `CalendarProblem` ("no_hours") where the moment
        lies more than forty years ahead.
        """
        left = amount // timedelta(microseconds=1)
        moment = _microseconds(start)
        if left <= 0:
            return _EPOCH + timedelta(microseconds=moment)
        index = moment // _BLOCK
        before = self._block(index).worked(moment)
        for number in range(index, index + _FARTHEST_BLOCKS):
            block = self._block(number)
            if before + left <= block.total:
                return _EPOCH + timedelta(microseconds=block.moment_of(before + left))
            left -= block.total - before
            before = 0
        raise CalendarProblem("no_hours")

    def is_open(self, moment: datetime) -> bool:
        """Whether the desk works at `moment`."""
        value = _microseconds(moment)
        return self._block(value // _BLOCK).is_open(value)

    def _block(self, index: int) -> "_Block":
        block = self._blocks.get(index)
        if block is None:
            # Two threads may both build it; they build the same.
            block = self._blocks[index] = _Block.of(self, index)
        return block

    def exceptions(self, year: int) -> dict[int, Hours]:
        """Day number since 1970 -> hours, for every day of `year` that is not as its weekday."""
        found: dict[int, Hours] = {}
        if self.country:
            for day in _public_holidays(self.country, self.region, year):
                found[_day_number(day)] = ()
        for month, day_of_month, hours in self.yearly:
            try:
                found[_day_number(date(year, month, day_of_month))] = hours
            except ValueError:  # 29 February in most years
                continue
        found.update((_day_number(day), hours) for day, hours in self.days if day.year == year)
        return found


class _Interval(NamedTuple):
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Block:
    """The open intervals of a stretch of days, in microseconds since 1970 (UTC)."""

    starts: list[int]
    ends: list[int]
    # Time worked in this block before each interval.
    before: list[int]
    total: int

    @classmethod
    def of(cls, calendar: WorkCalendar, index: int) -> "_Block":
        low = index * _BLOCK
        starts: list[int] = []
        ends: list[int] = []
        for start, end in _open_intervals(calendar, low, low + _BLOCK):
            if ends and ends[-1] == start:
                ends[-1] = end
            else:
                starts.append(start)
                ends.append(end)
        before, total = [], 0
        for start, end in zip(starts, ends, strict=True):
            before.append(total)
            total += end - start
        return cls(starts, ends, before, total)

    def worked(self, moment: int) -> int:
        """Time worked in this block before `moment`."""
        i = bisect_right(self.starts, moment) - 1
        if i < 0:
            return 0
        return self.before[i] + min(moment, self.ends[i]) - self.starts[i]

    def moment_of(self, amount: int) -> int:
        """The earliest moment by which `amount` (more than nothing) was worked in this block."""
        i = bisect_left(self.before, amount) - 1
        return self.starts[i] + amount - self.before[i]

    def is_open(self, moment: int) -> bool:
        i = bisect_right(self.starts, moment) - 1
        return i >= 0 and moment < self.ends[i]


def _open_intervals(calendar: WorkCalendar, low: int, high: int) -> Iterator[_Interval]:
    """Open intervals from `low` to `high` in order; neighbours may touch."""
    exceptions: dict[int, Hours] = {}
    # A day of local time may begin in the year before or end in the year after.
    for year in range(_year(low - _DAY), _year(high + _DAY) + 1):
        exceptions.update(calendar.exceptions(year))
    for start, end, offset in _even_stretches(_zone(calendar.zone), low, high):
        for day in range((start + offset) // _DAY, (end + offset - 1) // _DAY + 1):
            hours = exceptions.get(day)
            if hours is None:
                hours = calendar.week[(day + _THURSDAY) % 7]
            midnight = day * _DAY - offset
            for opens, closes in hours:
                first = max(midnight + opens * _MINUTE, start)
                last = min(midnight + closes * _MINUTE, end)
                if first < last:
                    yield _Interval(first, last)


def _even_stretches(zone: ZoneInfo, low: int, high: int) -> Iterator[tuple[int, int, int]]:
    """(start, end, offset): the stretches from `low` to `high` without a change of the clock."""
    start, offset = low, _offset(zone, low)
    for moment in range(low + _DAY, high + 1, _DAY):
        later = _offset(zone, moment)
        if later == offset:
            continue
        same, changed = moment - _DAY, moment
        while changed - same > _SECOND:
            middle = (same + changed) // 2 // _SECOND * _SECOND
            if _offset(zone, middle) == offset:
                same = middle
            else:
                changed = middle
        yield start, changed, offset
        start, offset = changed, later
    if start < high:
        yield start, high, offset


def _offset(zone: ZoneInfo, moment: int) -> int:
    """Microseconds that the wall clock is ahead of UTC."""
    local = (_EPOCH + timedelta(microseconds=moment)).astimezone(zone)
    return (local.utcoffset() or NOTHING) // timedelta(microseconds=1)


def _microseconds(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds


def _year(moment: int) -> int:
    return (_EPOCH + timedelta(microseconds=moment)).year


def _day_number(day: date) -> int:
    return day.toordinal() - _EPOCH.toordinal()


def _check_hours(hours: Hours) -> None:
    end_before = 0
    for opens, closes in hours:
        if not 0 <= opens < closes <= MINUTES_A_DAY:
            raise CalendarProblem("bad_span", f"{wall(opens)}–{wall(closes)}")
        if opens < end_before:
            raise CalendarProblem("overlap", f"{wall(opens)}–{wall(closes)}")
        end_before = closes


def wall(minute: int) -> str:
    """Minutes since midnight as the clock shows them: 540 is 09:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CalendarProblem("zone", name) from None


@lru_cache(maxsize=4096)
def _public_holidays(country: str, region: str, year: int) -> frozenset[date]:
    try:
        days = holidays.country_holidays(country, subdiv=region or None, years=year)
    except (NotImplementedError, AttributeError, KeyError):
        raise CalendarProblem("country", " ".join(filter(None, (country, region)))) from None
    return frozenset(days)


def holiday_names(country: str, region: str, year: int) -> dict[date, str]:
    """The public holidays of a year with their names. Raises `CalendarProblem`."""
    known = _public_holidays(country, region, year)
    named = holidays.country_holidays(country, subdiv=region or None, years=year)
    return {day: str(named.get(day)) for day in sorted(known)}


AROUND_THE_CLOCK: Final = WorkCalendar(zone="UTC", week=(((0, MINUTES_A_DAY),),) * 7)


def to_content(calendar: WorkCalendar) -> dict[str, Any]:
    """A calendar as JSON; equal calendars give equal JSON."""
    return {
        "zone": calendar.zone,
        "week": [[list(span) for span in hours] for hours in calendar.week],
        "days": [
            [day.isoformat(), [list(s) for s in hours]] for day, hours in sorted(calendar.days)
        ],
        "yearly": [[m, d, [list(s) for s in hours]] for m, d, hours in sorted(calendar.yearly)],
        "country": calendar.country,
        "region": calendar.region,
    }


def from_content(content: Mapping[str, Any]) -> WorkCalendar:
    """The calendar that `to_content` wrote. Raises `CalendarProblem` for anything unusable."""
    try:
        return WorkCalendar(
            zone=str(content["zone"]),
            week=tuple(_hours(hours) for hours in content["week"]),
            days=tuple((date.fromisoformat(day), _hours(h)) for day, h in content["days"]),
            yearly=tuple((int(m), int(d), _hours(h)) for m, d, h in content["yearly"]),
            country=str(content["country"]),
            region=str(content["region"]),
        )
    except (KeyError, TypeError) as error:
        raise CalendarProblem("no_hours", str(error)) from None


def _hours(spans: Any) -> Hours:
    return tuple((int(opens), int(closes)) for opens, closes in spans)
