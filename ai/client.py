"""How the web asks the ai-worker, and what it does when nobody answers.

A search goes by the hotline, any other question is a Celery task; both have a short timeout. Where
the worker is away the caller gets `AiUnavailable` within that time (and at once for the next
seconds), or a full-text answer that says so.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import celery.exceptions
import kombu.exceptions
import redis.exceptions
from celery import Task
from django.conf import settings

from ai import hotline, lexicon, tasks

logger = logging.getLogger(__name__)

# After a silence, do not let every page wait again.
REST_SECONDS = 5.0
_AWAY = (
    TimeoutError,
    celery.exceptions.TimeoutError,
    kombu.exceptions.OperationalError,
    redis.exceptions.RedisError,
    ConnectionError,
)


class AiUnavailable(Exception):
    """The ai-worker did not answer in time; everything else goes on."""


@dataclass(frozen=True, slots=True)
class Found:
    """One search result by primary key; `level` is near_identical, close or related."""

    kind: str
    object_id: int
    score: float
    level: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Search results, best first; `degraded` when only words were compared."""

    hits: tuple[Found, ...]
    degraded: bool = False


class _Rest:
    """Remembers, in this process, that the worker was silent a moment ago."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0

    def is_on(self) -> bool:
        return time.monotonic() < self._until

    def begin(self) -> None:
        with self._lock:
            self._until = time.monotonic() + REST_SECONDS

    def end(self) -> None:
        with self._lock:
            self._until = 0.0


_rest = _Rest()


def search(
    organizations: Sequence[int],
    text: str,
    *,
    kinds: Sequence[str] = ("ticket",),
    limit: int = 10,
    exclude: Sequence[int] = (),
    public: Sequence[int] = (),
) -> Answer:
    """The nearest tickets, articles and documents of these organizations, by meaning and words.

    Of the `public` organizations only articles and documents that requesters may read.
    `exclude` are ticket ids to leave out. Ids only: the caller reads the rows through its gate.
    """
    wanted, open_ones = sorted(organizations), sorted(public)
    if not (wanted or open_ones) or not text.strip():
        return Answer(())
    try:
        found = _search(wanted, text, kinds, limit, exclude=exclude, public=open_ones)
    except AiUnavailable:
        hits = lexicon.search(
            wanted, text, kinds=kinds, limit=limit, exclude=exclude, public=open_ones
        )
        return Answer(
            tuple(Found(hit.kind, hit.object_id, hit.score) for hit in hits), degraded=True
        )
    return Answer(found)


def nearest(
    organizations: Sequence[int], text: str, *, kinds: Sequence[str], limit: int
) -> tuple[Found, ...]:
    """The nearest objects by meaning and words. Raises `AiUnavailable`."""
    return _search(sorted(organizations), text, kinds, limit)


def classify(organization_id: int, subject: str, description: str) -> dict[str, Any]:
    """What the AI would say about a text. Raises `AiUnavailable`."""
    answer: dict[str, Any] = _ask(tasks.classify_text, organization_id, subject, description)
    return answer


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """A question answered with its sources (`pipeline.answering`). Raises `AiUnavailable`."""
    found: dict[str, Any] = _ask(tasks.answer, asked, timeout=settings.AI_ANSWER_TIMEOUT)
    return found


def retrieve(asked: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """Passages that may answer a question. Raises `AiUnavailable`."""
    found: list[dict[str, Any]] = _ask(tasks.retrieve, asked, limit)
    return found


def write(asked: dict[str, Any]) -> dict[str, Any]:
    """A summary or translation by a model outside, or why not. Raises `AiUnavailable`."""
    found: dict[str, Any] = _ask(tasks.write, asked, timeout=settings.AI_ANSWER_TIMEOUT)
    return found


def embed(texts: Sequence[str], *, timeout: float | None = None) -> dict[str, Any]:
    """Vectors of `texts`: model, dimensions, embeddings. Raises `AiUnavailable`."""
    answer: dict[str, Any] = _ask(tasks.embed, list(texts), timeout=timeout)
    return answer


def status() -> dict[str, Any]:
    """The ai-worker's models. Raises `AiUnavailable`."""
    answer: dict[str, Any] = _ask(tasks.status)
    return answer


def _search(
    organizations: Sequence[int],
    text: str,
    kinds: Sequence[str],
    limit: int,
    exclude: Sequence[int] = (),
    public: Sequence[int] = (),
) -> tuple[Found, ...]:
    arguments = {
        "organizations": list(organizations),
        "text": text,
        "kinds": list(kinds),
        "limit": limit,
        "exclude": list(exclude),
        "public": list(public),
    }
    with _asking("search"):
        rows = hotline.ask("search", arguments, seconds=settings.AI_REQUEST_TIMEOUT)
    return tuple(Found(**row) for row in rows)


def _ask(task: Task, *arguments: Any, timeout: float | None = None) -> Any:
    """The task's result. Raises `AiUnavailable` on silence and on a failed task alike."""
    seconds = timeout or settings.AI_REQUEST_TIMEOUT
    with _asking(task.name):
        # A question that nobody waits for any more must not be worked on.
        result = task.apply_async(arguments, expires=seconds, retry=False)
        return result.get(timeout=seconds)


@contextmanager
def _asking(name: str) -> Iterator[None]:
    """Ask inside. Raises `AiUnavailable` on silence, on a failure, and soon after a silence."""
    if _rest.is_on():
        raise AiUnavailable
    try:
        yield
    except _AWAY as error:
        logger.warning("ai_silent", extra={"task": name, "reason": str(error)})
        _rest.begin()
        raise AiUnavailable from error
    except Exception as error:
        # Whatever the worker raised arrives here under its own or a made-up class.
        logger.warning("ai_failed", extra={"task": name, "reason": str(error)})
        raise AiUnavailable from error
    _rest.end()
