"""What a waiting or solved ticket needs next, and the texts that it sends. No ORM."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum

from tickets.business_time import WorkCalendar
from tickets.choices import StatusCategory

NAMES = ("requester", "number", "subject", "desk")
_NAME = re.compile(r"\{([^{}\s]*)\}")
# A name or subject is shown, never obeyed: no Markdown link, image, heading or line of its own.
_MARKUP = re.compile(r"[\[\]<>`*_#|\\\r\n]+")


class NextStep(Enum):
    """What the sweep does to a ticket once its time has come."""

    NUDGE = "nudge"
    SOLVE = "solve"
    CLOSE = "close"


def next_step(stage: str, *, sent: int, times: int, solves: bool, closes: bool) -> NextStep | None:
    """The step for a ticket in `stage` of which `sent` reminders of `times` have gone out."""
    if stage == StatusCategory.SOLVED:
        return NextStep.CLOSE if closes else None
    if stage != StatusCategory.PENDING or times <= 0:
        return None
    if sent < times:
        return NextStep.NUDGE
    return NextStep.SOLVE if solves else None


def due_at(
    step: NextStep | None, moment: datetime, *, every_hours: int, close_days: int,
    calendar: WorkCalendar | None = None,
) -> datetime | None:  # fmt: skip
    """When `step` is due, counted from `moment`; reminders in working hours of `calendar`, if any.

    A reminder that becomes due just when the desk closes waits until it opens.
    """
    if step is None:
        return None
    if step is NextStep.CLOSE:
        return moment + timedelta(days=close_days)
    if calendar is None:
        return moment + timedelta(hours=every_hours)
    return opening(calendar, calendar.add(moment, timedelta(hours=every_hours)))


def opening(calendar: WorkCalendar, moment: datetime) -> datetime:
    """`moment` where the desk works then, else when it opens next (UTC)."""
    if calendar.is_open(moment):
        return moment
    instant = timedelta(microseconds=1)
    return calendar.add(moment, instant) - instant


def fill(text: str, values: Mapping[str, object]) -> str:
    """`text` with `{name}` replaced; unknown names stay as they are."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        return _MARKUP.sub(" ", str(values[name])) if name in values else found[0]

    return _NAME.sub(value, text)


def unknown_names(text: str) -> list[str]:
    """Names in braces that nothing fills in."""
    return [name for name in dict.fromkeys(_NAME.findall(text)) if name not in NAMES]


def is_late(closed_at: datetime | None, moment: datetime, days: int | None) -> bool:
    """Whether an answer at `moment` comes too late to open the closed ticket again."""
    return closed_at is not None and days is not None and moment > closed_at + timedelta(days=days)
