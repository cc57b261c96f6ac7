"""The vector store on a Qdrant server, for installations that run more than one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from ai.engine import lexical
from ai.engine.store import (
    BM25,
    DENSE,
    RESCORED,
    Candidate,
    FilterValue,
    Stored,
    candidates_for,
    filter_clauses,
    full_payload,
    fuse,
    sparse_queries,
)
from ai.engine.types import EngineError, Hit, Point

_INDEXED = {
    "organization_id": models.PayloadSchemaType.INTEGER,
    "kind": models.PayloadSchemaType.KEYWORD,
    "object_id": models.PayloadSchemaType.INTEGER,
    "chunk": models.PayloadSchemaType.INTEGER,
}
_QUANTIZATIONS: dict[str, models.QuantizationConfig | None] = {
    "none": None,
    "scalar": models.ScalarQuantization(
        scalar=models.ScalarQuantizationConfig(
            type=models.ScalarType.INT8, quantile=0.99, always_ram=True
        )
    ),
    "binary": models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True)),
}
_EXACT_IN_THE_END = models.SearchParams(
    quantization=models.QuantizationSearchParams(rescore=True, oversampling=RESCORED)
)


@contextmanager
def _guarded() -> Iterator[None]:
    try:
        yield
    except UnexpectedResponse as error:
        status = error.status_code or 500
        permanent = 400 <= status < 500 and status not in (408, 429)
        message = f"The vector server answered {status}: {error.reason_phrase}"
        raise EngineError(message, permanent=permanent) from error
    except (ApiException, httpx.HTTPError) as error:
        raise EngineError(f"The vector server cannot be reached: {error}") from error


class ServerStore:
    """A `VectorStore` on a Qdrant server; creates its collection when missing.

    quantization (of `QUANTIZATIONS`) says how a new one keeps vectors.
    """

    def __init__(
        self,
        client: QdrantClient,
        *,
        dimension: int,
        collection: str = "omnidesk",
        quantization: str = "none",
    ) -> None:
        self.dimension = dimension
        self._quantization = _QUANTIZATIONS[quantization]
        self._client = client
        self._collection = collection
        self._prepare()

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        dimension: int,
        collection: str = "omnidesk",
        api_key: str = "",
        timeout: int = 10,
        quantization: str = "none",
    ) -> ServerStore:
        """Connect to the server at `url` (seconds of timeout for every call)."""
        client = connect(url, api_key=api_key, timeout=timeout)
        return cls(client, dimension=dimension, collection=collection, quantization=quantization)

    @_guarded()
    def upsert(self, points: Sequence[Point]) -> None:
        """See `VectorStore.upsert`."""
        if points:
            converted = [self._point(point) for point in points]
            self._client.upsert(self._collection, points=converted, wait=True)

    @_guarded()
    def delete(self, ids: Collection[str]) -> None:
        """See `VectorStore.delete`."""
        if ids:
            selector = models.PointIdsList(points=list(ids))
            self._client.delete(self._collection, points_selector=selector, wait=True)

    @_guarded()
    def delete_object(self, kind: str, object_id: int, *, keep_chunks: int = 0) -> None:
        """See `VectorStore.delete_object`."""
        must: list[models.Condition] = [
            _condition("kind", [kind]),
            _condition("object_id", [object_id]),
            models.FieldCondition(key="chunk", range=models.Range(gte=keep_chunks)),
        ]
        self._delete_by(models.Filter(must=must))

    @_guarded()
    def delete_organization(self, organization_id: int) -> None:
        """See `VectorStore.delete_organization`."""
        self._delete_by(_filter({"organization_id": [organization_id]}))

    @_guarded()
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
        dense = models.QueryRequest(
            query=[float(x) for x in query_vector],
            using=DENSE,
            filter=selection,
            limit=size,
            with_payload=True,
            params=_EXACT_IN_THE_END if self._quantization else None,
        )
        sparse = [
            models.QueryRequest(
                query=models.SparseVector(indices=indices, values=values),
                using=BM25,
                filter=selection,
                limit=size,
                with_payload=True,
                with_vector=[DENSE],
            )
            for indices, values in sparse_queries(query_text)
        ]
        answers = self._client.query_batch_points(self._collection, requests=[dense, *sparse])
        sides = [[_candidate(point) for point in answer.points] for answer in answers]
        return fuse(query_vector, *sides, limit=limit)

    @_guarded()
    def retrieve(self, ids: Collection[str]) -> dict[str, Stored]:
        """See `VectorStore.retrieve`."""
        found = self._client.retrieve(
            self._collection, ids=list(ids), with_payload=True, with_vectors=[DENSE]
        )
        return {
            str(point.id): Stored(
                point.payload or {}, np.asarray(point.vector[DENSE], dtype=np.float32)
            )
            for point in found
            if isinstance(point.vector, dict)
        }

    @_guarded()
    def count(
        self, *, organizations: Collection[int] | None = None, kinds: Collection[str] = ()
    ) -> int:
        """See `VectorStore.count`."""
        if organizations is not None and not organizations:
            return 0
        selection = _filter(filter_clauses(organizations, kinds, None))
        return self._client.count(self._collection, count_filter=selection, exact=True).count

    def optimize(self) -> None:
        """See `VectorStore.optimize`: a server optimizes by itself."""

    def close(self) -> None:
        """See `VectorStore.close`."""
        self._client.close()

    @_guarded()
    def _prepare(self) -> None:
        if self._client.collection_exists(self._collection):
            self._check_dimension()
            return
        size = models.VectorParams(
            size=self.dimension,
            distance=models.Distance.COSINE,
            quantization_config=self._quantization,
        )
        self._client.create_collection(
            self._collection,
            vectors_config={DENSE: size},
            sparse_vectors_config={BM25: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )
        for field, schema in _INDEXED.items():
            self._client.create_payload_index(self._collection, field, field_schema=schema)

    def _check_dimension(self) -> None:
        vectors = self._client.get_collection(self._collection).config.params.vectors
        params = vectors.get(DENSE) if isinstance(vectors, dict) else None
        if params is None or params.size != self.dimension:
            message = (
                f"The collection {self._collection!r} was built by a model of another size than "
                f"{self.dimension}: rebuild the index."
            )
            raise EngineError(message, permanent=True)

    def _point(self, point: Point) -> models.PointStruct:
        payload = full_payload(point, self.dimension)
        indices, values = lexical.document_vector(point.text)
        vectors: dict[str, Any] = {DENSE: [float(x) for x in point.vector]}
        if indices:
            vectors[BM25] = models.SparseVector(indices=indices, values=values)
        return models.PointStruct(id=point.id, vector=vectors, payload=payload)

    def _delete_by(self, selection: models.Filter) -> None:
        selector = models.FilterSelector(filter=selection)
        self._client.delete(self._collection, points_selector=selector, wait=True)


def connect(url: str, *, api_key: str = "", timeout: int = 10) -> QdrantClient:
    """A client of the server at `url`; nothing is asked yet."""
    return QdrantClient(
        url=url, api_key=api_key or None, timeout=timeout, check_compatibility=False
    )


@_guarded()
def collections(client: QdrantClient) -> list[str]:
    """Names of what lies on the server."""
    return [one.name for one in client.get_collections().collections]


@_guarded()
def drop(client: QdrantClient, collection: str) -> None:
    """Remove a collection; one that is gone is no error."""
    client.delete_collection(collection)


def _candidate(point: models.ScoredPoint) -> Candidate:
    vectors: Any = point.vector
    vector = vectors.get(DENSE, ()) if isinstance(vectors, dict) else ()
    return Candidate(str(point.id), float(point.score), point.payload or {}, vector)


def _filter(clauses: Mapping[str, list[Any]], exclude: Collection[str] = ()) -> models.Filter:
    must: list[models.Condition] = [_condition(key, values) for key, values in clauses.items()]
    must_not: list[models.Condition] = []
    if exclude:
        must_not.append(models.HasIdCondition(has_id=list(exclude)))
    return models.Filter(must=must, must_not=must_not)


def _condition(key: str, values: list[Any]) -> models.Condition:
    match: Any = (
        models.MatchValue(value=values[0]) if len(values) == 1 else models.MatchAny(any=values)
    )
    return models.FieldCondition(key=key, match=match)
