"""Reading ahead at a first import: several sessions, each ticket once, nothing held afterwards."""

import random

import pytest

from integrations.federation import engine
from integrations.federation.port import RemoteTrouble
from integrations.links import ExternalLink, LinkState
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.glpi_story import LivelyGlpi
from tests.fakes.http import Asked, Said
from tests.federation.conftest import build_bridge
from tests.federation.rounds import Story
from tickets.models import Ticket

TICKETS = engine.AHEAD_FROM + 4


def test_sessions_side_by_side_take_each_ticket_in_once(cast: Cast, glpi: LivelyGlpi) -> None:
    story = Story(build_bridge(cast, glpi), glpi, random.Random(1))
    glpi.populate(TICKETS, story.chance)
    story.bridge.sync()
    opened = [one for one in glpi.asked if one.path.endswith("/initSession")]
    assert 2 <= len(opened) <= 5
    assert glpi.sessions == set()  # all ended in order
    assert story.check()["tickets"] == TICKETS


def test_faults_while_reading_ahead_lose_nothing(cast: Cast, glpi: LivelyGlpi) -> None:
    glpi.faults.seed, glpi.faults.rate = 6, 0.04
    story = Story(build_bridge(cast, glpi), glpi, random.Random(6))
    story.run(TICKETS, 6)
    assert story.check()["tickets"] == TICKETS


def test_a_far_side_that_wants_patience_stops_all_and_holds_nothing(
    cast: Cast, glpi: LivelyGlpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = build_bridge(cast, glpi)
    glpi.populate(TICKETS, random.Random(2))
    real, count = glpi.server._handle, [0]

    def busy_later(asked: Asked) -> Said:
        count[0] += "/Ticket/" in asked.path
        if count[0] > 40:
            return Said(429, headers={"Retry-After": "60"})
        return real(asked)

    with monkeypatch.context() as patch:
        patch.setattr(glpi.server, "_handle", busy_later)
        with pytest.raises(RemoteTrouble):
            bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        assert not ExternalLink.objects.exclude(claimed_at=None).exists()
        assert 0 < Ticket.objects.count() < TICKETS
        # One link waits as long as it was asked to; those that were only read ahead are free.
        assert ExternalLink.objects.filter(state=LinkState.BEHIND).count() <= 1
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == TICKETS
