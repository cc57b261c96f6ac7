"""What else counts beside nearness: solved, helpful and fresh come first, doubles once.

A bonus is small beside the cosine: it settles which of two equally near objects is shown first
and never lifts one over another that is clearly nearer. Votes for twice as much, given by chance,
put the wrong article first for three questions of 630; for this, for none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ai.engine.retrieve import Found

SETTLED = 0.02
HELPFUL = 0.01
OPENED = 0.005
FRESH = 0.005
# Votes, openings and time after which half of a bonus is earned, or lost.
HALF_VOTES = 5
HALF_OPENED = 100
HALF_AGE = timedelta(days=365)
# Share of common words from which two tickets are one; a number is a word, so that alarms of two
# machines stay two.
SAME_WORDS = 0.9
# What one person's words are found as; articles and documents are counted by object.
TOLD = frozenset({"ticket", "response"})

_WORD = re.compile(r"\w+")

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Worth:
    """What is known of one object beside its text.

    helped, failed: people whom its present version helped or not; opened: how often it was read.
    age: since it was solved, written or changed last; None where that is not known.
    twins: what people call the same: objects with one name are shown once.
    """

    settled: bool = False
    helped: int = 0
    failed: int = 0
    opened: int = 0
    age: timedelta | None = None
    twins: str = ""

    @property
    def bonus(self) -> float:
        """What moves its place among others: -0.01 to 0.02, and 0.02 where it was solved."""
        votes = (self.helped - self.failed) / (self.helped + self.failed + HALF_VOTES)
        found = SETTLED * self.settled + HELPFUL * votes
        found += OPENED * self.opened / (self.opened + HALF_OPENED)
        if self.age is not None:
            found += FRESH * 0.5 ** (max(self.age, timedelta()) / HALF_AGE)
        return found


UNKNOWN = Worth()


def ranked(
    found: Sequence[Found], worths: Mapping[Key, Worth], most: int | None = None
) -> list[Found]:
    """The same objects by score and worth, best first, of doubles the best alone; `most` of them.

    What comes after those is not looked at: comparing words costs more than finding them.
    """
    weighed = [
        replace(one, worth=worths.get((one.kind, one.object_id), UNKNOWN).bonus) for one in found
    ]
    weighed.sort(key=lambda one: (-one.rank, one.kind, one.object_id))
    kept: list[tuple[Found, str, frozenset[str]]] = []
    for one in weighed:
        if len(kept) == most:
            break
        twins = worths.get((one.kind, one.object_id), UNKNOWN).twins
        words = _words(one) if one.kind in TOLD else frozenset()
        if not any(_is_double(one, twins, words, other) for other in kept):
            kept.append((one, twins, words))
    return [one for one, _, _ in kept]


def _is_double(
    one: Found, twins: str, words: frozenset[str], other: tuple[Found, str, frozenset[str]]
) -> bool:
    """Whether people or its words say that it is the same as one that is shown already."""
    shown, its_twins, its_words = other
    if one.kind != shown.kind or _organization(one) != _organization(shown):
        return False
    if twins and twins == its_twins:
        return True
    either = len(words | its_words)
    return bool(words) and len(words & its_words) >= SAME_WORDS * either


def _words(found: Found) -> frozenset[str]:
    best = found.hits[0].payload
    text = f"{best.get('title', '')}\n{best.get('text', '')}"
    return frozenset(_WORD.findall(text.casefold()))


def _organization(found: Found) -> object:
    return found.hits[0].payload.get("organization_id")
