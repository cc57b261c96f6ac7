"""The embedded vector store: Qdrant Edge in a folder that one process owns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from ai.engine import lexical
from ai.engine.store import (
    BM25,
    DENSE,
    RESCORED,
    Candidate,
    FilterValue,
    Side,
    Stored,
    candidates_for,
    filter_clauses,
    full_payload,
    fuse,
    sparse_queries,
    within_reach,
)
from ai.engine.types import EngineError, Hit, Point

T = TypeVar("T")

_INDEXED = {
    "organization_id": edge.PayloadSchemaType.Integer,
    "kind": edge.PayloadSchemaType.Keyword,
    "object_id": edge.PayloadSchemaType.Integer,
    "chunk": edge.PayloadSchemaType.Integer,
}
_QUANTIZATIONS = {
    "none": None,
    "scalar": edge.ScalarQuantizationConfig(edge.ScalarType.Int8, quantile=0.99, always_ram=True),
    "binary": edge.BinaryQuantizationConfig(always_ram=True),
}
# Without quantized vectors it changes nothing.
_EXACT_IN_THE_END = edge.SearchParams(
    quantization=edge.QuantizationSearchParams(rescore=True, oversampling=RESCORED)
)


class EdgeStore:
    """A `VectorStore` in a folder. Safe from several threads of one process.

    Opening a folder that another process holds raises a permanent `EngineError`. quantization
    (of `QUANTIZATIONS`) says how a new folder keeps vectors; an existing one stays as it is.
    Vectors are quantized by `optimize`.
    """

    def __init__(self, folder: Path, *, dimension: int, quantization: str = "none") -> None:
        self.dimension = dimension
        self._quantization = _QUANTIZATIONS[quantization]
        self._folder = folder
        self._optimizing = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "edge_config.json").exists():
            self._shard = self._open(lambda: edge.EdgeShard.load(str(folder)))
            self._check_dimension()
        else:
            self._shard = self._open(lambda: edge.EdgeShard.create(str(folder), self._config()))
            for field, schema in _INDEXED.items():
                self._update(edge.UpdateOperation.create_field_index(field, schema))

    def upsert(self, points: Sequence[Point]) -> None:
        """See `VectorStore.upsert`."""
        if points:
            converted = [self._point(point) for point in points]
            self._update(edge.UpdateOperation.upsert_points(converted))

    def delete(self, ids: Collection[str]) -> None:
        """See `VectorStore.delete`."""
        if ids:
            self._update(edge.UpdateOperation.delete_points(list(ids)))

    def delete_object(self, kind: str, object_id: int, *, keep_chunks: int = 0) -> None:
        """See `VectorStore.delete_object`."""
        must: list[Any] = [
            edge.FieldCondition("kind", match=edge.MatchValue(kind)),
            edge.FieldCondition("object_id", match=edge.MatchValue(object_id)),
            edge.FieldCondition("chunk", range=edge.RangeFloat(gte=float(keep_chunks))),
        ]
        self._update(edge.UpdateOperation.delete_points_by_filter(edge.Filter(must=must)))

    def delete_organization(self, organization_id: int) -> None:
        """See `VectorStore.delete_organization`."""
        selection = _filter({"organization_id": [organization_id]})
        self._update(edge.UpdateOperation.delete_points_by_filter(selection))

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
        """See `VectorStore.search`."""
        if not organizations or limit < 1:
            return []
        selection = _filter(filter_clauses(organizations, kinds, filters), exclude)
        size = candidates_for(limit)
        nearest = [edge.Query.Nearest([float(x) for x in query_vector], using=DENSE)]
        for indices, values in sparse_queries(query_text):
            sparse = edge.SparseVector(indices, values)
            nearest.append(edge.Query.Nearest(sparse, using=BM25))
        requests = [
            edge.QueryRequest(
                limit=size,
                query=query,
                filter=selection,
                with_payload=False,
                with_vector=False,
                params=None if number else _EXACT_IN_THE_END,
            )
            for number, query in enumerate(nearest)
        ]
        batch = edge.QueryBatchRequest(requests)
        answers = _guard(lambda: self._shard.query_batch(batch))
        sides = [[(str(point.id), float(point.score)) for point in answer] for answer in answers]
        return self._fused(query_vector, sides, limit)

    def _fused(
        self, query_vector: NDArray[np.float32], sides: Sequence[Side], limit: int
    ) -> list[Hit]:
        """The best of all sides, with their payloads.

        Each side offers several times as many as are returned: vectors are read of those that
        words alone found, and payloads, with their texts, of those that are returned.
        """
        near = {key for key, _score in sides[0]}
        lexical_sides = [*sides[1:], (), ()][:2]
        reached = within_reach(sides[0], *lexical_sides, limit=limit)
        told = self._read(reached, vector=True)
        # Deleted in between: no vector, no payload, nothing to show.
        found = (
            [
                Candidate(key, score, {}, told[key].vector if key in told else ())
                for key, score in side
                if key in near or key in told
            ]
            for side in sides
        )
        best = fuse(query_vector, *found, limit=limit)
        shown = self._read({hit.id for hit in best}, payload=True)
        return [replace(hit, payload=shown[hit.id].payload) for hit in best if hit.id in shown]

    def retrieve(self, ids: Collection[str]) -> dict[str, Stored]:
        """See `VectorStore.retrieve`."""
        return self._read(ids, payload=True, vector=True)

    def _read(
        self, ids: Collection[str], *, payload: bool = False, vector: bool = False
    ) -> dict[str, Stored]:
        if not ids:
            return {}
        vectors = [DENSE] if vector else False
        found = _guard(lambda: self._shard.retrieve(list(ids), payload, vectors))
        return {
            str(point.id): Stored(
                point.payload or {},
                np.asarray(point.vector[DENSE] if vector else (), dtype=np.float32),
            )
            for point in found
        }

    def count(
        self, *, organizations: Collection[int] | None = None, kinds: Collection[str] = ()
    ) -> int:
        """See `VectorStore.count`."""
        if organizations is not None and not organizations:
            return 0
        selection = _filter(filter_clauses(organizations, kinds, None))
        return int(_guard(lambda: self._shard.count(edge.CountRequest(filter=selection))))

    def optimize(self) -> None:
        """See `VectorStore.optimize`. A second call while one runs returns at once."""
        if not self._optimizing.acquire(blocking=False):
            return
        try:
            _guard(self._shard.optimize)
        finally:
            self._optimizing.release()

    def close(self) -> None:
        """See `VectorStore.close`."""
        _guard(self._shard.close)

    def _config(self) -> Any:
        dense = edge.EdgeVectorParams(
            self.dimension, edge.Distance.Cosine, quantization_config=self._quantization
        )
        return edge.EdgeConfig(
            vectors={DENSE: dense},
            sparse_vectors={BM25: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        )

    def _open(self, opener: Callable[[], Any]) -> Any:
        try:
            return opener()
        except Exception as error:
            if "WouldBlock" in str(error):
                message = (
                    f"The vector store in {self._folder.name!r} is in use by another process: "
                    "is a second AI worker running?"
                )
                raise EngineError(message, permanent=True) from error
            message = f"The vector store in {self._folder.name!r} cannot be opened: {error}"
            raise EngineError(message, permanent=True) from error

    def _check_dimension(self) -> None:
        probe = edge.Query.Nearest([0.0] * self.dimension, using=DENSE)
        try:
            self._shard.query(edge.QueryRequest(limit=1, query=probe))
        except Exception as error:
            self._shard.close()
            message = (
                f"The vector store was built by a model of another size than {self.dimension}: "
                f"rebuild the index. ({error})"
            )
            raise EngineError(message, permanent=True) from error

    def _point(self, point: Point) -> Any:
        payload = full_payload(point, self.dimension)
        indices, values = lexical.document_vector(point.text)
        vectors: dict[str, Any] = {DENSE: [float(x) for x in point.vector]}
        if indices:
            vectors[BM25] = edge.SparseVector(indices, values)
        return edge.Point(point.id, vectors, payload)

    def _update(self, operation: Any) -> None:
        _guard(lambda: self._shard.update(operation))


def _guard(call: Callable[[], T]) -> T:
    try:
        return call()
    except Exception as error:
        # The binding raises plain Exception for everything, so nothing narrower fits.
        raise EngineError(f"The vector store failed: {error}") from error


def _filter(clauses: Mapping[str, list[Any]], exclude: Collection[str] = ()) -> Any:
    must: list[Any] = [_condition(key, values) for key, values in clauses.items()]
    must_not: list[Any] = [edge.HasIdCondition(set(exclude))] if exclude else []
    return edge.Filter(must=must or None, must_not=must_not or None)


def _condition(key: str, values: list[Any]) -> Any:
    if len(values) == 1:
        return edge.FieldCondition(key, match=edge.MatchValue(values[0]))
    return edge.FieldCondition(key, match=edge.MatchAny(values))
