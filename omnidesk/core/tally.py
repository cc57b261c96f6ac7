"""Counts and durations of all processes, added up in Redis: what `/metrics` tells.

Each process gathers for some moments and adds what it gathered in one go, so that counting costs a
request no round trip, and so that web and workers on any number of machines are one sum. A process
that is killed loses those moments; a Redis that is emptied counts from zero, which Prometheus knows
as a restart.
"""

import atexit
import functools
import json
import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)
KEY: Final = "tally"
GATHER_SECONDS: Final = 1.0
LONGEST_LABEL: Final = 120
_SUM: Final = "sum"
_HIGHER: Final = "+Inf"

Amounts = dict[str, float]


@dataclass(frozen=True, slots=True)
class Metric:
    """A counter, or a histogram where it has `bounds`; `name` as Prometheus will know it."""

    name: str
    words: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...] = ()


@dataclass(slots=True)
class Series:
    """What is known of a metric for one combination of labels; `buckets` add up by bound."""

    value: float = 0.0
    buckets: dict[str, float] = field(default_factory=dict[str, float])


_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SHARES: Final = tuple(n / 10 for n in range(1, 11))

HTTP_REQUESTS: Final = Metric(
    "http_requests_total", "Requests answered.", ("method", "endpoint", "status_code")
)
HTTP_SECONDS: Final = Metric(
    "http_request_duration_seconds", "Until an answer began.", ("method", "endpoint"), _SECONDS
)
AI_REQUESTS: Final = Metric(
    "ai_requests_total", "Work of the models.", ("operation", "model", "status")
)
AI_SECONDS: Final = Metric(
    "ai_processing_duration_seconds", "Time of the models by step.",
    ("operation", "model", "gpu_accelerated"), _SECONDS,
)  # fmt: skip
AI_CONFIDENCE: Final = Metric(
    "ai_confidence_score", "How sure suggestions were.", ("operation", "model"), _SHARES
)
TICKETS_CREATED: Final = Metric(
    "tickets_created_total", "Tickets opened.", ("category", "urgency", "source")
)
TICKETS_RESOLVED: Final = Metric(
    "tickets_resolved_total", "Tickets solved, by how long that took.",
    ("category", "resolution_time_bucket"),
)  # fmt: skip
SLA_VIOLATIONS: Final = Metric(
    "sla_violations_total", "Agreed times that failed.", ("category", "violation_type")
)
CATALOGUE: Final[Sequence[Metric]] = (
    HTTP_REQUESTS, HTTP_SECONDS, AI_REQUESTS, AI_SECONDS, AI_CONFIDENCE, TICKETS_CREATED,
    TICKETS_RESOLVED, SLA_VIOLATIONS,
)  # fmt: skip


def count(metric: Metric, *labels: str, amount: float = 1) -> None:
    """Add to a counter. Never raises, asks nobody."""
    _gathered.add({_name(metric, labels, ""): amount})


def observe(metric: Metric, value: float, *labels: str) -> None:
    """Add one value to a histogram. Never raises, asks nobody."""
    bound = next((str(one) for one in metric.bounds if value <= one), _HIGHER)
    _gathered.add({_name(metric, labels, _SUM): value, _name(metric, labels, bound): 1})


@contextmanager
def timed_ai(operation: str, model: str, *, gpu: bool = False) -> Iterator[None]:
    """Count one piece of the models' work, its seconds, and whether it raised."""
    began, status = time.perf_counter(), "failed"
    try:
        yield
        status = "ok"
    finally:
        seconds = time.perf_counter() - began
        observe(AI_SECONDS, seconds, operation, model, str(gpu).lower())
        count(AI_REQUESTS, operation, model, status)


def flush() -> None:
    """Hand over what this process has gathered."""
    _gathered.hand_over()


def read() -> dict[str, dict[tuple[str, ...], Series]]:
    """Everything counted so far, of all processes: name -> labels -> series.

    Raises redis.RedisError.
    """
    flush()
    found: dict[str, dict[tuple[str, ...], Series]] = defaultdict(dict)
    kept: Mapping[bytes, bytes] = _client().hgetall(KEY)  # type: ignore[assignment]
    for name, amount in kept.items():
        metric, part, *labels = json.loads(name)
        series = found[metric].setdefault(tuple(labels), Series())
        if part in {"", _SUM}:
            series.value = float(amount)
        else:
            series.buckets[part] = float(amount)
    return dict(found)


def rising(metric: Metric, series: Series) -> list[tuple[str, float]]:
    """(bound, how many were at most that) of a histogram, the last for all."""
    total, rows = 0.0, []
    for bound in (*map(str, metric.bounds), _HIGHER):
        total += series.buckets.get(bound, 0)
        rows.append((bound, total))
    return rows


def _name(metric: Metric, labels: Sequence[str], part: str) -> str:
    if len(labels) != len(metric.labels):
        raise TypeError(f"{metric.name} has the labels {metric.labels}, not {len(labels)}")
    return json.dumps([metric.name, part, *(one[:LONGEST_LABEL] for one in labels)])


class _Gathered:
    """What this process counted and has not handed over."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: a forked child must not hand its parent's counts over again."""
        self._lock = threading.Lock()
        self._amounts: Amounts = defaultdict(float)
        self._due: threading.Timer | None = None

    def add(self, amounts: Mapping[str, float]) -> None:
        with self._lock:
            for name, amount in amounts.items():
                self._amounts[name] += amount
            if self._due is None:
                self._due = threading.Timer(GATHER_SECONDS, self.hand_over)
                self._due.daemon = True
                self._due.start()

    def hand_over(self) -> None:
        with self._lock:
            amounts, self._amounts = self._amounts, defaultdict(float)
            due, self._due = self._due, None
        if due is not None:
            due.cancel()
        if not amounts:
            return
        try:
            with _client().pipeline(transaction=True) as pipeline:
                for name, amount in amounts.items():
                    pipeline.hincrbyfloat(KEY, name, amount)
                pipeline.execute()
        except redis.RedisError as error:
            # Lost rather than kept: figures of a time without Redis are the least of its losses.
            logger.warning("tally_unavailable", extra={"error": str(error)})


_gathered: Final = _Gathered()
os.register_at_fork(after_in_child=_gathered.forget)
atexit.register(flush)


@functools.lru_cache(maxsize=1)
def _client() -> "redis.Redis":
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=1.0,
        socket_connect_timeout=0.5,
        retry=Retry(NoBackoff(), 0),
    )
