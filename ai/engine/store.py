"""The port to the vector store: what both adapters share.

`store_edge` embeds Qdrant in the one process that owns the folder; `store_server`
talks to a Qdrant server. Both keep a dense and a BM25 vector per point under one
payload schema, filter every single search by organization, and rank by `fuse`.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ai.engine import lexical
from ai.engine.types import EngineError, Hit, Point

DENSE = "dense"
BM25 = "bm25"
KINDS = ("ticket", "article", "document", "response")
RESERVED = frozenset({"organization_id", "kind", "object_id", "chunk"})

FilterValue = str | int | Collection[str] | Collection[int]

# Weights of the fusion, measured on paraphrased questions: cosine alone finds them;
# rank fusion (RRF) with BM25 lost five points of precision, a bounded lexical bonus
# loses nothing and settles names; an exact code (0x80070035, KB5001) outweighs both.
LEXICAL_WEIGHT = 0.10
LEXICAL_HALF = 10.0
CODE_WEIGHT = 0.60
CODE_HALF = 1.0
# Only a short query asks for a code; in a whole ticket, codes are mostly noise (with
# them nearest tickets shared the team in 62 % of cases, without in 65 %).
CODE_QUERY_WORDS = 12
# Each side offers this many times the asked limit before fusion.
OVERSAMPLING = 4
MINIMUM_CANDIDATES = 40

# An approximate index may miss a point that is so much nearer than the last it found.
UNSEEN = 0.05

# How vectors are kept for the first look: as they are, a byte or a bit for each number. Those
# found are compared again by their whole vectors, of this many times as many.
QUANTIZATIONS = ("none", "scalar", "binary")
RESCORED = 4.0

_NAMESPACE = uuid.UUID("6f4b6f0c-5e0f-5c8e-9d0a-0d7c0f9b2a11")


@dataclass(frozen=True, slots=True)
class Stored:
    """A point as it lies in the store: its payload and its normalised dense vector."""

    payload: Mapping[str, Any]
    vector: NDArray[np.float32]


# What one kind of query found: ids with their scores.
Side = Collection[tuple[str, float]]


class VectorStore(Protocol):
    """Where vectors live. Every method may raise `EngineError`."""

    @property
    def dimension(self) -> int: ...

    def upsert(self, points: Sequence[Point]) -> None:
        """Add the points, replacing those of the same id."""
        ...

    def delete(self, ids: Collection[str]) -> None:
        """Remove points by id; unknown ids are ignored."""
        ...

    def delete_object(self, kind: str, object_id: int, *, keep_chunks: int = 0) -> None:
        """Remove an object's points, but those of its first `keep_chunks` chunks."""
        ...

    def delete_organization(self, organization_id: int) -> None:
        """Remove all an organization has."""
        ...

    def search(
        self,
        query_text: str,
        query_vector: NDArray[np.float32],
        *,
        organizations: Collection[int],
        kinds: Collection[str] = (),
        limit: int = 10,
        filters: Mapping[str, FilterValue] | None = None,
        exclude: Collection[str] = (),
    ) -> list[Hit]:
        """Return the best points, best first.

        organizations: whose points may be seen; empty means none, always.
        kinds: which kinds (empty: all). filters: payload key -> value or values.
        exclude: point ids to leave out. query_text "" searches by vector alone.
        """
        ...

    def retrieve(self, ids: Collection[str]) -> dict[str, Stored]:
        """Return what is known of these points; unknown ids are left out."""
        ...

    def count(
        self, *, organizations: Collection[int] | None = None, kinds: Collection[str] = ()
    ) -> int:
        """Count points; None counts every organization's (maintenance only)."""
        ...

    def optimize(self) -> None:
        """Build the indexes now; slow after a bulk load, so run it in the background."""
        ...

    def close(self) -> None:
        """Flush and let go of the store."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A raw result of one side, before fusion. `vector` is normalised, or empty."""

    id: str
    score: float
    payload: Mapping[str, Any]
    vector: Sequence[float] | NDArray[np.float32] = ()


def point_id(kind: str, object_id: int, chunk: int = 0) -> str:
    """Return the stable id of a point: the same object and chunk, the same id."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}:{object_id}:{chunk}"))


def make_point(
    organization_id: int,
    kind: str,
    object_id: int,
    text: str,
    vector: NDArray[np.float32],
    *,
    chunk: int = 0,
    payload: Mapping[str, Any] | None = None,
) -> Point:
    """Build a point with its stable id."""
    key = point_id(kind, object_id, chunk)
    return Point(key, organization_id, kind, object_id, text, vector, chunk, payload or {})


def full_payload(point: Point, dimension: int) -> dict[str, Any]:
    """Return what is stored with a point; refuses a wrong kind, key or vector length."""
    if point.kind not in KINDS:
        raise EngineError(f"Unknown kind of point: {point.kind!r}.", permanent=True)
    if taken := RESERVED & point.payload.keys():
        raise EngineError(f"Reserved payload keys: {', '.join(sorted(taken))}.", permanent=True)
    if len(point.vector) != dimension:
        message = f"The vector has {len(point.vector)} numbers, the store wants {dimension}."
        raise EngineError(message, permanent=True)
    return {
        "organization_id": point.organization_id,
        "kind": point.kind,
        "object_id": point.object_id,
        "chunk": point.chunk,
        **{key: _plain(value) for key, value in point.payload.items()},
    }


def filter_clauses(
    organizations: Collection[int] | None,
    kinds: Collection[str],
    filters: Mapping[str, FilterValue] | None,
) -> dict[str, list[Any]]:
    """Return payload key -> allowed values; every clause must hold."""
    clauses: dict[str, list[Any]] = {}
    for key, value in (filters or {}).items():
        if key in RESERVED:
            raise EngineError(f"Filter on {key!r} by its own argument.", permanent=True)
        values = [value] if isinstance(value, str | int) else value
        clauses[key] = [_plain(item) for item in values]
    if organizations is not None:
        clauses["organization_id"] = sorted(set(organizations))
    if kinds:
        clauses["kind"] = sorted(set(kinds))
    return clauses


def candidates_for(limit: int) -> int:
    """How many results each side should offer for a fused answer of `limit`."""
    return max(MINIMUM_CANDIDATES, limit * OVERSAMPLING)


def sparse_queries(query_text: str) -> list[lexical.SparseVector]:
    """Return the BM25 queries of a text: all its words, then a short one's codes alone."""
    queries = [lexical.query_vector(query_text)]
    is_short = len(query_text.split()) <= CODE_QUERY_WORDS
    if is_short and (only_codes := lexical.codes(query_text)):
        queries.append(lexical.query_vector(only_codes))
    return [query for query in queries if query[0]]


def within_reach(near: Side, words: Side, exact: Side, *, limit: int) -> set[str]:
    """The points that words alone found and that may be among the best `limit`.

    near: the nearest points. What is not among them is no nearer than the last of them (`UNSEEN`
    allows for an index that looks at most points only), so that a bounded bonus lifts few of them
    above those that are: only their vectors have to be read.
    """
    seen = {key for key, _cosine in near}
    bonus = _bonuses(words, exact)
    scores = sorted((cosine + bonus.get(key, 0.0) for key, cosine in near), reverse=True)
    if len(scores) < limit:
        return bonus.keys() - seen
    last = min(cosine for _key, cosine in near) + UNSEEN
    return {
        key for key, more in bonus.items() if key not in seen and last + more >= scores[limit - 1]
    }


def fuse(
    query_vector: NDArray[np.float32],
    dense: Iterable[Candidate],
    words: Iterable[Candidate] = (),
    exact: Iterable[Candidate] = (),
    *,
    limit: int,
) -> list[Hit]:
    """Rank by cosine + bounded BM25 bonus + bounded bonus for exact codes.

    A point that only the lexical side found brings its vector along, so that its
    cosine is known as well and not taken for zero.
    """
    query = np.asarray(query_vector, dtype=np.float32)
    payloads: dict[str, Mapping[str, Any]] = {}
    cosines: dict[str, float] = {}
    for candidate in dense:
        payloads[candidate.id] = candidate.payload
        cosines[candidate.id] = candidate.score
    words, exact = list(words), list(exact)
    for candidate in (*words, *exact):
        payloads.setdefault(candidate.id, candidate.payload)
        if candidate.id not in cosines:
            vector = np.asarray(candidate.vector, dtype=np.float32)
            cosines[candidate.id] = float(vector @ query) if len(vector) == len(query) else 0.0
    bm25 = {candidate.id: candidate.score for candidate in words}
    bonus = _bonuses(bm25.items(), ((candidate.id, candidate.score) for candidate in exact))
    scores = {key: cosines[key] + bonus.get(key, 0.0) for key in payloads}
    best = sorted(scores, key=lambda key: (-scores[key], key))[:limit]
    return [
        Hit(key, scores[key], payloads[key], dense=cosines[key], lexical=bm25.get(key, 0.0))
        for key in best
    ]


def _bonuses(
    words: Iterable[tuple[str, float]], exact: Iterable[tuple[str, float]]
) -> dict[str, float]:
    """What words and exact codes add to a point's cosine."""
    found = {key: LEXICAL_WEIGHT * _saturate(score, LEXICAL_HALF) for key, score in words}
    for key, score in exact:
        found[key] = found.get(key, 0.0) + CODE_WEIGHT * _saturate(score, CODE_HALF)
    return found


def _plain(value: Any) -> Any:
    """Booleans live in the store as 0 and 1: the embedded engine cannot filter on True."""
    return int(value) if isinstance(value, bool) else value


def _saturate(score: float, half: float) -> float:
    return score / (score + half) if score > 0 and math.isfinite(score) else 0.0
