"""Tickets in two systems: the rate of a first import, and the whole ordeal of each connector.

An ordeal is a first import of 2,000 and 500 changes on both sides, with faults, kills and doubles
throughout (`tests/federation/ordeal.py`). Fewer for a quick look, or another story:
BENCH_IMPORTED=100 BENCH_CHANGES=40 BENCH_SEED=3 make bench
"""

import os
import random
import sys
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from omnidesk.core import http
from omnidesk.core.tenancy import organization_scope
from tests.benchmarks.figures import Figures, stopwatch
from tests.cast import Cast
from tests.federation.connectors import CONNECTORS
from tests.federation.ordeal import Ordeal
from tickets.models import Ticket

pytestmark = pytest.mark.bench
IMPORTED = int(os.environ.get("BENCH_IMPORTED", "2000"))
CHANGES = int(os.environ.get("BENCH_CHANGES", "500"))
SEED = int(os.environ.get("BENCH_SEED", "2"))


@pytest.fixture(params=CONNECTORS)
def name(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """One connector; waiting between tries measures nothing."""
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    monkeypatch.setattr(http, "FIRST_WAIT", 0.0)
    monkeypatch.setattr(http, "LONGEST_WAIT", 0.0)
    http.reset_breakers()
    yield request.param
    http.reset_breakers()


def test_initial_import(live_cast: Cast, figures: Figures, name: str) -> None:
    figures.group(f"Tickets in two systems: {name} (a fake on this machine)")
    server = CONNECTORS[name].fake()
    server.start()
    bridge = CONNECTORS[name].build(live_cast, server)
    server.populate(IMPORTED, random.Random(1))
    try:
        with stopwatch() as elapsed:
            while taken_in(live_cast) < IMPORTED:  # one run ends after some minutes
                bridge.sync()
            figures.rate(f"initial import of {IMPORTED:,}", IMPORTED / elapsed(), "tickets")
    finally:
        server.stop()
    assert taken_in(live_cast) == IMPORTED


def taken_in(cast: Cast) -> int:
    with organization_scope(cast.nordwerk.pk):
        return Ticket.objects.count()


def test_ordeal(live_cast: Cast, figures: Figures, name: str) -> None:
    connector = CONNECTORS[name]
    server = connector.fake()
    server.start()
    bridge = connector.build(live_cast, server)
    hook = connector.hook(bridge) if connector.hook else None
    ordeal = Ordeal(
        bridge, server, random.Random(SEED), local=connector.local, hook=hook, log=say
    )  # fmt: skip
    try:
        found = ordeal.go_through(IMPORTED, CHANGES)
    finally:
        ordeal.end()
        server.stop()
    figures.group(f"Ordeal: {name}, {IMPORTED:,} tickets, {CHANGES} changes on both sides")
    figures.fact("import, faults and kills included", f"{ordeal.import_seconds:.0f} s")
    figures.fact("changes, faults and kills included", f"{ordeal.change_seconds:.0f} s")
    figures.fact("0 lost, 0 twice, both sides equal", str(found))


def say(line: str) -> None:
    """How far it is: an ordeal takes many minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
