"""When things happen at a desk: arrivals in working hours, answers within them.

All times are aware and in UTC; people live in their own time zones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

WINDOW_DAYS = 60
OPENING, CLOSING = 7.25, 17.75  # hours of the desk, local time
# Monday carries the weekend's problems, Friday afternoon is quiet.
_WEEKDAY_WEIGHT = (1.35, 1.15, 1.0, 1.05, 0.8, 0.05, 0.03)


def day_start(now: datetime) -> datetime:
    """Midnight (UTC) of the day; everything but the newest tickets is placed before it."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def arrival(
    rng: Random, anchor: datetime, zone: str, days: tuple[float, float], *, machine: bool = False
) -> datetime:
    """A moment between `days[0]` and `days[1]` days before `anchor`, as people write to a desk."""
    local = ZoneInfo(zone)
    while True:
        day = (anchor - timedelta(days=rng.uniform(*days))).astimezone(local).date()
        if not machine and rng.random() > _WEEKDAY_WEIGHT[day.weekday()] / max(_WEEKDAY_WEIGHT):
            continue
        hour = rng.uniform(0, 23.9) if machine else _hour(rng)
        moment = datetime.combine(day, time(), local) + timedelta(hours=hour)
        moment = moment.replace(second=rng.randint(0, 59), microsecond=0)
        found = moment.astimezone(anchor.tzinfo)
        if found <= anchor - timedelta(days=days[0]):
            return found


def _hour(rng: Random) -> float:
    """Two peaks a day: after the first coffee and after lunch; a few write in the evening."""
    draw = rng.random()
    if draw < 0.05:
        return rng.uniform(18.5, 22.5)
    centre, width = (9.4, 1.1) if draw < 0.58 else (14.1, 1.4)
    return min(max(rng.gauss(centre, width), 6.2), 18.4)


def next_working_moment(rng: Random, moment: datetime, zone: str) -> datetime:
    """`moment`, or shortly after the desk opens next."""
    local = moment.astimezone(ZoneInfo(zone))
    hour = local.hour + local.minute / 60
    if local.weekday() < 5 and OPENING <= hour <= CLOSING:
        return moment
    if hour > CLOSING or local.weekday() > 4:
        local += timedelta(days=1)
    while local.weekday() > 4:
        local += timedelta(days=1)
    opened = local.replace(hour=7, minute=20, second=rng.randint(0, 59))
    return (opened + timedelta(minutes=rng.uniform(0, 75))).astimezone(moment.tzinfo)


def conversation_times(
    rng: Random, start: datetime, gaps: Sequence[timedelta], limit: datetime, zone: str
) -> list[datetime]:
    """One moment per gap, each after the one before, all before `limit`.

    Where working hours push the last one past the limit, the whole conversation is compressed
    rather than cut, so that the order of messages holds.
    """
    times: list[datetime] = []
    moment = start
    for gap in gaps:
        moment = next_working_moment(rng, moment + gap, zone)
        if times and moment <= times[-1]:
            moment = times[-1] + timedelta(minutes=1)
        times.append(moment)
    if times and times[-1] >= limit:
        share = (limit - start) / (times[-1] - start) * 0.97
        times = [start + (at - start) * share for at in times]
    return [at.replace(microsecond=0) for at in times]
