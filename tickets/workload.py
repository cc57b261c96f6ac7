"""Who should get a ticket: pure rules over who is there, what they have and what they know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.utils.translation import gettext as _

# So many solved tickets of a category count as having learnt it.
LEARNT_FROM = 3


class Strategy(Enum):
    """How the next one is found."""

    ROUND_ROBIN = "round_robin"
    LOAD = "load"
    SKILL = "skill"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent of the team. `capacity` 0 sets no limit; `skill` 0 to 3 as declared, `solved` how
    many tickets of the category they solved; `last` when they were last given one."""

    pk: int
    name: str
    open: int = 0
    capacity: int = 0
    skill: int = 0
    solved: int = 0
    last: datetime | None = None
    away: bool = False

    @property
    def is_free(self) -> bool:
        """Present and below their limit."""
        return not self.away and (self.capacity == 0 or self.open < self.capacity)

    @property
    def knows(self) -> int:
        """How well they know the category: declared first, else learnt (0 to 3)."""
        return self.skill or (1 if self.solved >= LEARNT_FROM else 0)


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets it and why, or nobody and why not."""

    candidate: Candidate | None
    why: str


def choose(candidates: Sequence[Candidate], strategy: Strategy, category: str = "") -> Choice:
    """The best of the free ones. Ties go to whoever has waited longest, then by primary key."""
    free = [each for each in candidates if each.is_free]
    if not free:
        return Choice(None, _nobody(candidates))
    if strategy is Strategy.ROUND_ROBIN:
        best = min(free, key=_turn)
        turn = _("next in turn of %(count)d present") % {"count": len(free)}
        return Choice(best, turn if len(free) > 1 else _("the only one present"))
    pool, skilled = free, False
    if strategy is Strategy.SKILL:
        most = max(each.knows for each in free)
        skilled = most > 0
        pool = [each for each in free if each.knows == most]
    best = min(pool, key=lambda each: (_load(each), _turn(each)))
    return Choice(best, _reason(best, len(free), skilled, category))


def _turn(candidate: Candidate) -> tuple[float, int]:
    return (candidate.last.timestamp() if candidate.last else 0.0, candidate.pk)


def _load(candidate: Candidate) -> float:
    """Open tickets as a share of what somebody can take; without a limit their number counts."""
    return candidate.open / candidate.capacity if candidate.capacity else candidate.open / 20


def _reason(best: Candidate, present: int, skilled: bool, category: str) -> str:
    parts = []
    if present == 1:
        parts.append(_("the only one present"))
    else:
        parts.append(_("least busy of %(count)d present") % {"count": present})
    if skilled and best.skill:
        parts.append(_("knows %(category)s") % {"category": category})
    elif skilled:
        solved = _("has solved %(count)d of %(category)s")
        parts.append(solved % {"count": best.solved, "category": category})
    return ", ".join(parts)


def _nobody(candidates: Sequence[Candidate]) -> str:
    if not candidates:
        return _("nobody is in the team")
    if all(each.away for each in candidates):
        return _("everybody is away")
    return _("everybody present has as many tickets as they can take")
