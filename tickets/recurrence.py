"""When a recurring ticket is due. Pure: dates, zones and public holidays, no database."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.core.text import valid_timezone
from tickets.business_time import CalendarProblem, holiday_names

# Looking for the next date ends here: a rule that has none in this time has none.
LOOK_AHEAD = 366 * 6
LAST = -1


class Every(models.TextChoices):
    """How often."""

    ONCE = "once", gettext_lazy("Once")
    DAY = "day", gettext_lazy("Day")
    WEEK = "week", gettext_lazy("Week, on weekdays")
    MONTH_DAY = "month_day", gettext_lazy("Month, on a date")
    MONTH_WEEKDAY = "month_weekday", gettext_lazy("Month, on a weekday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """A rule. Weekdays count from Monday (0). `nth` is 1 to 4, or -1 for the last.

    A `month_day` beyond a month's end means its last day. A local time that daylight saving
    leaves out comes an hour later; one that it repeats counts once, the first time.
    """

    every: str
    at: time
    zone: str
    starts: date
    ends: date | None = None
    interval: int = 1
    weekdays: frozenset[int] = frozenset()
    month_day: int = 1
    nth: int = 1
    skips_holidays: bool = False
    country: str = ""
    region: str = ""

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after `moment` (aware), in UTC; None where there is none any more."""
        return next(self._times(moment), None)

    def upcoming(self, moment: datetime, count: int) -> list[datetime]:
        """The next `count` times after `moment`."""
        return [when for when, _n in zip(self._times(moment), range(count), strict=False)]

    def missed(self, first: datetime, moment: datetime) -> int:
        """How many times lie after `first` and not after `moment`; counting ends at 1000."""
        count = 0
        for when in self._times(first):
            if when > moment or count >= 1000:
                break
            count += 1
        return count

    def _times(self, moment: datetime) -> Iterator[datetime]:
        zone = ZoneInfo(self.zone)
        day = max(moment.astimezone(zone).date(), self.starts)
        for offset in range(LOOK_AHEAD):
            candidate = day + timedelta(days=offset)
            if self.ends is not None and candidate > self.ends:
                return
            if self.every == Every.ONCE and candidate > self.starts:
                return
            if not self._falls_on(candidate) or self._is_holiday(candidate):
                continue
            when = datetime.combine(candidate, self.at, zone).astimezone(UTC)
            if when > moment:
                yield when

    def _falls_on(self, day: date) -> bool:
        if self.every == Every.ONCE:
            return day == self.starts
        if self.every == Every.DAY:
            return (day - self.starts).days % self.interval == 0
        if self.every == Every.WEEK:
            weeks = (_monday(day) - _monday(self.starts)).days // 7
            return day.weekday() in self.weekdays and weeks % self.interval == 0
        months = (day.year - self.starts.year) * 12 + day.month - self.starts.month
        if months % self.interval:
            return False
        length = calendar.monthrange(day.year, day.month)[1]
        if self.every == Every.MONTH_DAY:
            return day.day == min(self.month_day, length)
        if day.weekday() not in self.weekdays:
            return False
        return day.day + 7 > length if self.nth == LAST else (day.day - 1) // 7 + 1 == self.nth

    def _is_holiday(self, day: date) -> bool:
        if not self.skips_holidays or not self.country:
            return False
        return day in _holidays(self.country, self.region, day.year)


@lru_cache(maxsize=512)
def _holidays(country: str, region: str, year: int) -> frozenset[date]:
    return frozenset(holiday_names(country, region, year))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def rule_problems(rule: Recurrence) -> dict[str, str]:
    """Attribute -> sentence, for everything that is wrong with a rule."""
    found: dict[str, str] = {}
    if not valid_timezone(rule.zone):
        found["zone"] = _("“%(zone)s” is not a known time zone.") % {"zone": rule.zone}
    if not 1 <= rule.interval <= 366:
        found["interval"] = _("From 1 to 366.")
    if rule.ends is not None and rule.ends < rule.starts:
        found["ends"] = _("It ends before it starts.")
    if rule.every == Every.WEEK and not rule.weekdays:
        found["weekdays"] = _("Choose at least one weekday.")
    if rule.every == Every.MONTH_WEEKDAY and len(rule.weekdays) != 1:
        found["weekdays"] = _("Choose one weekday.")
    if not 1 <= rule.month_day <= 31:
        found["month_day"] = _("From 1 to 31.")
    if rule.nth not in (1, 2, 3, 4, LAST):
        found["nth"] = _("From 1 to 4, or -1 for the last.")
    if rule.skips_holidays:
        found |= _holiday_problem(rule)
    return found


def _holiday_problem(rule: Recurrence) -> dict[str, str]:
    if not rule.country:
        return {"country": _("Say whose holidays.")}
    try:
        _holidays(rule.country, rule.region, rule.starts.year)
    except CalendarProblem:
        return {"country": _("No public holidays are known for this country and region.")}
    return {}
