"""What a reading of a ticket found: plain values between the engine and the tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ai.models import Suggestion

# Calibrated probabilities, so a band keeps its promise: "Very likely" is right nine times of ten.
VERY_LIKELY = 0.9
LIKELY = 0.7


def band_of(confidence: float) -> str:
    """The words for a calibrated probability (UI never shows the number)."""
    if confidence >= VERY_LIKELY:
        return Suggestion.Band.VERY_LIKELY.value
    if confidence >= LIKELY:
        return Suggestion.Band.LIKELY.value
    return Suggestion.Band.UNSURE.value


def is_sure(confidence: float) -> bool:
    """Whether a confidence is worth acting on: likely or better."""
    return band_of(confidence) != Suggestion.Band.UNSURE.value


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible value of a field; `object_id` is the category's or team's primary key."""

    value: str
    confidence: float
    object_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return {
            "value": self.value,
            "object_id": self.object_id,
            "confidence": round(self.confidence, 4),
            "band": band_of(self.confidence),
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value for one field with its evidence (JSON-ready dictionaries with kind and text)."""

    field: str
    choice: Choice
    evidence: tuple[Mapping[str, Any], ...] = ()
    alternatives: tuple[Choice, ...] = ()
    source: str = "local"
    language: str = ""


@dataclass(frozen=True, slots=True)
class Automatic:
    """What could be answered without a person: quotations of articles that the portal shows.

    text: no greeting, one quoted sentence a line with its [1]; "" where `reason` says why not.
    category: what the ticket is about, 1.0 where somebody decided it; None: not known.
    """

    category: int | None
    category_confidence: float = 0.0
    text: str = ""
    sources: tuple[Mapping[str, Any], ...] = ()
    confidence: float = 0.0
    language: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one reading found; `details` is kept as the enrichment's verdict."""

    language: str
    proposals: tuple[Proposal, ...]
    sources: tuple[Mapping[str, Any], ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    label: str = "local"
    automatic: Automatic | None = None

    def proposal(self, name: str) -> Proposal | None:
        """The proposal for one field."""
        return next((p for p in self.proposals if p.field == name), None)
