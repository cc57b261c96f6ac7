"""Merge concurrent embedding calls into one batch, and remember recent results.

A GPU (and, less so, a CPU) embeds 32 texts in little more time than one. Worker
threads call `encode` on their own; whoever arrives while a pass is under way, or, in
busy times, within a few milliseconds of the first, shares the next forward pass.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter, OrderedDict, deque
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ai.engine.embed import Encoder, Vectors
from ai.engine.types import EngineError

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BatchStatistics:
    """What the batcher has done since it was built."""

    texts: int
    cache_hits: int
    batches: int
    batch_sizes: dict[int, int]
    seconds: float

    @property
    def mean_batch(self) -> float:
        """Texts embedded per forward pass."""
        embedded = sum(size * count for size, count in self.batch_sizes.items())
        return embedded / self.batches if self.batches else 0.0


@dataclass(frozen=True, slots=True)
class _Job:
    text: str
    key: bytes
    result: Future[Vector]


class MicroBatcher:
    """An `Encoder` in front of another one. `close()` ends its thread.

    max_batch: texts per forward pass; max_wait_ms: how long the first text of a
    batch waits for company where the one before had some; cache_size: results kept
    (1.5 KB each).
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        max_batch: int = 64,
        max_wait_ms: float = 5.0,
        cache_size: int = 20_000,
    ) -> None:
        self._encoder = encoder
        self._max_batch = max_batch
        self._max_wait = max_wait_ms / 1000
        self._cache_size = cache_size
        self._cache: OrderedDict[bytes, Vector] = OrderedDict()
        self._queue: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._sizes: Counter[int] = Counter()
        self._texts = self._hits = 0
        self._seconds = 0.0
        self._closed = False
        self._had_company = False
        self._thread: threading.Thread | None = None

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return self._encoder.dimension

    def encode(self, texts: list[str]) -> Vectors:
        """Like `Encoder.encode`; blocks until the shared batches are done."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        # All or none of them wait: taken one by one, the first would leave without the others.
        with self._wake:
            futures = [self._submit(text) for text in texts]
            self._wake.notify_all()
        return np.stack([future.result() for future in futures])

    def statistics(self) -> BatchStatistics:
        """Return a snapshot of the counters."""
        with self._wake:
            return BatchStatistics(
                texts=self._texts,
                cache_hits=self._hits,
                batches=self._sizes.total(),
                batch_sizes=dict(self._sizes),
                seconds=self._seconds,
            )

    def close(self) -> None:
        """Finish what is queued and end the thread; later calls raise `EngineError`."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _submit(self, text: str) -> Future[Vector]:
        """Queue one text; the caller holds the lock and wakes the thread."""
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        result: Future[Vector] = Future()
        if self._closed:
            raise EngineError("The embedding service is shutting down.")
        self._texts += 1
        known = self._cache.get(key)
        if known is not None:
            self._hits += 1
            self._cache.move_to_end(key)
            result.set_result(known)
            return result
        if self._thread is None:
            # Started late: a thread made before a fork does not exist in the child.
            self._thread = threading.Thread(target=self._run, name="embedder", daemon=True)
            self._thread.start()
        self._queue.append(_Job(text, key, result))
        return result

    def _run(self) -> None:
        while batch := self._next_batch():
            self._embed(batch)

    def _next_batch(self) -> list[_Job]:
        with self._wake:
            while not self._queue:
                if self._closed:
                    return []
                self._wake.wait()
            # Who comes alone after one that came alone waits for nobody.
            wait = self._max_wait if self._had_company or len(self._queue) > 1 else 0.0
            deadline = time.monotonic() + wait
            while len(self._queue) < self._max_batch and not self._closed:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._wake.wait(left)
            size = min(self._max_batch, len(self._queue))
            self._had_company = size > 1
            return [self._queue.popleft() for _ in range(size)]

    def _embed(self, batch: list[_Job]) -> None:
        unique = {job.key: job.text for job in batch}
        started = time.perf_counter()
        try:
            vectors = self._encoder.encode(list(unique.values()))
        except Exception as error:  # noqa: BLE001 - handed to every waiting caller
            for job in batch:
                job.result.set_exception(error)
            return
        found = dict(zip(unique, vectors, strict=True))
        with self._wake:
            self._seconds += time.perf_counter() - started
            self._sizes[len(unique)] += 1
            self._cache.update(found)
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        for job in batch:
            job.result.set_result(found[job.key])
