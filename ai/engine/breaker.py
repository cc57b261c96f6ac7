"""Stop asking a service that is down; try again after a pause."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ai.engine.types import EngineError

T = TypeVar("T")


class CircuitBreaker:
    """Guards calls to one service; safe from several threads.

    After `failures` temporary errors in a row the circuit opens for `pause` seconds,
    doubled with each failed trial up to `longest`. Permanent errors (a bad key, a
    refused answer) say nothing about the service's health and do not count, nor does an answer
    that is no use: else five hostile tickets would take the service from everybody.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = 5,
        pause: float = 30.0,
        longest: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._limit, self._pause, self._longest = failures, pause, longest
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._opened = 0
        self._closed_until = 0.0
        self._trial = False

    @property
    def is_open(self) -> bool:
        """Whether a call now would be refused."""
        with self._lock:
            return self._refuses()

    def call(self, action: Callable[[], T]) -> T:
        """Run `action`, or raise a temporary `EngineError` while the circuit is open."""
        with self._lock:
            if self._refuses():
                raise EngineError(f"{self._name} is paused after repeated failures.")
            # One caller tries a recovering service; the others wait for what it learns.
            self._trial = self._failed >= self._limit
        try:
            result = action()
        except EngineError as error:
            self._settle(healthy=error.permanent or error.answered)
            raise
        except BaseException:
            self._settle(healthy=False)
            raise
        self._settle(healthy=True)
        return result

    def _refuses(self) -> bool:
        if self._failed < self._limit:
            return False
        return self._trial or self._clock() < self._closed_until

    def _settle(self, *, healthy: bool) -> None:
        with self._lock:
            self._trial = False
            if healthy:
                self._failed = self._opened = 0
                return
            self._failed += 1
            if self._failed >= self._limit:
                pause = min(self._longest, self._pause * 2**self._opened)
                self._opened = min(self._opened + 1, 20)
                self._closed_until = self._clock() + pause
