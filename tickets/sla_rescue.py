"""What would help a ticket that will probably be late, and by how much; pure.

Each move is judged by the forecast's own history: the same clocks asked again as they would stand
after it. An answer meets the response clocks. Another person changes the load by what they have
compared with whoever has the ticket now (or with a usual member of the team). A higher priority
means the times and the past of that priority: where its time is shorter than what was gained, the
move makes things worse and is not offered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tickets.sla_forecast import Case, History, ratio

# What a move must take away of the risk to be offered, in probability.
WORTH: Final = 0.03
# A move that leaves no more than this, or halves the risk, is enough.
ENOUGH: Final = 0.2
_RESPONSES: Final = ("first_response", "next_response")


class Move(StrEnum):
    """What somebody can do, the cheapest first."""

    ANSWER = "answer"
    ASSIGN = "assign"
    RAISE = "raise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Somebody who could take the ticket, with how many open ones they have."""

    pk: int
    name: str
    open: int
    # Why this person, in words.
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A ticket's running clocks, and what could be changed about it.

    `held` is how many open tickets its holder has, or a usual member of its team where nobody has
    it. `free` is nobody where no better person is present. `higher` is the next priority ("" where
    there is none) with its targets in seconds by kind of clock.
    """

    cases: Sequence[Case]
    held: float
    unheld: bool = False
    holder_away: bool = False
    free: Hands | None = None
    higher: str = ""
    targets: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """One move: the risk now and after it; None where the history cannot tell."""

    move: Move
    before: float
    after: float | None
    to: Hands | None = None
    priority: str = ""
    is_cheapest: bool = False


def risk_of(history: History, cases: Sequence[Case]) -> float:
    """The worst of a ticket's clocks; 0 where none can be told."""
    found = [history.outlook(case) for case in cases]
    return max((one.risk for one in found if one is not None), default=0.0)


def rescues(history: History, situation: Situation) -> list[Rescue]:
    """The moves that help, the cheapest first; the first that is enough is marked."""
    before = risk_of(history, situation.cases)
    found = [
        move
        for move in (
            _answer(history, situation, before),
            _assign(history, situation, before),
            _raise(history, situation, before),
        )
        if move is not None
    ]
    best = _cheapest(found, before)
    return [replace(one, is_cheapest=True) if one is best else one for one in found]


def _cheapest(found: Sequence[Rescue], before: float) -> Rescue | None:
    known = [(one.after, one) for one in found if one.after is not None]
    for after, one in known:
        if after <= max(ENOUGH, before / 2):
            return one
    if known:
        return min(known, key=lambda pair: pair[0])[1]
    return found[0] if found else None


def _answer(history: History, situation: Situation, before: float) -> Rescue | None:
    rest = [case for case in situation.cases if not is_response(case)]
    if len(rest) == len(situation.cases):
        return None
    after = risk_of(history, rest)
    if after > before - WORTH:
        return None
    return Rescue(move=Move.ANSWER, before=before, after=after)


def _assign(history: History, situation: Situation, before: float) -> Rescue | None:
    free = situation.free
    if free is None:
        return None
    share = ratio(free.open, situation.held)
    eased = [replace(case, load=case.load * share) for case in situation.cases]
    after = risk_of(history, eased)
    if after <= before - WORTH:
        return Rescue(move=Move.ASSIGN, before=before, after=after, to=free)
    if situation.unheld or situation.holder_away:
        # Nobody works on it: that somebody does helps, but history does not say how much.
        return Rescue(move=Move.ASSIGN, before=before, after=None, to=free)
    return None


def _raise(history: History, situation: Situation, before: float) -> Rescue | None:
    if not situation.higher:
        return None
    raised = [
        replace(
            case,
            traits=replace(case.traits, priority=situation.higher),
            target=situation.targets[case.traits.kind],
        )
        for case in situation.cases
        if case.traits.kind in situation.targets
    ]
    # A time that is used up at once is no rescue.
    if len(raised) < len(situation.cases) or any(case.used >= case.target for case in raised):
        return None
    after = risk_of(history, raised)
    if not after or after > before - WORTH:
        return None
    return Rescue(move=Move.RAISE, before=before, after=after, priority=situation.higher)


def is_response(case: Case) -> bool:
    """Whether an answer meets this clock."""
    return case.traits.kind.partition(":")[2] in _RESPONSES
