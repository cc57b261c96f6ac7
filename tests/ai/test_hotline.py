"""The hotline: answered at once, silent in time, and never about what nobody waits for."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import structlog

from ai import client, hotline
from ai.hotline import Failed, Hotline, ask
from ai.meaning import nearest


def echo(text: str) -> list[str]:
    """What was asked, and under which correlation id."""
    return [text, structlog.contextvars.get_contextvars()["correlation_id"]]


def stumble() -> None:
    raise ValueError("The model is missing.")


@pytest.fixture
def line(redis_client: "redis.Redis") -> Iterator[Hotline]:
    opened = Hotline({"echo": echo, "stumble": stumble, "search": lambda **_: []}, threads=2)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _rested() -> Iterator[None]:
    client._rest.end()
    yield
    client._rest.end()


def test_a_question_is_answered_under_the_askers_correlation_id(line: Hotline) -> None:
    with structlog.contextvars.bound_contextvars(correlation_id="asked-here"):
        assert ask("echo", {"text": "Drucker öffnet \x00 nicht"}, seconds=5) == [
            "Drucker öffnet \x00 nicht",
            "asked-here",
        ]


def test_several_ask_at_once_and_each_gets_its_own_answer(line: Hotline) -> None:
    found: dict[int, Any] = {}

    def one(number: int) -> None:
        found[number] = ask("echo", {"text": str(number)}, seconds=5)[0]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: str(number) for number in range(12)}


@pytest.mark.parametrize("name", ["stumble", "unknown"])
def test_a_failure_is_told_and_the_next_question_is_answered(line: Hotline, name: str) -> None:
    with pytest.raises(Failed):
        ask(name, {}, seconds=5)
    assert ask("echo", {"text": "again"}, seconds=5)[0] == "again"


def test_nobody_there_is_a_silence_in_time_and_leaves_nothing(redis_client: "redis.Redis") -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        ask("echo", {"text": "x"}, seconds=0.2)
    assert time.monotonic() - began < 2
    assert 0 < redis_client.ttl(hotline.QUESTIONS) <= hotline.KEPT_SECONDS


def test_what_nobody_waits_for_any_more_is_not_worked_on(redis_client: "redis.Redis") -> None:
    asked: list[str] = []

    def note(text: str) -> None:
        asked.append(text)

    late = {"name": "note", "arguments": {"text": "late"}, "answer_to": "ai.hotline.late",
            "until": time.time() - 1, "correlation_id": ""}  # fmt: skip
    redis_client.rpush(hotline.QUESTIONS, json.dumps(late))
    opened = Hotline({"note": note}, threads=1)
    opened.open()
    ask("note", {"text": "in time"}, seconds=5)
    opened.close()
    assert asked == ["in time"]


@pytest.mark.parametrize("nonsense", ["{", "7", "{}"])
def test_nonsense_ends_nobody(redis_client: "redis.Redis", line: Hotline, nonsense: str) -> None:
    for _ in range(4):
        redis_client.rpush(hotline.QUESTIONS, nonsense)
    assert ask("echo", {"text": "still there"}, seconds=5)[0] == "still there"
    assert all(thread.is_alive() for thread in line._threads)


def test_closing_wakes_those_that_wait(redis_client: "redis.Redis") -> None:
    opened = Hotline({"echo": echo}, threads=2)
    opened.open()
    began = time.monotonic()
    opened.close()
    assert time.monotonic() - began < hotline.LISTEN_SECONDS
    assert not any(thread.is_alive() for thread in opened._threads)


def test_a_failed_search_is_said_and_does_not_silence_the_next(line: Hotline) -> None:
    line._answering = {**line._answering, "search": stumble}
    assert not nearest([1], "printer", 5).available
    line._answering = {**line._answering, "search": lambda **_: []}
    assert nearest([1], "printer", 5).available
