"""Forecasts: learning, and 10,000 open tickets at once."""

import os
import time
from datetime import timedelta
from random import Random

import psycopg
import pytest
from django.db import connection

from omnidesk.core.tenancy import organization_scope
from tests import stack
from tests.benchmarks.figures import Figures
from tests.cast import Cast
from tests.tickets.sla.past import lived
from tickets.actions.forecast import forecast_clocks, learn_history
from tickets.desk_lists import ordered, sort_of
from tickets.models import SlaClock, Ticket

# Fewer for a quick look: BENCH_FORECAST=1000 make bench
OPEN = int(os.environ.get("BENCH_FORECAST", "10000"))
SOLVED = OPEN // 2


@pytest.mark.bench
def test_forecasts(figures: Figures, live_cast: Cast) -> None:
    home = live_cast.nordwerk.pk
    rng = Random(3)
    with organization_scope(home):
        for team in (None, live_cast.network):
            past = [rng.lognormvariate(5.5, 1) for _ in range(SOLVED // 2)]
            lived(live_cast, past, team=team)
            waiting = [rng.uniform(0, 500) for _ in range(OPEN // 2)]
            lived(live_cast, waiting, open_now=True, team=team, ago=timedelta(days=2))
    figures.group(f"Forecasts of {OPEN:,} open tickets, learnt from {SOLVED + OPEN:,} clocks")
    for name, call in (
        ("learning", lambda: learn_history(organization_id=home)),
        ("all forecasts, the first time", lambda: forecast_clocks(organization_id=home)),
        ("all forecasts, nothing moved", lambda: forecast_clocks(organization_id=home)),
        ("all forecasts, every one moved", lambda: forecast_clocks(organization_id=home)),
        ("one ticket", lambda: forecast_clocks(organization_id=home, ticket_ids=[first(home)])),
        ("50 tickets, most at risk first", lambda: worst(home)),
    ):
        if "every one" in name:
            with organization_scope(home):
                SlaClock.objects.filter(met_at=None).update(target=timedelta(hours=8))
        if "most at risk" in name:
            # As autovacuum does within a minute of so many new rows. Only the owner may.
            with psycopg.connect(stack.superuser_url(database()), autocommit=True) as owner:
                owner.execute("ANALYZE")
        began = time.perf_counter()
        with organization_scope(home):
            call()
        figures.lines.append(f"  {name:<34} {(time.perf_counter() - began) * 1000:9.1f} ms")


def database() -> str:
    return str(connection.settings_dict["NAME"])


def first(home: int) -> int:
    return Ticket.objects.unresolved().filter(organization=home).values_list("pk", flat=True)[0]


def worst(home: int) -> list[Ticket]:
    tickets = Ticket.objects.alive().unresolved().filter(organization=home)
    return list(ordered(tickets, sort_of("-risk"))[:50])
