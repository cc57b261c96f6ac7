"""How urgent a ticket is, from its wording, its impact and the desk's own history."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ai.engine.classify import Classifier
from ai.engine.embed import Vectors
from ai.engine.types import Evidence, Label
from ai.engine.urgency_cues import AFFECTED, CUES, EMPHASIS, NEGATION, UNTURNED, WIDE, Cue

LEVELS = ("low", "medium", "high", "critical")
# Where every ticket starts; the levels stand at 0, 1, 2 and 3.
BASELINE = 1.0
TOP = 3.4
NARROW_TOP = 2.3
MAX_CHARACTERS = 8_000
# How far back a negation reaches, in characters of the same clause.
REACH = 24
# A desk's history counts as much as the wording from this many tickets on.
TRUSTED_ROWS = 500

Chances = NDArray[np.float64]

_CLAUSE_END = re.compile(r"[.!?;,:\n]| but | aber | mais | pero ")


@dataclass(frozen=True, slots=True)
class Assessment:
    """The urgency with its reasons; `evidence` quotes the requester's words."""

    label: Label
    evidence: tuple[Evidence, ...]
    score: float

    @property
    def level(self) -> str:
        """ "low", "medium", "high" or "critical"."""
        return self.label.value


def assess(
    text: str,
    *,
    affected: int | None = None,
    head: Classifier | None = None,
    embedding: Vectors | None = None,
    learnt: Sequence[Label] | None = None,
) -> Assessment:
    """Judge a ticket's urgency.

    affected: how many people, where a form or a monitoring system says so.
    head: a classifier trained on this desk's own urgencies (labels as in LEVELS),
    with the text's embedding (dimension,); it counts as history grows.
    learnt: all its labels of `sampled(text)`, where they are known already.
    """
    sample = sampled(text)
    reasons = dict([*_wording(sample), *_impact(sample, affected)])
    evidence = list(reasons.values())
    ceiling = TOP if WIDE & reasons.keys() else NARROW_TOP
    score = min(ceiling, max(-0.4, BASELINE + _total(evidence)))
    chances = _chances(score, certainty=sum(abs(item.weight) for item in evidence))
    if head is not None and head.rows:
        if learnt is None:
            vectors = None if embedding is None else embedding[None, :]
            learnt = head.predict([sample], vectors, top=len(head.classes))[0]
        chances, said = _with_history(chances, head, sample, learnt)
        evidence.extend(said)
    best = int(chances.argmax())
    ordered = sorted(evidence, key=lambda item: -abs(item.weight))
    return Assessment(Label(LEVELS[best], float(chances[best])), tuple(ordered), score)


def sampled(text: str) -> str:
    """As much of a text as is judged."""
    return text[:MAX_CHARACTERS]


def _wording(text: str) -> Iterator[tuple[str, Evidence]]:
    """Yield each kind of cue once, by its first occurrence that counts."""
    for cue in CUES:
        for match in cue.pattern.finditer(text):
            weight = _weight(cue, text, match.start())
            if weight:
                quote = _quote(text, match, turned=weight != cue.weight)
                yield cue.name, Evidence("word", quote, weight)
                break


def _weight(cue: Cue, text: str, start: int) -> float:
    if cue.name in UNTURNED:
        return cue.weight
    before = _CLAUSE_END.split(text[max(0, start - REACH) : start])[-1]
    if EMPHASIS.search(before) or not NEGATION.search(before):
        return cue.weight
    return cue.negated


def _quote(text: str, match: re.Match[str], *, turned: bool) -> str:
    start = max(0, match.start() - REACH) if turned else match.start()
    quoted = text[start : match.end()]
    if turned:
        negation = NEGATION.search(_CLAUSE_END.split(quoted)[-1])
        quoted = _CLAUSE_END.split(quoted)[-1][negation.start() if negation else 0 :]
    return " ".join(quoted.split())


def _impact(text: str, affected: int | None) -> Iterator[tuple[str, Evidence]]:
    match = AFFECTED.search(text)
    said = int(match.group(1)) if match else 0
    people = max(said, affected or 0)
    if people < 2:
        return
    weight = 0.4 if people < 5 else 0.8 if people < 20 else 1.4
    quoted = match.group() if match and said == people else str(people)
    yield ("affected" if people >= 5 else "few"), Evidence("rule", quoted, weight)


def _total(evidence: list[Evidence]) -> float:
    """Add up; each further reason of the same direction counts a little less."""
    total = 0.0
    for sign in (1, -1):
        weights = sorted((abs(e.weight) for e in evidence if e.weight * sign > 0), reverse=True)
        total += sign * sum(weight * 0.85**place for place, weight in enumerate(weights))
    return total


def _chances(score: float, *, certainty: float) -> Chances:
    """Return the chance of each level: a bell around the score, narrower with evidence."""
    width = 0.9 - 0.45 * (1 - math.exp(-certainty))
    distance = (np.arange(len(LEVELS)) - score) / width
    bell: Chances = np.exp(-0.5 * distance**2)
    return np.asarray(bell / bell.sum(), dtype=np.float64)


def _with_history(
    chances: Chances, head: Classifier, text: str, labels: Sequence[Label]
) -> tuple[Chances, list[Evidence]]:
    learnt = np.full(len(LEVELS), 1e-3)
    for label in labels:
        if label.value in LEVELS:
            learnt[LEVELS.index(label.value)] += label.confidence
    trust = head.rows / (head.rows + TRUSTED_ROWS)
    mixed = chances ** (1 - 0.5 * trust) * (learnt / learnt.sum()) ** trust
    best = LEVELS[int(mixed.argmax())]
    found = [
        Evidence("history", item.text, item.weight * trust) for item in head.explain(text, best)
    ]
    return mixed / mixed.sum(), found[:3]
