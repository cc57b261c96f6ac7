"""Tickets in two systems: an initial import of 2,000, then 500 changes with faults and deaths."""

import os
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from pytest_django import Settings

from omnidesk.core import http
from omnidesk.core.tenancy import organization_scope
from tests.benchmarks.figures import Figures, stopwatch
from tests.cast import Cast
from tests.fakes.glpi_story import LivelyGlpi
from tests.fakes.servicedesk_story import LivelySdp
from tests.fakes.solman_story import LivelySolman
from tests.federation.conftest import bridge_to_sdp, bridge_to_solman, build_bridge
from tests.federation.drills import Drill
from tests.federation.rounds import Story
from tickets.models import Ticket

pytestmark = pytest.mark.bench
# Fewer for a quick look: BENCH_IMPORTED=100 BENCH_CHANGES=40 BENCH_KILLS=5 make bench
IMPORTED = int(os.environ.get("BENCH_IMPORTED", "2000"))
CHANGES = int(os.environ.get("BENCH_CHANGES", "500"))
KILLS = int(os.environ.get("BENCH_KILLS", "40"))
TICKETS = 60
KINDS: Final[dict[str, tuple[Callable[[], Any], Callable[..., Any]]]] = {
    "GLPI": (LivelyGlpi, build_bridge),
    "Solution Manager": (LivelySolman, bridge_to_solman),
    "ServiceDesk Plus": (LivelySdp, bridge_to_sdp),
}


@pytest.fixture(params=KINDS)
def far(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Any]]:
    """One system beside us; waiting between tries measures nothing."""
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    monkeypatch.setattr(http, "FIRST_WAIT", 0.0)
    monkeypatch.setattr(http, "LONGEST_WAIT", 0.0)
    http.reset_breakers()
    server = KINDS[request.param][0]()
    server.start()
    yield request.param, server
    server.stop()


def test_initial_import(live_cast: Cast, figures: Figures, far: tuple[str, Any]) -> None:
    kind, server = far
    figures.group(f"Tickets in two systems: {kind} (a fake on this machine)")
    bridge = KINDS[kind][1](live_cast, server)
    server.populate(IMPORTED, random.Random(1))
    with stopwatch() as elapsed:
        while taken_in(live_cast) < IMPORTED:  # one run ends after some minutes
            bridge.sync()
        figures.rate(f"initial import of {IMPORTED:,}", IMPORTED / elapsed(), "tickets")
    assert taken_in(live_cast) == IMPORTED


def taken_in(cast: Cast) -> int:
    with organization_scope(cast.nordwerk.pk):
        return Ticket.objects.count()


def test_changes_with_faults_and_deaths(
    live_cast: Cast, figures: Figures, far: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, server = far
    # Solution Manager hears of a status only by closing, so nobody here sets others.
    local = ("ask", "file") if kind == "Solution Manager" else Story.local
    story = Story(
        KINDS[kind][1](live_cast, server), server, random.Random(2), deaths=0.01, local=local
    )
    server.faults.rate = 0.03
    with stopwatch() as elapsed, story.mortal(monkeypatch):
        story.run(TICKETS, CHANGES)
        figures.rate(f"{CHANGES} changes on both sides", CHANGES / elapsed(), "changes")
    found = story.check()
    figures.fact("faults and deaths; 0 lost, 0 twice", str(found))


def test_killed_between_steps(live_cast: Cast, figures: Figures, far: tuple[str, Any]) -> None:
    kind, server = far
    local = ("ask", "file") if kind == "Solution Manager" else Story.local
    drill = Drill(KINDS[kind][1](live_cast, server), server, random.Random(7), local=local)
    try:
        drill.drill(8, KILLS)
    finally:
        drill.end()
    found = drill.check()
    figures.fact("runs killed with SIGKILL; 0 lost, 0 twice", f"{drill.died}: {found}")
    assert drill.died >= KILLS // 3, drill.outcomes
