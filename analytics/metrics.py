"""What `/metrics` says: counts of all processes, and how things stand at this moment.

Counts come from `omnidesk.core.tally`; the rest is asked of the database, Redis and the machine
when somebody scrapes. Whatever cannot be asked is left out, so that the rest is still told.
"""

import logging
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import psutil
import redis
from django.conf import settings
from django.db import Error, connection
from django.db.models import Count, Min
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector, CollectorRegistry

from ai.status_selectors import queue_of
from integrations.models import Channel, Delivery, Receipt, ReceiptState, Step
from integrations.selectors import state_of
from omnidesk.core import tally
from omnidesk.core.clock import now
from omnidesk.core.tenancy import current_organizations
from tickets.choices import StatusCategory
from tickets.models import Ticket

logger = logging.getLogger(__name__)
QUEUES: Final = ("default", "deliver", "ai", "index")
UNSETTLED: Final = (StatusCategory.OPEN.value, StatusCategory.PENDING.value)
WORKING: Final = frozenset({"ok"})
GPU_SECONDS: Final = 3.0


def exposition() -> bytes:
    """Prometheus text (0.0.4). The caller holds a scope of all organizations.

    Queries: 7.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told())
    return generate_latest(registry)


class _Told(Collector):
    """Everything, part by part."""

    def collect(self) -> Iterator[Family]:
        """What can be told now."""
        for part in PARTS:
            try:
                found = list(part())
            except (redis.RedisError, OSError, psutil.Error, Error) as error:
                logger.warning(
                    "metrics_part_missing", extra={"part": part.__name__}, exc_info=error
                )
                continue
            yield from found


def counted() -> Iterator[Family]:
    """What all processes counted."""
    kept = tally.read()
    for metric in tally.CATALOGUE:
        rows = sorted(kept.get(metric.name, {}).items())
        if metric.bounds:
            histogram = HistogramMetricFamily(metric.name, metric.words, labels=metric.labels)
            for labels, series in rows:
                histogram.add_metric(labels, tally.rising(metric, series), series.value)
            yield histogram
        else:
            counter = CounterMetricFamily(metric.name, metric.words, labels=metric.labels)
            for labels, series in rows:
                counter.add_metric(labels, series.value)
            yield counter


def unsettled() -> Iterator[Family]:
    """Tickets that wait for somebody. Queries: 1."""
    rows = Ticket.objects.alive().filter(status_category__in=UNSETTLED).order_by()
    found = dict(rows.values_list("status_category").annotate(Count("pk")))
    yield _gauge(
        "tickets_unsettled", "Tickets that are not solved.", ("status_category",),
        (((name,), found.get(name, 0)) for name in UNSETTLED),
    )  # fmt: skip


def queues() -> Iterator[Family]:
    """What waits for a worker. Queries: 3."""
    reading = queue_of(sorted(current_organizations()))
    waiting = reading["waiting"] + reading["running"]
    yield _gauge("ai_processing_queue_length", "Tickets the AI has to read.", (), [((), waiting)])
    steps = Delivery.objects.exclude(state=Step.SENT).order_by().values_list("state")
    found = dict(steps.annotate(Count("pk")))
    yield _gauge(
        "deliveries", "Answers that are not out, by state.", ("state",),
        (((step,), found.get(step, 0)) for step in Step.values if step != Step.SENT),
    )  # fmt: skip
    kept = Receipt.objects.filter(state=ReceiptState.WAITING).order_by()
    rows = kept.values_list("channel__kind").annotate(Count("pk"), Min("received_at"))
    found_rows = list(rows)
    yield _gauge(
        "receipts_waiting", "What came in and is no ticket yet.", ("kind",),
        (((kind,), number) for kind, number, _since in found_rows),
    )  # fmt: skip
    yield _gauge(
        "receipts_oldest_seconds", "How long the first of these has waited.", ("kind",),
        (((kind,), (now() - since).total_seconds()) for kind, _number, since in found_rows),
    )  # fmt: skip


def nudges() -> Iterator[Family]:
    """Tasks that no worker has begun with."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1.0)
    with client:
        lengths = [((name,), int(client.llen(f"celery.{name}"))) for name in QUEUES]
    yield _gauge("task_queue_length", "Tasks that wait for a worker.", ("queue",), lengths)


def channels() -> Iterator[Family]:
    """How each channel is. Queries: 1."""
    rows = list(Channel.objects.select_related("organization").order_by("pk"))
    names = ("organization", "channel", "kind")

    def of(channel: Channel) -> tuple[str, ...]:
        return channel.organization.slug, channel.slug, channel.kind

    yield _gauge(
        "channel_up", "1 while the channel works; paused, braked and stalled ones do not.", names,
        ((of(one), float(state_of(one) in WORKING)) for one in rows),
    )  # fmt: skip
    yield _gauge(
        "channel_failures", "Failures of the channel in a row.", names,
        ((of(one), one.failures) for one in rows),
    )  # fmt: skip
    yield _gauge(
        "channel_last_success_timestamp_seconds", "When the channel worked last.", names,
        ((of(one), one.last_success_at.timestamp()) for one in rows if one.last_success_at),
    )  # fmt: skip


def database() -> Iterator[Family]:
    """Connections of the application. Queries: 1."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND state <> 'idle'"
        )
        active = cursor.fetchone()[0]
    yield _gauge(
        "db_connections_active", "Connections at work, this one included.", (), [((), active)]
    )


def machine() -> Iterator[Family]:
    """The machine of the process that answers."""
    cpu, memory = psutil.cpu_percent(interval=None), psutil.virtual_memory().percent
    yield _gauge("system_cpu_percent", "Since the last look.", (), [((), cpu)])
    yield _gauge("system_memory_percent", "Memory in use.", (), [((), memory)])
    yield _gauge("gpu_utilization_percent", "GPUs at work.", ("gpu_id",), _gpus())


def _gpus() -> Iterable[tuple[tuple[str, ...], float]]:
    """(GPU, percent); nothing on a machine without one."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return
    query = ("--query-gpu=index,utilization.gpu", "--format=csv,noheader,nounits")
    try:
        said = subprocess.run(  # noqa: S603  intended: the program of the card's maker
            [program, *query], capture_output=True, text=True, timeout=GPU_SECONDS, check=True
        )
    except subprocess.SubprocessError:
        return
    for line in said.stdout.splitlines():
        index, _comma, percent = line.partition(",")
        if percent.strip().isdigit():
            yield (index.strip(),), float(percent)


def _gauge(
    name: str, words: str, labels: tuple[str, ...],
    rows: Iterable[tuple[tuple[str, ...], float]],
) -> Family:  # fmt: skip
    family = GaugeMetricFamily(name, words, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


PARTS: Final[tuple[Callable[[], Iterator[Family]], ...]] = (
    counted, unsettled, queues, nudges, channels, database, machine,
)  # fmt: skip
