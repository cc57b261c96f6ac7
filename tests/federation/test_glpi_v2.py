"""GLPI 11 by its API v2: the same tickets, the other interface."""

import random
from collections.abc import Iterator

import pytest

from integrations.actions.linking import pass_on
from integrations.federation import engine
from integrations.federation.port import RemoteTrouble
from integrations.links import LinkState
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.glpi_v2 import GlpiV2
from tests.federation.conftest import Bridge, bridge_of
from tests.federation.rounds import Story
from tickets.actions.base import Actor
from tickets.actions.reply import add_note, reply
from tickets.models import Message, Status


@pytest.fixture
def glpi() -> Iterator[GlpiV2]:
    server = GlpiV2()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bridge(cast: Cast, glpi: GlpiV2) -> Bridge:
    return bridge_of(
        cast,
        "glpi",
        {
            "url": glpi.url, "api": "v2", "client_id": glpi.client[0],
            "client_secret": glpi.client[1], "login": glpi.person[0], "password": glpi.person[1],
            "zone": "Europe/Berlin",
        },
    )  # fmt: skip


def test_a_ticket_comes_in_with_its_timeline(bridge: Bridge, glpi: GlpiV2, cast: Cast) -> None:
    glpi.open("By v2", "<p>Words</p>", urgency=4, type=2)
    glpi.say(1, "<p>Which one?</p>")
    glpi.say(1, "<p>Mine</p>", by=5)
    glpi.say(1, "<p>Hush</p>", private=True)
    glpi.put_file(1, "a.txt", b"hello")
    assert bridge.sync() == 1
    ticket = bridge.ticket()
    assert (ticket.subject, ticket.urgency, ticket.requester) == ("By v2", "high", cast.dana)
    with organization_scope(cast.nordwerk.pk):
        rows = Message.objects.filter(ticket=ticket, is_opening=False)
        assert sorted(rows.values_list("kind", "from_requester")) == [
            ("internal", False), ("public", False), ("public", True),
        ]  # fmt: skip
        assert ticket.attachments.get().name == "a.txt"
    version = ticket.version
    bridge.sync(2)
    assert bridge.ticket().version == version


def test_answers_notes_and_the_solution_go_out_once(
    bridge: Bridge, glpi: GlpiV2, cast: Cast
) -> None:
    glpi.open("Out")
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        solved = Status.objects.get(organization=cast.nordwerk, key="resolved")
        alice = Actor.person(cast.alice)
        add_note(ticket=bridge.ticket(), actor=alice, text="Old")
        reply(ticket=bridge.ticket(), actor=alice, text="Done.", status_after=solved)
    bridge.sync(3)
    assert [row["is_private"] for row in glpi.followups.values()] == [1]
    assert "Done." in glpi.solutions[1]["content"]
    assert glpi.tickets[1]["status"] == 5
    assert bridge.link().state == LinkState.OK


def test_a_ticket_of_ours_is_made_once_even_if_the_answer_is_lost(
    bridge: Bridge, glpi: GlpiV2, cast: Cast
) -> None:
    with organization_scope(cast.nordwerk.pk):
        pass_on(ticket=cast.ticket("Ours"), channel=bridge.channel, actor=Actor.person(cast.alice))
    original = glpi._create_v2

    def lose(asked: object) -> object:
        said = original(asked)  # type: ignore[arg-type]
        said.drop = True
        glpi._create_v2 = original  # type: ignore[method-assign]
        return said

    glpi._create_v2 = lose  # type: ignore[method-assign, assignment]
    with pytest.raises(RemoteTrouble):
        bridge.sync()
    bridge.sync(2)
    assert [row["name"] for row in glpi.tickets.values()] == ["Ours"]


def test_a_token_that_ended_is_made_once_more_and_a_wrong_one_is_refused(
    bridge: Bridge, glpi: GlpiV2
) -> None:
    glpi.open("One")
    with engine.far_side(bridge.channel) as far:
        assert len(far.remote.changed(None)) == 1
        glpi.end_sessions()
        assert far.remote.fetch("1") is not None
    glpi.person = ("desk", "another")
    with pytest.raises(RemoteTrouble, match="wrong password") as caught:
        bridge.sync()
    assert caught.value.refused


def test_long_lists_come_in_pages_without_loss(bridge: Bridge, glpi: GlpiV2) -> None:
    for number in range(230):
        glpi.open(f"No. {number}")
    with engine.far_side(bridge.channel) as far:
        assert len(far.remote.changed(None)) == 230
    assert engine.test(bridge.channel) == "GLPI answers and shows 230 tickets."


def test_it_comes_right_whatever_happens(
    cast: Cast, bridge: Bridge, glpi: GlpiV2, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Files of ours stay here with this interface.
    local = ("reply", "note", "ask", "status", "urgency", "subject")
    story = Story(bridge, glpi, random.Random(5), deaths=0.02, local=local)
    glpi.faults.seed, glpi.faults.rate = 5, 0.04
    with story.mortal(monkeypatch):
        story.run(8, 24)
    assert story.check()["tickets"] == 8
    assert story.died
