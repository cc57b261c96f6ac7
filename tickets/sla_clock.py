"""One agreed time of a ticket as a clock: it starts, pauses, goes on, is met or is late.

A clock counts business time. What it has used up to its last step is kept, together with the
calendar that was in force then; a new target or calendar therefore counts from its own day on and
never rewrites what was used, paused or met before. All steps are pure: they return a new clock.

The rules at the edges:
- Met exactly at the due time is in time; anything later is late.
- A clock that failed keeps its due time, and when it failed, through pauses and reopening.
- A target that a change makes shorter than what is used already is late from the moment of the
  change, never from a time before it. One that becomes longer than what is used is not late.
- Steps never go back in time: one that arrives with an earlier moment counts at the last step.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tickets.business_time import NOTHING, WorkCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`used` is business time up to `counted_to`; the rest follows from the calendar.

    `due_at` is when the target is used up if nothing pauses it; while it is paused, when it would
    have been. At most one of running, paused (`paused_at`), met (`met_at`) and stopped
    (`stopped_at`, because the agreement no longer covers the ticket) holds.
    """

    calendar: WorkCalendar
    target: timedelta
    started_at: datetime
    counted_to: datetime
    due_at: datetime
    used: timedelta = NOTHING
    paused_at: datetime | None = None
    met_at: datetime | None = None
    stopped_at: datetime | None = None
    breached_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Neither met nor stopped."""
        return self.met_at is None and self.stopped_at is None

    @property
    def is_running(self) -> bool:
        """Open and not paused."""
        return self.is_open and self.paused_at is None


def start(calendar: WorkCalendar, target: timedelta, at: datetime) -> Clock:
    """A clock that begins to run at `at`."""
    return Clock(
        calendar=calendar,
        target=target,
        started_at=at,
        counted_to=at,
        due_at=calendar.add(at, target),
    )


def count(clock: Clock, at: datetime) -> Clock:
    """The clock with everything up to `at` counted, and late where its due time has passed."""
    if not clock.is_running or at <= clock.counted_to:
        return clock
    late = clock.breached_at is None and clock.due_at < at
    return replace(
        clock,
        used=clock.used + clock.calendar.between(clock.counted_to, at),
        counted_to=at,
        breached_at=clock.due_at if late else clock.breached_at,
    )


def pause(clock: Clock, at: datetime) -> Clock:
    """Stand still from `at` on; a clock that stands already, or is over, stays as it is."""
    if not clock.is_running:
        return clock
    clock = count(clock, at)
    return replace(clock, paused_at=clock.counted_to)


def resume(clock: Clock, at: datetime) -> Clock:
    """Go on at `at` with what is left."""
    if not clock.is_open or clock.paused_at is None:
        return clock
    at = max(at, clock.paused_at)
    return _due_again(replace(clock, paused_at=None, counted_to=at))


def meet(clock: Clock, at: datetime) -> Clock:
    """What was agreed has happened at `at`."""
    if not clock.is_open:
        return clock
    clock = count(clock, at)
    return replace(clock, met_at=max(at, clock.counted_to), paused_at=None)


def stop(clock: Clock, at: datetime) -> Clock:
    """The agreement no longer covers this: the clock ends without being met."""
    if not clock.is_open:
        return clock
    clock = count(clock, at)
    return replace(clock, stopped_at=max(at, clock.counted_to), paused_at=None)


def reopen(clock: Clock, at: datetime) -> Clock:
    """What was agreed is undone at `at` (a solved ticket opens): count on, the gap is free."""
    if clock.met_at is None:
        return clock
    at = max(at, clock.met_at)
    return _due_again(replace(clock, met_at=None, counted_to=at))


def retarget(clock: Clock, calendar: WorkCalendar, target: timedelta, at: datetime) -> Clock:
    """Go on by another calendar or target from `at` on; a clock that is over stays as it was."""
    if not clock.is_open or (clock.calendar == calendar and clock.target == target):
        return clock
    clock = count(clock, at)
    at = max(at, clock.counted_to)
    # While it stands, the stretch that a change of calendar would count is empty.
    clock = replace(clock, calendar=calendar, target=target, counted_to=at)
    if target > clock.used:
        return _due_again(replace(clock, breached_at=None))
    if clock.breached_at is None:
        return replace(clock, due_at=at, breached_at=at if target < clock.used else None)
    return clock


def _due_again(clock: Clock) -> Clock:
    if clock.breached_at is not None:
        return clock
    left = max(clock.target - clock.used, NOTHING)
    return replace(clock, due_at=clock.calendar.add(clock.counted_to, left))


def used(clock: Clock, at: datetime) -> timedelta:
    """Business time the clock has counted by `at`."""
    return count(clock, at).used


def remaining(clock: Clock, at: datetime) -> timedelta:
    """Business time left at `at`; negative is how late it is."""
    return clock.target - used(clock, at)


def is_late(clock: Clock, at: datetime) -> bool:
    """Whether the clock has failed, or would be found to have at `at`."""
    return clock.breached_at is not None or (clock.is_running and clock.due_at < at)


def moment_of(clock: Clock, amount: timedelta) -> datetime | None:
    """When a running clock will have used `amount`; its last step where it has already.

    None while it does not run.
    """
    if not clock.is_running:
        return None
    return clock.calendar.add(clock.counted_to, amount - clock.used)
