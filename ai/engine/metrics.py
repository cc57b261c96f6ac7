"""The measures by which classification and search are judged. All in 0..1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

CALIBRATION_BINS = 15


def accuracy(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """Return the share of right predictions; 0 without any."""
    return _share([a == b for a, b in zip(truth, predicted, strict=True)])


def macro_f1(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """Return the mean F1 over every label that was true or predicted."""
    right = Counter(a for a, b in zip(truth, predicted, strict=True) if a == b)
    wanted, given = Counter(truth), Counter(predicted)
    labels = wanted.keys() | given.keys()
    scores = [2 * right[label] / (wanted[label] + given[label]) for label in labels]
    return sum(scores) / len(scores) if scores else 0.0


def top_k(truth: Sequence[str], offered: Sequence[Sequence[str]]) -> float:
    """Return the share of rows whose true label is among those offered."""
    return _share([label in labels for label, labels in zip(truth, offered, strict=True)])


def accuracy_at_coverage(
    right: Sequence[bool], confidence: Sequence[float], coverage: float
) -> float:
    """Return the accuracy among the most confident `coverage` (0..1) of the rows."""
    order = sorted(range(len(right)), key=lambda row: -confidence[row])
    return _share([right[row] for row in order[: int(len(order) * coverage)]])


def calibration_error(right: Sequence[bool], confidence: Sequence[float]) -> float:
    """Return the expected calibration error over 15 bins of equal width."""
    bins: dict[int, list[tuple[bool, float]]] = {}
    for hit, sure in zip(right, confidence, strict=True):
        place = min(CALIBRATION_BINS - 1, int(sure * CALIBRATION_BINS))
        bins.setdefault(place, []).append((hit, sure))
    gaps = (abs(sum(hit - sure for hit, sure in rows)) for rows in bins.values())
    return sum(gaps) / len(right) if right else 0.0


def precision_at(ranked: Sequence[bool], place: int) -> float:
    """Return the share of right results among the first `place` of one answer."""
    return sum(ranked[:place]) / place


def reciprocal_rank(ranked: Sequence[bool]) -> float:
    """Return 1 / place of the first right result of one answer; 0 without one."""
    return next((1 / place for place, right in enumerate(ranked, 1) if right), 0.0)


def mean(values: Sequence[float]) -> float:
    """Return the mean, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0
