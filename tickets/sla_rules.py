"""What the clocks of one ticket do when something happens to it; pure, over `sla_clock`.

A ticket has up to three clocks on each of two levels. The customer level is what the desk promised
whoever asks; the operational level is how long one team has while the ticket lies with it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets import sla_clock
from tickets.business_time import WorkCalendar
from tickets.sla_clock import Clock


class Level(models.TextChoices):
    """Whom an agreed time is agreed with."""

    CUSTOMER = "customer", _("Promised to the requester")
    TEAM = "team", _("Agreed inside, per team")


class Metric(models.TextChoices):
    """What must happen in time."""

    FIRST_RESPONSE = "first_response", _("First response")
    NEXT_RESPONSE = "next_response", _("Next response")
    RESOLUTION = "resolution", _("Resolution")


class Said(StrEnum):
    """Who just wrote in public, if anybody."""

    NOBODY = ""
    DESK = "desk"
    REQUESTER = "requester"


RESPONSES: Final = (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE)


@dataclass(frozen=True, slots=True)
class Threshold:
    """An escalation step: at `percent` of the target, or `minutes` of business time after it.

    Negative minutes lie before the target. An empty `metric` means every metric.
    """

    step_id: int
    metric: str = ""
    percent: int | None = None
    minutes: int = 0

    def amount(self, target: timedelta) -> timedelta:
        """Business time after which the step is due."""
        if self.percent is not None:
            return target * self.percent / 100
        return target + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What covers a ticket on one level: the policy, and its targets at the ticket's priority."""

    policy_id: int
    calendar: WorkCalendar
    # Metric -> business time; what is not agreed is absent.
    targets: Mapping[str, timedelta]
    pauses: bool = True
    thresholds: tuple[Threshold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the clocks need to know of a ticket."""

    settled: bool = False
    # Pending for a reason that stops the clock.
    waiting: bool = False
    # In the bin: stands still whatever the policy says.
    deleted: bool = False
    responded: bool = False
    team_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A clock with its place; `key` is its row, None while there is none yet."""

    level: str
    metric: str
    policy_id: int | None
    clock: Clock
    team_id: int | None = None
    key: int | None = None


def follow(
    entries: Sequence[Entry],
    facts: Facts,
    agreements: Mapping[str, Agreement],
    at: datetime,
    said: str = Said.NOBODY.value,
) -> list[Entry]:
    """The ticket's clocks after what happened at `at`; new ones have no key. Twice is once.

    An answer of the desk meets the responses, solving meets everything. A requester's message
    starts the next response once there was a first. Another policy, target or calendar goes on
    from `at`; a level without agreement stops; another team begins its own clocks anew.
    """
    found: list[Entry] = []
    for level in Level.values:
        mine = [entry for entry in entries if entry.level == level]
        team_id = facts.team_id if level == Level.TEAM else None
        agreement = agreements.get(level)
        mine = [_go_on(entry, facts, agreement, team_id, at, said) for entry in mine]
        if agreement is not None and not facts.settled:
            mine = _begin(mine, level, facts, agreement, team_id, at, said)
            stands = facts.deleted or (facts.waiting and agreement.pauses)
            step = sla_clock.pause if stands else sla_clock.resume
            mine = [replace(entry, clock=step(entry.clock, at)) for entry in mine]
        found += mine
    return found


def _go_on(
    entry: Entry, facts: Facts, agreement: Agreement | None, team_id: int | None,
    at: datetime, said: str,
) -> Entry:  # fmt: skip
    clock = entry.clock
    if not clock.is_open:
        return entry
    target = agreement.targets.get(entry.metric) if agreement else None
    if agreement is None or target is None or entry.team_id != team_id:
        return replace(entry, clock=sla_clock.stop(clock, at))
    clock = sla_clock.retarget(clock, agreement.calendar, target, at)
    if clock.breached_at is None and sla_clock.is_late(clock, at):
        clock = sla_clock.count(clock, at)
    if facts.settled or (said == Said.DESK and entry.metric in RESPONSES):
        clock = sla_clock.meet(clock, at)
    return replace(entry, clock=clock, policy_id=agreement.policy_id)


def _begin(
    mine: list[Entry], level: str, facts: Facts, agreement: Agreement, team_id: int | None,
    at: datetime, said: str,
) -> list[Entry]:  # fmt: skip
    for metric, target in agreement.targets.items():
        same = [e for e in mine if e.metric == metric and e.team_id == team_id]
        if any(entry.clock.is_open for entry in same):
            continue
        met = [entry for entry in same if entry.clock.met_at is not None]
        if metric == Metric.RESOLUTION and met:
            last = max(met, key=lambda entry: entry.clock.met_at or at)
            clock = sla_clock.reopen(last.clock, at)
            clock = sla_clock.retarget(clock, agreement.calendar, target, at)
            again = replace(last, clock=clock, policy_id=agreement.policy_id)
            mine = [again if entry is last else entry for entry in mine]
        elif _wanted(metric, facts, bool(met), said):
            clock = sla_clock.start(agreement.calendar, target, at)
            new = Entry(
                level=level,
                metric=metric,
                policy_id=agreement.policy_id,
                clock=clock,
                team_id=team_id,
            )
            mine = [*mine, new]
    return mine


def _wanted(metric: str, facts: Facts, met_before: bool, said: str) -> bool:
    if metric == Metric.FIRST_RESPONSE:
        return not facts.responded and not met_before
    if metric == Metric.NEXT_RESPONSE:
        return facts.responded and said == Said.REQUESTER
    return True


def next_check(
    entry: Entry, thresholds: Sequence[Threshold], *, told: bool, fired: Collection[int]
) -> datetime | None:
    """When somebody must look at the clock: its failure to be told, or a step that is due.

    `told` says that the failure was told, `fired` are the steps that were taken. None where
    nothing is left to happen by itself.
    """
    clock = entry.clock
    if clock.breached_at is not None and not told:
        return clock.breached_at
    moments = [clock.due_at] if clock.is_running and clock.breached_at is None else []
    for threshold in thresholds:
        if threshold.metric in ("", entry.metric) and threshold.step_id not in fired:
            moment = sla_clock.moment_of(clock, threshold.amount(clock.target))
            if moment is not None:
                moments.append(moment)
    return min(moments, default=None)


def due_steps(
    entry: Entry, thresholds: Sequence[Threshold], fired: Collection[int], at: datetime
) -> list[Threshold]:
    """The steps of a running clock whose time has come, the earliest first."""
    clock = entry.clock
    if not clock.is_running:
        return []
    used = sla_clock.used(clock, at)
    due = [
        threshold
        for threshold in thresholds
        if threshold.metric in ("", entry.metric)
        and threshold.step_id not in fired
        and threshold.amount(clock.target) <= used
    ]
    return sorted(due, key=lambda threshold: threshold.amount(clock.target))


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the ticket itself carries of its clocks, for lists, order and the API.

    `next_due` is the nearest due time of either level that still runs or is failed; the named
    times and `paused_at` are the customer level's.
    """

    first_response_due: datetime | None = None
    next_response_due: datetime | None = None
    resolution_due: datetime | None = None
    next_due: datetime | None = None
    paused_at: datetime | None = None


def summary(entries: Sequence[Entry]) -> Summary:
    """The times that stand on the ticket."""
    customer = [e for e in entries if e.level == Level.CUSTOMER and e.clock.stopped_at is None]
    latest = {e.metric: e.clock for e in sorted(customer, key=lambda e: e.clock.started_at)}
    following = latest.get(Metric.NEXT_RESPONSE)
    if following is not None and not following.is_open:
        following = None
    paused = [e.clock.paused_at for e in customer if e.clock.paused_at is not None]
    return Summary(
        first_response_due=_due(latest.get(Metric.FIRST_RESPONSE)),
        next_response_due=_due(following),
        resolution_due=_due(latest.get(Metric.RESOLUTION)),
        next_due=min((e.clock.due_at for e in entries if e.clock.is_running), default=None),
        paused_at=min(paused, default=None),
    )


def _due(clock: Clock | None) -> datetime | None:
    return None if clock is None else clock.due_at
