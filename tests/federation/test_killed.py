"""A process that keeps systems in step, killed with SIGKILL between its steps: nothing lost,
nothing twice, equal in the end. `tests/benchmarks/test_f_federation.py` does it many more times.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.cast import Cast
from tests.fakes.glpi_story import LivelyGlpi
from tests.fakes.servicedesk_story import LivelySdp
from tests.fakes.solman_story import LivelySolman
from tests.federation.conftest import bridge_to_sdp, bridge_to_solman, build_bridge
from tests.federation.drills import Drill

TICKETS, ROUNDS = 4, 5
KINDS: list[tuple[Callable[[], Any], Callable[..., Any], tuple[str, ...]]] = [
    (LivelyGlpi, build_bridge, Drill.local),
    # Over there a status is changed only by closing, and an answer makes a new ticket begun.
    (LivelySolman, bridge_to_solman, ("ask", "file")),
    (LivelySdp, bridge_to_sdp, Drill.local),
]


@pytest.mark.parametrize(("fake", "build", "local"), KINDS, ids=["glpi", "solman", "sdp"])
def test_killed_between_any_two_steps_both_sides_come_right(
    live_cast: Cast, fake: Callable[[], Any], build: Callable[..., Any], local: tuple[str, ...]
) -> None:
    server = fake()
    server.start()
    drill = Drill(build(live_cast, server), server, random.Random(5), local=local)
    try:
        drill.drill(TICKETS, ROUNDS)
    finally:
        drill.end()
        server.stop()
    found = drill.check()
    assert found["tickets"] == TICKETS
    assert drill.died >= 3, drill.outcomes
