"""How the last days were, as the status page draws them. No ORM."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

DAYS = 90


@dataclass(frozen=True, slots=True)
class Span:
    """A problem from its beginning to its end; one that goes on ends now."""

    title: str
    begins: datetime
    ends: datetime


@dataclass(slots=True)
class Day:
    """One day: the problems it had, and for how many seconds there was at least one."""

    date: date
    seconds: float = 0.0
    titles: list[str] = field(default_factory=list[str])

    @property
    def has_problem(self) -> bool:
        """Whether anything was wrong."""
        return bool(self.titles)


@dataclass(frozen=True, slots=True)
class History:
    """The days, oldest first."""

    days: Sequence[Day]

    @property
    def good(self) -> int:
        """Days without any problem."""
        return sum(not day.has_problem for day in self.days)

    @property
    def bad(self) -> list[Day]:
        """Days with one, newest first."""
        return [day for day in reversed(self.days) if day.has_problem]


def history_of(spans: Iterable[Span], today: date, zone: tzinfo, days: int = DAYS) -> History:
    """The `days` up to `today`, in the zone of who looks."""
    spans = sorted(spans, key=lambda span: span.begins)
    return History([_day(today - timedelta(days=n), spans, zone) for n in range(days - 1, -1, -1)])


def _day(day: date, spans: Sequence[Span], zone: tzinfo) -> Day:
    first = datetime.combine(day, time.min, zone)
    last = datetime.combine(day + timedelta(days=1), time.min, zone)
    found, until = Day(day), first
    for span in spans:
        if span.begins >= last or span.ends <= first:
            continue
        if span.title not in found.titles:
            found.titles.append(span.title)
        # Two problems at once count once. As moments: a day may have 23 hours.
        begins, ends = max(span.begins, until), min(span.ends, last)
        if ends > begins:
            found.seconds += ends.timestamp() - begins.timestamp()
            until = ends
    return found
