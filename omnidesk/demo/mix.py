"""Decides which tickets there are: how many of each situation, how far along, since when."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from omnidesk.demo import timing
from omnidesk.demo.content.library import Scenario, scenarios
from omnidesk.demo.content.people import MONITORING, PEOPLE
from omnidesk.demo.types import DemoPerson, DemoRole

ORDINARY = 289  # with the eleven of the surge: 300
LANGUAGE_SHARE = {"en": 0.45, "de": 0.30, "fr": 0.15, "es": 0.10}
MOST_PER_SCENARIO = 5
# Hours before the first load at which the surge's tickets came in, newest last.
SURGE_HOURS = (31.4, 26.2, 22.7, 8.1, 6.3, 4.6, 3.2, 2.1, 1.4, 0.8, 0.3)
# Minutes before the first load: the top of the queue on a fresh installation.
FRESH_MINUTES = (6, 21, 44, 71, 118, 163, 240, 312, 405)


class Outcome(StrEnum):
    """How far the desk has come with a ticket."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    REOPENED = "reopened"  # solved, came back, open again
    SOLVED = "solved"
    SOLVED_AGAIN = "solved_again"


# Together with the surge about 55 tickets are open.
_WANTED = {
    Outcome.REOPENED: 4,
    Outcome.SOLVED_AGAIN: 4,
    Outcome.ON_HOLD: 6,
    Outcome.PENDING: 8,
    Outcome.OPEN: 14,
    Outcome.NEW: 12,
}
_DAYS_AGO: dict[Outcome, tuple[float, float]] = {
    Outcome.NEW: (0.05, 1.6),
    Outcome.OPEN: (0.1, 14),
    Outcome.PENDING: (1, 20),
    Outcome.ON_HOLD: (3, 40),
    Outcome.REOPENED: (8, 30),
    Outcome.SOLVED: (0.6, timing.WINDOW_DAYS - 1),
    Outcome.SOLVED_AGAIN: (18, 57),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """One ticket to be written. `variant` fixes the text in a surge, elsewhere it is free."""

    scenario: Scenario
    outcome: Outcome
    requester: DemoPerson
    created_at: datetime
    variant: int | None = None


def plans(now: datetime, seed: int) -> list[Plan]:
    """All tickets, in an order that depends on the seed alone.

    What happens to whom is drawn apart from when, so that the mix is the same on every day.
    """
    rng = Random(f"mix:{seed}")
    asked: Counter[tuple[str, str]] = Counter()
    fresh = iter(FRESH_MINUTES)
    chosen = _chosen(rng)
    found: list[Plan] = []
    for index, (scenario, outcome) in enumerate(zip(chosen, _outcomes(rng, chosen), strict=True)):
        requester = _requester(rng, scenario, asked)
        minutes = next(fresh, None) if outcome is Outcome.NEW else None
        if minutes is None:
            time_rng = Random(f"time:{seed}:{index}")
            created = _created(time_rng, now, outcome, requester, machine=scenario.by_machine)
        else:
            created = now - timedelta(minutes=minutes, seconds=minutes * 7 % 60)
        found.append(Plan(scenario, outcome, requester, created))
    return found + _surge(rng, now, asked)


def _chosen(rng: Random) -> list[Scenario]:
    """Every situation once, then more of them until each language has its share."""
    ordinary = [scenario for scenario in scenarios() if not scenario.surge]
    count = Counter(scenario.key for scenario in ordinary)
    found = list(ordinary)
    for language, share in LANGUAGE_SHARE.items():
        pool = [scenario for scenario in ordinary if scenario.language == language]
        while sum(count[scenario.key] for scenario in pool) < round(ORDINARY * share):
            free = [s for s in pool if count[s.key] < min(MOST_PER_SCENARIO, _subjects(s))]
            scenario = rng.choice(free)
            count[scenario.key] += 1
            found.append(scenario)
    rng.shuffle(found)
    return found[:ORDINARY]


def _subjects(scenario: Scenario) -> int:
    """How many different subjects a situation can have (what people bring in counts as two)."""
    total = 0
    for subject in scenario.subjects:
        ways = 1
        for name in re.findall(r"\{([^{}|]+)\}", subject):
            ways *= len(scenario.slots.get(name, ("", "")))
        total += ways
    return total


def _outcomes(rng: Random, chosen: Sequence[Scenario]) -> list[Outcome]:
    """Give each ticket an outcome that its situation has the words for, one of a kind each."""
    found = [Outcome.SOLVED] * len(chosen)
    used: set[str] = set()
    for outcome, count in _WANTED.items():
        order = rng.sample(range(len(chosen)), len(chosen))
        for index in order:
            if count and found[index] is Outcome.SOLVED and _fits(chosen[index], outcome, used):
                found[index] = outcome
                used.add(chosen[index].key)
                count -= 1
    return found


def _fits(scenario: Scenario, outcome: Outcome, used: set[str]) -> bool:
    if scenario.key in used or scenario.urgency == "critical":
        return False
    if outcome is Outcome.PENDING:
        return bool(scenario.ask)
    if outcome is Outcome.ON_HOLD:
        return bool(scenario.hold) and not scenario.by_machine
    if outcome in {Outcome.REOPENED, Outcome.SOLVED_AGAIN}:
        return bool(scenario.reopen)
    return True


def _requester(rng: Random, scenario: Scenario, asked: Counter[tuple[str, str]]) -> DemoPerson:
    """Somebody who speaks the language and has not told the same story yet, if possible."""
    if scenario.by_machine:
        return MONITORING
    pool = [
        person
        for person in PEOPLE
        if person.role is DemoRole.REQUESTER
        and person is not MONITORING
        and person.language == scenario.language
        and person.organization in scenario.organizations
    ]
    pool = [p for p in pool if any(word in p.job_title.lower() for word in scenario.who)] or pool
    fewest = min(asked[scenario.key, person.email] for person in pool)
    found = rng.choice([p for p in pool if asked[scenario.key, p.email] == fewest])
    asked[scenario.key, found.email] += 1
    return found


def _created(
    rng: Random, now: datetime, outcome: Outcome, requester: DemoPerson, *, machine: bool
) -> datetime:
    return timing.arrival(
        rng,
        timing.day_start(now),
        requester.time_zone,
        _DAYS_AGO[outcome],
        machine=machine,
    )


def _surge(rng: Random, now: datetime, asked: Counter[tuple[str, str]]) -> list[Plan]:
    """The same event told by different people; the first ones have been answered already."""
    told = [
        (scenario, variant)
        for scenario in scenarios()
        if scenario.surge
        for variant in range(len(scenario.problems))
    ]
    rng.shuffle(told)
    found: list[Plan] = []
    for (scenario, variant), hours in zip(told, SURGE_HOURS, strict=True):
        outcome = Outcome.OPEN if hours > 5 else Outcome.NEW
        requester = _requester(rng, scenario, asked)
        at = (now - timedelta(hours=hours)).replace(microsecond=0)
        found.append(Plan(scenario, outcome, requester, at, variant))
    return found
