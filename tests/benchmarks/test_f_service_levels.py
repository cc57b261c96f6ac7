"""Agreed times: the arithmetic, and the sweep over a large desk."""

import os
import statistics
import time
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg
import pytest
from django.db import connection
from django.db.models import F, Model

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests import stack
from tests.benchmarks.figures import Figures
from tests.cast import Cast
from tickets.actions.sla_setup import ask_replan
from tickets.actions.sla_sweep import BATCH, replan_some
from tickets.business_time import WorkCalendar
from tickets.models import SlaClock, SlaReplan, SlaTarget, Ticket
from tickets.tasks import sweep_clocks

SPLIT = ((480, 720), (780, 1080))
CALENDAR = WorkCalendar(
    zone="Europe/Berlin", week=(SPLIT,) * 5 + ((), ()), country="DE", region="BY"
)


@pytest.mark.bench
def test_business_time(figures: Figures) -> None:
    rng = Random(7)
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    spans = [
        (begin + timedelta(minutes=rng.randrange(43_200)), timedelta(minutes=rng.randrange(43_200)))
        for _ in range(5000)
    ]
    CALENDAR.between(begin, begin + timedelta(days=120))
    figures.group("Business time, a span within a month")
    for name, call in (
        ("between", lambda at, span: CALENDAR.between(at, at + span)),
        ("add", lambda at, span: CALENDAR.add(at, span / 5)),
    ):
        took = []
        for at, span in spans:
            started = time.perf_counter_ns()
            call(at, span)
            took.append(time.perf_counter_ns() - started)
        figures.lines.append(f"  {name:<12} median {statistics.median(took) / 1000:6.1f} µs")


# Fewer for a quick look: BENCH_OPEN=5000 make bench
OPEN = int(os.environ.get("BENCH_OPEN", "100000"))
DUE = 1_000


def copy_rows(model: type[Model], template: int, extra: str, **changes: str) -> None:
    """Insert copies of one row; `extra` goes after FROM, `changes` are columns' own SQL."""
    skipped = {"id", "number", "search"}
    found = [str(f.column) for f in model._meta.concrete_fields]
    columns = [column for column in found if column not in skipped]
    values = [changes.get(column, f"t.{column}") for column in columns]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
            f" FROM {table} t, {extra} WHERE t.id = %s",
            [template],
        )


def fill(cast: Cast) -> None:
    """100,000 open tickets of one organization with two clocks each."""
    with organization_scope(cast.nordwerk.pk):
        SlaReplan.objects.all().delete()
        ticket = cast.ticket()
        copy_rows(Ticket, ticket.pk, f"generate_series(1, {OPEN - 1})")
        for clock in SlaClock.objects.filter(ticket=ticket):
            others = f"(SELECT id FROM tickets_ticket WHERE id <> {ticket.pk}) o"
            copy_rows(SlaClock, clock.pk, others, ticket_id="o.id")
    # As autovacuum does within a minute of so many new rows. Only the owner may.
    with psycopg.connect(
        stack.superuser_url(connection.settings_dict["NAME"]), autocommit=True
    ) as owner:
        owner.execute("ANALYZE")


def make_due(cast: Cast) -> None:
    """Let the first responses of 1,000 tickets be late since an hour."""
    with organization_scope(cast.nordwerk.pk):
        rows = SlaClock.objects.filter(metric="first_response", breached_at=None)
        chosen = list(rows.order_by("ticket_id").values_list("pk", flat=True)[:DUE])
        past = now() - timedelta(hours=1)
        SlaClock.objects.filter(pk__in=chosen).update(
            due_at=past, counted_to=past, started_at=past, used=F("target"), next_check_at=past
        )


@pytest.mark.bench
def test_sweep(figures: Figures, live_cast: Cast) -> None:
    fill(live_cast)
    took = []
    for _ in range(3):
        make_due(live_cast)
        started = time.perf_counter()
        swept = sweep_clocks()
        took.append(time.perf_counter() - started)
        assert swept == DUE
    started = time.perf_counter()
    assert sweep_clocks() == 0
    idle = time.perf_counter() - started
    figures.group(f"Sweep of {OPEN:,} open tickets")
    median = statistics.median(took)
    figures.lines.append(f"  {DUE:,} failures with 2,000 steps   median {median:6.2f} s")
    figures.lines.append(f"  nothing due                      {idle * 1000:6.1f} ms")
    figures.lines.append(f"  {replanned(live_cast):,.0f} tickets/s follow a changed policy")


def replanned(cast: Cast) -> float:
    """How many tickets a second follow a changed policy."""
    with organization_scope(cast.nordwerk.pk):
        SlaTarget.objects.filter(priority="medium").update(first_response=300)
        ask_replan(organization_id=cast.nordwerk.pk)
    started, rounds = time.perf_counter(), 8
    for _ in range(rounds):
        with organization_scope(cast.nordwerk.pk):
            replan_some(organization_id=cast.nordwerk.pk)
    return rounds * BATCH / (time.perf_counter() - started)
