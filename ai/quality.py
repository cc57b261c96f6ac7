"""How good predictions were: the few figures that the AI page shows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ai.engine import metrics
from ai.reading import VERY_LIKELY

Ranked = Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares of `rows` held-out tickets, 0..1; `sure_*` are about those called very likely."""

    rows: int = 0
    accuracy: float = 0.0
    macro_f1: float = 0.0
    top3: float = 0.0
    sure_share: float = 0.0
    sure_accuracy: float = 0.0
    calibration_error: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def measure(truth: Sequence[str], predicted: Sequence[Ranked]) -> Quality:
    """Compare predictions (label and confidence, best first) with what the tickets were."""
    rows = len(truth)
    best = [(row[0] if row else ("", 0.0)) for row in predicted]
    labels = [label for label, _ in best]
    chances = [chance for _, chance in best]
    right = [label == wanted for label, wanted in zip(labels, truth, strict=True)]
    sure = [hit for hit, chance in zip(right, chances, strict=True) if chance >= VERY_LIKELY]
    return Quality(
        rows=rows,
        accuracy=metrics.accuracy(truth, labels),
        macro_f1=metrics.macro_f1(truth, labels),
        top3=metrics.top_k(truth, [[label for label, _ in row[:3]] for row in predicted]),
        sure_share=len(sure) / rows if rows else 0.0,
        sure_accuracy=metrics.mean(sure),
        calibration_error=metrics.calibration_error(right, chances),
    )
