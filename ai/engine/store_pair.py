"""A vector store that can be replaced by a newly built one while everybody goes on using it."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ai.engine.store import FilterValue, Stored, VectorStore
from ai.engine.types import Hit, Point

# A search that began before the switch has ended by then.
GRACE_SECONDS = 10.0


class PairedStore:
    """The `VectorStore` in use, and the one that is being built beside it, if any.

    Reads come from the one in use. Writes reach both, so what is built is never behind by what
    happens meanwhile. Safe from several threads.
    """

    def __init__(self, current: VectorStore) -> None:
        self._lock = threading.Lock()
        self._current = current
        self._coming: VectorStore | None = None
        self._retired: list[tuple[float, VectorStore]] = []

    @property
    def dimension(self) -> int:
        """Numbers of a vector."""
        return self._current.dimension

    @property
    def coming(self) -> VectorStore | None:
        """The store that is being built."""
        return self._coming

    def begin(self, coming: VectorStore) -> None:
        """Write to `coming` as well from now on."""
        with self._lock:
            self._coming = coming

    def switch(self) -> None:
        """Read from what was built; the other is closed by `close_retired` a moment later."""
        with self._lock:
            if self._coming is not None:
                self._retired.append((time.monotonic(), self._current))
                self._current, self._coming = self._coming, None

    def abandon(self) -> None:
        """Build no further."""
        with self._lock:
            if self._coming is not None:
                self._retired.append((time.monotonic(), self._coming))
                self._coming = None

    def close_retired(self, *, after: float = GRACE_SECONDS) -> bool:
        """Close what nobody reads any more; False while some of it may still be read."""
        limit = time.monotonic() - after
        with self._lock:
            done = [store for since, store in self._retired if since <= limit]
            self._retired = [pair for pair in self._retired if pair[0] > limit]
            is_clear = not self._retired
        for store in done:
            store.close()
        return is_clear

    def upsert(self, points: Sequence[Point]) -> None:
        """See `VectorStore.upsert`."""
        for store in self._both():
            store.upsert(points)

    def delete(self, ids: Collection[str]) -> None:
        """See `VectorStore.delete`."""
        for store in self._both():
            store.delete(ids)

    def delete_object(self, kind: str, object_id: int, *, keep_chunks: int = 0) -> None:
        """See `VectorStore.delete_object`."""
        for store in self._both():
            store.delete_object(kind, object_id, keep_chunks=keep_chunks)

    def delete_organization(self, organization_id: int) -> None:
        """See `VectorStore.delete_organization`."""
        for store in self._both():
            store.delete_organization(organization_id)

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
        return self._current.search(
            query_text,
            query_vector,
            organizations=organizations,
            kinds=kinds,
            limit=limit,
            filters=filters,
            exclude=exclude,
        )

    def retrieve(self, ids: Collection[str]) -> dict[str, Stored]:
        """See `VectorStore.retrieve`."""
        return self._current.retrieve(ids)

    def count(
        self, *, organizations: Collection[int] | None = None, kinds: Collection[str] = ()
    ) -> int:
        """See `VectorStore.count`."""
        return self._current.count(organizations=organizations, kinds=kinds)

    def optimize(self) -> None:
        """See `VectorStore.optimize`."""
        self._current.optimize()

    def close(self) -> None:
        """See `VectorStore.close`."""
        self.close_retired(after=0.0)
        for store in self._both():
            store.close()

    def _both(self) -> list[VectorStore]:
        with self._lock:
            return [self._current] if self._coming is None else [self._current, self._coming]
