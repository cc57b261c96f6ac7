"""The value objects every part of the engine speaks. All frozen, all plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class EngineError(Exception):
    """A failure of the engine that knows whether trying again can help.

    `message` is one sentence fit for a person; `permanent` is True when the same
    call would fail the same way again (bad key, refused answer, wrong model).
    `answered` is True when a service is well and what it said was no use.
    """

    answered = False

    def __init__(self, message: str, permanent: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Label:
    """One answer of a classifier; `confidence` is a calibrated probability (0..1)."""

    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a label was given.

    kind: "word" (the text holds it), "rule", "ticket", "history" or "model".
    text: the quoted words or a reference; weight: share of the decision, 0..1.
    """

    kind: str
    text: str
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that was found about one ticket. Label tuples are best first."""

    language: str
    language_confidence: float
    categories: tuple[Label, ...] = ()
    teams: tuple[Label, ...] = ()
    urgency: Label | None = None
    evidence: tuple[Evidence, ...] = ()
    source: str = "local"

    @property
    def category(self) -> Label | None:
        """The best category, or None where nothing was known."""
        return self.categories[0] if self.categories else None

    @property
    def team(self) -> Label | None:
        """The best team, or None where nothing was known."""
        return self.teams[0] if self.teams else None


@dataclass(frozen=True, slots=True)
class Point:
    """One vector to store. `id` comes from `point_id(kind, object_id, chunk)`.

    `text` feeds the lexical side; `vector` has the model's dimension, normalised.
    `payload` is free, but may not use the reserved keys of the store.
    """

    id: str
    organization_id: int
    kind: str
    object_id: int
    text: str
    vector: Any
    chunk: int = 0
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result.

    score: fused, higher is better, comparable only inside one answer.
    dense: cosine similarity with the query (-1..1); lexical: BM25 (0 = no shared word).
    """

    id: str
    score: float
    payload: Mapping[str, Any]
    dense: float = 0.0
    lexical: float = 0.0

    @property
    def kind(self) -> str:
        """ "ticket", "article", "document" or "response"."""
        return str(self.payload["kind"])

    @property
    def object_id(self) -> int:
        """The primary key of what was found."""
        return int(self.payload["object_id"])


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a source that a draft may quote; `place` as in `Citation`."""

    kind: str
    object_id: int
    title: str
    text: str
    score: float = 0.0
    language: str = ""
    chunk: int = 0
    place: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered source of a draft; `number` is what stands in the text as [1].

    place: where in a document it stands ("page:3", "sheet:Prices", "slide:2"), else "".
    """

    number: int
    kind: str
    object_id: int
    title: str
    quote: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposed answer. Every sentence of `text` outside the frame has a citation.

    `unsupported_sentences` lists those that no source backs: always empty for an
    extractive draft, filled in by the check of a generated one.
    """

    text: str
    language: str
    citations: tuple[Citation, ...]
    confidence: float
    unsupported_sentences: tuple[str, ...] = ()
    source: str = "extractive"


@dataclass(frozen=True, slots=True)
class NoDraft:
    """Why there is no draft: `code` for programs, `reason` for people (English)."""

    code: str
    reason: str
