"""When a kind of ticket may be answered without a person: pure rules over judged answers.

A level is earned on answers that were compared with what people wrote, and lost on far fewer bad
ones. All bounds are one-sided at 95 %: ten right answers of ten prove less than fifty of fifty.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ai.engine.sentences import is_courtesy

SUGGEST, DRAFT, SEND = "suggest", "draft", "send"
LEVELS = (SUGGEST, DRAFT, SEND)
# One-sided 95 %.
Z = 1.645
# A floor is chosen from few values: the best of many would be luck.
FLOORS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9)
# What is looked at before a fall: the newest answers, and how few of them are enough.
WINDOW = 20


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer after its ticket was settled; newest first wherever several are passed on.

    bad: rejected, asked for a person, or written otherwise. sent: it went out by itself.
    """

    confidence: float
    right: bool
    reopened: bool = False
    bad: bool = False
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """What a level asks: judged answers, the lower bound of their precision, most reopened."""

    cases: int
    bound: float
    reopened: float


@dataclass(frozen=True, slots=True)
class Limit:
    """What ends a level: shares of the newest answers, and from how many on they count."""

    cases: int
    bad: float
    reopened: float


BARS = {DRAFT: Bar(20, 0.60, 0.15), SEND: Bar(50, 0.85, 0.05)}
LIMITS = {DRAFT: Limit(10, 0.50, 0.30), SEND: Limit(5, 0.25, 0.15)}


@dataclass(frozen=True, slots=True)
class Standing:
    """How the answers of a category from confidence `floor` on did."""

    floor: float = 0.0
    cases: int = 0
    right: int = 0
    reopened: int = 0

    @property
    def precision(self) -> float:
        """Share of right answers."""
        return self.right / self.cases if self.cases else 0.0

    @property
    def bound(self) -> float:
        """What the precision is at least, at 95 %."""
        return lower_bound(self.right, self.cases)

    @property
    def reopen_rate(self) -> float:
        """Share of tickets that came back."""
        return self.reopened / self.cases if self.cases else 0.0

    def meets(self, bar: Bar) -> bool:
        """Whether this is evidence enough."""
        return (
            self.cases >= bar.cases and self.bound >= bar.bound and self.reopen_rate <= bar.reopened
        )

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        found = {**asdict(self), "precision": self.precision, "bound": self.bound}
        return {name: round(value, 4) for name, value in found.items()}


def lower_bound(right: int, total: int) -> float:
    """The Wilson lower bound of a share, one-sided at 95 %; 0 without cases."""
    if total <= 0:
        return 0.0
    share, square = right / total, Z * Z
    middle = share + square / (2 * total)
    spread = Z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    return (middle - spread) / (1 + square / total)


def standing(cases: Sequence[Judged], floor: float = 0.0) -> Standing:
    """Count the cases from `floor` on."""
    kept = [case for case in cases if case.confidence >= floor]
    return Standing(
        floor, len(kept), sum(case.right for case in kept), sum(case.reopened for case in kept)
    )


def reached(cases: Sequence[Judged], level: str) -> Standing | None:
    """The lowest confidence from which the answers are good enough for `level`, or None."""
    found = (standing(cases, floor) for floor in FLOORS)
    return next((one for one in found if one.meets(BARS[level])), None)


def nearest(cases: Sequence[Judged], level: str) -> Standing:
    """What comes nearest to `level`: for whoever looks what is missing."""
    whole = standing(cases)
    enough = [standing(cases, floor) for floor in FLOORS]
    enough = [one for one in enough if one.cases >= BARS[level].cases]
    return max(enough, key=lambda one: one.bound, default=whole)


def must_fall(level: str, cases: Sequence[Judged]) -> str:
    """Why `level` is lost: "reopened", "rejected", or "" where it stands. Newest first.

    Only what went out by itself counts against sending.
    """
    if level not in LIMITS:
        return ""
    limit = LIMITS[level]
    counted = [case for case in cases if case.sent or level != SEND][:WINDOW]
    if len(counted) < limit.cases:
        return ""
    if sum(case.reopened for case in counted) / len(counted) > limit.reopened:
        return "reopened"
    if sum(case.bad for case in counted) / len(counted) > limit.bad:
        return "rejected"
    return ""


def above(level: str) -> str:
    """The next level up, "" above the highest."""
    place = LEVELS.index(level) + 1
    return LEVELS[place] if place < len(LEVELS) else ""


def below(level: str) -> str:
    """The next level down; the lowest stays."""
    return LEVELS[max(0, LEVELS.index(level) - 1)]


# "Thanks, but it still fails" is no thanks: any of these, in the four languages.
_DOUBT = re.compile(
    r"\?|\b(?:not|no|but|still|again|however|never|fails?|cannot|n't|nicht|kein\w*|aber|noch|leider|"
    r"wieder|pas|mais|toujours|encore|jamais|pero|sigue|aún|todavía|nunca)\b|n't",
    re.IGNORECASE,
)


def only_thanks(text: str) -> bool:
    """Whether a message says thanks and nothing else: nobody has to be called for that."""
    words = text.strip()
    return is_courtesy(words) and not _DOUBT.search(words)
