"""The whole ordeal of every connector, in small: nothing lost, nothing twice, equal in the end.

`tests/benchmarks/test_f_federation.py` goes through it with 2,000 tickets and 500 changes.
"""

import random

import pytest

from tests.cast import Cast
from tests.federation.connectors import CONNECTORS
from tests.federation.ordeal import Ordeal

TICKETS, CHANGES = 5, 14


@pytest.mark.parametrize("name", CONNECTORS)
def test_both_sides_come_right_after_faults_kills_and_doubles(live_cast: Cast, name: str) -> None:
    connector = CONNECTORS[name]
    server = connector.fake()
    server.start()
    bridge = connector.build(live_cast, server)
    ordeal = Ordeal(
        bridge, server, random.Random(5), local=connector.local, patience=0.6, fault_rate=0.05,
        hook=connector.hook(bridge) if connector.hook else None,
    )  # fmt: skip
    try:
        found = ordeal.go_through(TICKETS, CHANGES)
    finally:
        ordeal.end()
        server.stop()
    assert found["tickets"] >= TICKETS
    assert ordeal.died >= 3, found
    assert sum(server.faults.happened.values()) >= 3, found
