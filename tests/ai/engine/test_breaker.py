"""The circuit breaker, on a clock that the test moves."""

from __future__ import annotations

import threading

import pytest

from ai.engine.breaker import CircuitBreaker
from ai.engine.types import EngineError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def failing(permanent: bool = False) -> None:
    raise EngineError("It failed.", permanent=permanent)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker("Claude", failures=3, pause=10, longest=25, clock=clock)


def trip(breaker: CircuitBreaker, times: int = 3) -> None:
    for _ in range(times):
        with pytest.raises(EngineError, match="It failed"):
            breaker.call(failing)


def test_it_opens_after_repeated_failures_and_tries_again_later(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    trip(breaker)
    assert breaker.is_open
    with pytest.raises(EngineError, match="paused") as caught:
        breaker.call(lambda: 1)
    assert not caught.value.permanent
    clock.now = 10
    assert breaker.call(lambda: 1) == 1
    assert not breaker.is_open


def test_each_failed_trial_doubles_the_pause_up_to_a_limit(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    trip(breaker)
    for pause in (10, 20, 25, 25):
        clock.now += pause - 0.1
        assert breaker.is_open
        clock.now += 0.1
        trip(breaker, 1)


def test_permanent_errors_and_successes_keep_it_closed(breaker: CircuitBreaker) -> None:
    for _ in range(10):
        with pytest.raises(EngineError):
            breaker.call(lambda: failing(permanent=True))
    trip(breaker, 2)
    breaker.call(lambda: 1)
    trip(breaker, 2)
    assert not breaker.is_open


def test_only_one_caller_tries_a_recovering_service(breaker: CircuitBreaker, clock: Clock) -> None:
    trip(breaker)
    clock.now = 10
    started, finish = threading.Event(), threading.Event()

    def slow() -> None:
        started.set()
        finish.wait(5)

    trial = threading.Thread(target=breaker.call, args=(slow,))
    trial.start()
    started.wait(5)
    with pytest.raises(EngineError, match="paused"):
        breaker.call(lambda: 1)
    finish.set()
    trial.join()
    assert breaker.call(lambda: 1) == 1


def test_any_exception_counts_as_a_failure(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            breaker.call(lambda: 1 // 0)
    assert breaker.is_open
