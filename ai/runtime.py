"""The models of the ai-worker: built once, on first use, and shared by its threads.

Only the ai-worker may call `runtime()`: it loads torch and opens the vector store. The web asks
by `ai.client` instead.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from ai.engine.batching import MicroBatcher
from ai.engine.embed import Embedder
from ai.engine.store_pair import PairedStore
from ai.engine.types import EngineError
from ai.shelf import Shelf, open_shelf

# A failed start is not tried again by every waiting ticket: loading the model takes seconds.
RETRY_SECONDS = 10.0


class RuntimeUnavailable(EngineError):
    """This process cannot read tickets now; the ticket itself is not to blame."""


@dataclass(slots=True)
class Runtime:
    """What the ai-worker owns."""

    embedder: Embedder
    batcher: MicroBatcher
    shelf: Shelf
    is_embedded: bool

    @property
    def store(self) -> PairedStore:
        """The vector store in use."""
        return self.shelf.store

    @property
    def model_name(self) -> str:
        """Name of the embedding model."""
        return self.embedder.name

    @property
    def has_gpu(self) -> bool:
        """Whether the model works on one."""
        return self.embedder.device == "cuda"

    def status(self) -> dict[str, Any]:
        """What the models page and the API show."""
        batches = self.batcher.statistics()
        return {
            "model": self.embedder.name,
            "dimensions": self.embedder.dimension,
            "device": self.embedder.device,
            "precision": "float16" if self.has_gpu else "float32",
            "store": "qdrant-edge" if self.is_embedded else "qdrant",
            "points": self.store.count(),
            "quantization": self.shelf.quantization,
            "texts": batches.texts,
            "cache_hits": batches.cache_hits,
            "batches": batches.batches,
            "mean_batch": round(batches.mean_batch, 2),
            "largest_batch": max(batches.batch_sizes, default=0),
        }

    def close(self) -> None:
        """End the batcher's thread, flush the store and let go of its folder."""
        self.batcher.close()
        self.store.close()


class _Holder:
    """Builds the runtime under a lock, remembers a failure for a moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._embedder: Embedder | None = None
        self._runtime: Runtime | None = None
        self._failure: tuple[float, EngineError] | None = None

    def get(self) -> Runtime:
        found = self._runtime
        if found is None:
            return self._get_locked()
        if not found.is_embedded:
            # Another worker may have built the store anew.
            found.shelf.follow_now_and_then()
        return found

    def _get_locked(self) -> Runtime:
        with self._lock:
            # Another thread may have built it while this one waited.
            if self._runtime is not None:
                return self._runtime
            if self._failure and time.monotonic() - self._failure[0] < RETRY_SECONDS:
                raise RuntimeUnavailable(self._failure[1].message) from self._failure[1]
            try:
                self._runtime = self._build()
            except EngineError as error:
                self._failure = (time.monotonic(), error)
                raise RuntimeUnavailable(error.message) from error
            return self._runtime

    def close(self) -> None:
        with self._lock:
            if self._runtime is not None:
                self._runtime.close()
            self._runtime = self._failure = None

    def _build(self) -> Runtime:
        if self._embedder is None:
            self._embedder = Embedder(settings.EMBEDDING_MODEL)
        shelf = open_shelf(self._embedder)
        batcher = MicroBatcher(self._embedder)
        return Runtime(self._embedder, batcher, shelf, is_embedded=not settings.QDRANT_URL)


_holder = _Holder()


def runtime() -> Runtime:
    """This process's models; the first call loads them (2-4 s).

    Raises `RuntimeUnavailable` with one sentence when the model is missing or another process
    holds the vector store.
    """
    return _holder.get()


def close_runtime() -> None:
    """Let go of everything, at the worker's end."""
    _holder.close()
