"""What a condition is asked about: plain values, and what they were before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Facts:
    """A ticket at one moment.

    `values` has one entry per field of the catalogue that is known: text, a number, a key, a
    primary key, a frozenset of names, or None for "nothing". `before` has the earlier values of
    exactly the fields that this event changed. `confidence` says how sure the AI is of a field
    (0 to 1).
    """

    values: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    confidence: Mapping[str, float] = field(default_factory=dict)
