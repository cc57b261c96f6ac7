"""A hotline from the web to the ai-worker: short questions of people who wait while they type.

A question is pushed to one list of Redis, its answer to another that only the asker reads. As a
Celery task it took five milliseconds longer and ten of processor (as much as the search itself),
and waited behind readings when all threads of the ai-worker had one. What takes longer, or may be
asked again, stays a task.

The web calls `ask`; the ai-worker holds a `Hotline` open. Nothing is kept: who is not answered in
time goes on without, and the worker drops what nobody waits for any more.
"""

import functools
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from ai.db import release

logger = logging.getLogger(__name__)
QUESTIONS = "ai.hotline"
# Several people may type at once; the batcher has their texts share a forward pass.
THREADS = 4
# How long a thread waits for a question before it looks whether it should end.
LISTEN_SECONDS = 5
# How long an answer that nobody fetched, and questions that nobody took, lie there.
KEPT_SECONDS = 10
REST_SECONDS = 1.0

Answering = Callable[..., Any]


class Failed(Exception):
    """The ai-worker could not answer; its own words."""


def ask(name: str, arguments: Mapping[str, Any], *, seconds: float) -> Any:
    """The answer to a question by its name; arguments and answer are JSON.

    Raises `TimeoutError` on silence, `Failed`, and `redis.RedisError`.
    """
    own = f"{QUESTIONS}.{uuid.uuid4().hex}"
    question = {
        "name": name,
        "arguments": arguments,
        "answer_to": own,
        "until": time.time() + seconds,
        "correlation_id": structlog.contextvars.get_contextvars().get("correlation_id", ""),
    }
    # One way there and back: the server waits after it has taken the question.
    with _client().pipeline(transaction=False) as pipeline:
        pipeline.rpush(QUESTIONS, json.dumps(question))
        pipeline.expire(QUESTIONS, KEPT_SECONDS)
        pipeline.blpop([own], timeout=seconds)
        *_, found = pipeline.execute()
    if found is None:
        raise TimeoutError(f"No answer in {seconds} s.")
    told = json.loads(found[1])
    if "failed" in told:
        raise Failed(told["failed"])
    return told["answer"]


class Hotline:
    """The ai-worker's end: threads that answer questions by the functions of their names."""

    def __init__(self, answering: Mapping[str, Answering], threads: int = THREADS) -> None:
        self._answering = answering
        self._ends = threading.Event()
        self._bell = f"{QUESTIONS}.end.{uuid.uuid4().hex}"
        self._client = _connect()
        self._threads = [
            threading.Thread(target=self._listen, name=f"hotline-{number}", daemon=True)
            for number in range(threads)
        ]

    def open(self) -> None:
        """Listen from now on."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Answer what was taken, and end."""
        self._ends.set()
        # Wakes those that wait for a question; without Redis they look up by themselves.
        with suppress(redis.RedisError), self._client.pipeline(transaction=False) as pipeline:
            pipeline.rpush(self._bell, *range(len(self._threads)))
            pipeline.expire(self._bell, KEPT_SECONDS)
            pipeline.execute()
        for thread in self._threads:
            thread.join(LISTEN_SECONDS + 1)
        self._client.close()

    def _listen(self) -> None:
        while not self._ends.is_set():
            try:
                taken = self._client.blpop([self._bell, QUESTIONS], timeout=LISTEN_SECONDS)
                if taken and taken[0] == QUESTIONS.encode():
                    self._answer(json.loads(taken[1]))
            except redis.RedisError as error:
                if not self._ends.is_set():
                    logger.warning("hotline_silent", extra={"reason": str(error)})
                    self._ends.wait(REST_SECONDS)
            except (ValueError, KeyError, TypeError):
                # No question of this release: whoever asked it goes on without an answer.
                logger.warning("hotline_puzzled", exc_info=True)

    def _answer(self, question: Mapping[str, Any]) -> None:
        if time.time() > question["until"]:
            return
        with structlog.contextvars.bound_contextvars(correlation_id=question["correlation_id"]):
            try:
                told = {"answer": self._answering[question["name"]](**question["arguments"])}
            except Exception as error:
                # Whatever went wrong: the asker is told, and the next one is answered.
                logger.warning("hotline_failed", extra={"asked": question["name"]}, exc_info=True)
                told = {"failed": str(error)}
            finally:
                release()
        with self._client.pipeline(transaction=False) as pipeline:
            pipeline.rpush(question["answer_to"], json.dumps(told))
            pipeline.expire(question["answer_to"], KEPT_SECONDS)
            pipeline.execute()


def _connect() -> "redis.Redis":
    # No retries: a question that was sent twice would be worked on twice.
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=max(settings.AI_REQUEST_TIMEOUT, LISTEN_SECONDS) + 1,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),
    )


@functools.lru_cache(maxsize=1)
def _client() -> "redis.Redis":
    return _connect()
