"""The measure in small: random changes on both sides, faults, deaths; in the end all is right."""

import random

import pytest

from tests.cast import Cast
from tests.fakes.glpi_story import LivelyGlpi
from tests.fakes.servicedesk_story import LivelySdp
from tests.fakes.solman_story import LivelySolman
from tests.federation.conftest import bridge_to_sdp, bridge_to_solman, build_bridge
from tests.federation.rounds import Story

TICKETS, CHANGES = 10, 40


@pytest.mark.parametrize("seed", [1])
def test_glpi_comes_right_whatever_happens(
    cast: Cast, glpi: LivelyGlpi, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    bridge = build_bridge(cast, glpi)
    story = Story(bridge, glpi, random.Random(seed), deaths=0.02)
    glpi.faults.seed, glpi.faults.rate = seed, 0.04
    with story.mortal(monkeypatch):
        story.run(TICKETS, CHANGES)
    found = story.check()
    assert found["tickets"] == TICKETS
    assert story.died > 2
    assert sum(glpi.faults.happened.values()) > 5


def test_solution_manager_comes_right_whatever_happens(
    cast: Cast, solman: LivelySolman, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = bridge_to_solman(cast, solman)
    # Over there a status is changed only by closing, and an answer makes a new ticket begun.
    story = Story(bridge, solman, random.Random(3), deaths=0.02, local=("ask", "file"))
    solman.faults.seed, solman.faults.rate = 3, 0.04
    with story.mortal(monkeypatch):
        story.run(TICKETS, CHANGES)
    found = story.check()
    assert found["tickets"] == TICKETS
    assert story.died > 2


def test_servicedesk_plus_comes_right_whatever_happens(
    cast: Cast, sdp: LivelySdp, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(bridge_to_sdp(cast, sdp), sdp, random.Random(4), deaths=0.02)
    sdp.faults.seed, sdp.faults.rate = 4, 0.04
    with story.mortal(monkeypatch):
        story.run(TICKETS, CHANGES)
    found = story.check()
    assert found["tickets"] == TICKETS
    assert story.died > 2
