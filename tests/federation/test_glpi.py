"""GLPI by its legacy API: what flows in, what flows out, what is refused."""

import pytest

from integrations.actions.linking import pass_on
from integrations.federation import engine
from integrations.federation.port import RemoteTrouble
from integrations.links import ExternalItem, ExternalLink, LinkState
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.glpi import Glpi
from tests.fakes.http import Asked, Said
from tests.federation.conftest import Bridge, build_bridge
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import add_note, reply
from tickets.actions.triage import set_urgency
from tickets.choices import MessageKind
from tickets.models import Message, Status, Ticket


def texts(cast: Cast, ticket: Ticket) -> list[tuple[str, str]]:
    with organization_scope(cast.nordwerk.pk):
        return list(ticket.messages.order_by("created_at", "pk").values_list("kind", "text"))


def status(cast: Cast, key: str) -> Status:
    return Status.objects.get(organization=cast.nordwerk, key=key)


def test_a_ticket_comes_in_with_all_that_hangs_on_it(
    bridge: Bridge, glpi: Glpi, cast: Cast
) -> None:
    glpi.open("VPN &#38; mail", "<p>Since <b>today</b></p>", urgency=4, impact=5, type=2)
    glpi.say(1, "<p>Which client?</p>", by=2)
    glpi.say(1, "<p>The blue one</p>", by=5)
    glpi.say(1, "<p>He means the old one</p>", private=True)
    glpi.put_file(1, "shot.png", b"\x89PNG\r\n\x1a\n0000")
    glpi.solve(1, "<p>Use the new one.</p>")
    assert bridge.sync() == 1
    ticket = bridge.ticket()
    assert ticket.subject == "VPN & mail"
    assert (ticket.urgency, ticket.impact, ticket.status.key) == ("high", "high", "resolved")
    assert ticket.source == "glpi"
    assert ticket.requester == cast.dana
    assert [one[0] for one in texts(cast, ticket)] == ["public", "public", "public", "internal",
                                                       "public"]  # fmt: skip
    said = " ".join(text for _kind, text in texts(cast, ticket))
    for words in ("Since today", "Tina Tech", "Which client?", "The blue one", "Use the new one."):
        assert words in said
    with organization_scope(cast.nordwerk.pk):
        assert ticket.type is not None
        assert ticket.type.key == "request"
        assert [one.name for one in ticket.attachments.all()] == ["shot.png"]
        asked = Message.objects.get(text="The blue one")
    assert asked.from_requester
    assert asked.author == cast.dana


def test_the_encoded_html_of_glpi_10_reads_as_it_was_written(cast: Cast) -> None:
    glpi = Glpi(encoded=True).start()
    try:
        bridge = build_bridge(cast, glpi)
        glpi.open("Old one", "<p>Line &amp; one</p><p>a &lt; b</p>")
        bridge.sync()
    finally:
        glpi.stop()
    [(_kind, text)] = texts(cast, bridge.ticket())
    assert text == "Line & one\n\na < b"


def test_times_are_read_in_the_servers_zone(bridge: Bridge, glpi: Glpi) -> None:
    glpi.open("Summer")
    glpi.tickets[1]["date"] = "2026-07-01 12:00:00"
    bridge.sync()
    assert bridge.ticket().created_at.isoformat() == "2026-07-01T10:00:00+00:00"


def test_looking_again_changes_nothing_and_writes_nothing(bridge: Bridge, glpi: Glpi) -> None:
    glpi.open("Once")
    glpi.say(1, "<p>Hello</p>")
    bridge.sync(2)
    version = bridge.ticket().version
    bridge.sync(3)
    assert bridge.ticket().version == version
    assert {one.method for one in glpi.asked} == {"GET"}


def test_answers_notes_files_and_fields_go_out_once(bridge: Bridge, glpi: Glpi, cast: Cast) -> None:
    glpi.open("Printer")
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        ticket, alice = bridge.ticket(), Actor.person(cast.alice)
        reply(ticket=ticket, actor=alice, text="Is it **on**?", files=[NewFile("a.txt", b"hi")])
        add_note(ticket=ticket, actor=alice, text="Third time", files=[NewFile("b.txt", b"no")])
        set_urgency(ticket=ticket, actor=alice, urgency="critical")
        set_status(ticket=ticket, actor=alice, status=status(cast, "waiting"))
    bridge.sync(3)
    assert [(row["is_private"], "<strong>on</strong>" in row["content"])
            for row in glpi.followups.values()] == [(0, True), (1, False)]  # fmt: skip
    assert [row["filename"] for row in glpi.documents.values()] == ["a.txt"]
    assert (glpi.tickets[1]["urgency"], glpi.tickets[1]["status"]) == (5, 4)
    assert bridge.link().state == LinkState.OK
    assert len(texts(cast, bridge.ticket())) == 3


def test_the_answer_that_solves_goes_as_the_solution(
    bridge: Bridge, glpi: Glpi, cast: Cast
) -> None:
    glpi.open("Printer")
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        reply(
            ticket=bridge.ticket(), actor=Actor.person(cast.alice), text="Switched it on.",
            status_after=status(cast, "resolved"),
        )  # fmt: skip
    bridge.sync(2)
    assert glpi.followups == {}
    assert "Switched it on." in glpi.solutions[1]["content"]
    assert glpi.tickets[1]["status"] == 5
    assert bridge.ticket().status.key == "resolved"


def test_an_own_status_that_glpi_does_not_know_stays(
    bridge: Bridge, glpi: Glpi, cast: Cast
) -> None:
    glpi.open("Waits")
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        on_hold = status(cast, "on-hold")
        set_status(ticket=bridge.ticket(), actor=Actor.person(cast.alice), status=on_hold)
    bridge.sync(3)
    assert glpi.tickets[1]["status"] == 4
    assert bridge.ticket().status.key == "on-hold"
    glpi.change(1, status=2)
    bridge.sync()
    assert bridge.ticket().status.key == "open"


def test_an_ended_session_is_opened_once_more(bridge: Bridge, glpi: Glpi) -> None:
    glpi.open("One")
    with engine.far_side(bridge.channel) as far:
        assert len(far.remote.changed(None)) == 1
        glpi.end_sessions()
        assert far.remote.fetch("1") is not None
    assert sum(one.path.endswith("initSession") for one in glpi.asked) == 2


def test_wrong_tokens_are_said_in_glpis_words(bridge: Bridge, glpi: Glpi) -> None:
    glpi.user_token = "another"
    with pytest.raises(RemoteTrouble, match="user_token seems invalid") as caught:
        bridge.sync()
    assert caught.value.refused
    glpi.user_token, glpi.app_token = "user-1", "another"
    with pytest.raises(RemoteTrouble, match="ERROR_WRONG_APP_TOKEN_PARAMETER"):
        engine.test(bridge.channel)


def test_the_test_says_how_many_tickets_there_are(bridge: Bridge, glpi: Glpi) -> None:
    for number in range(3):
        glpi.open(f"No. {number}")
    assert engine.test(bridge.channel) == "GLPI answers and shows 3 tickets."


def test_long_lists_come_in_pages_without_loss(bridge: Bridge, glpi: Glpi) -> None:
    for number in range(230):
        glpi.open(f"No. {number}")
    with engine.far_side(bridge.channel) as far:
        heads = far.remote.changed(None)
    assert sorted(int(head.remote_id) for head in heads) == list(range(1, 231))


def test_a_strange_record_is_skipped_and_the_rest_comes_in(bridge: Bridge, glpi: Glpi) -> None:
    for number in range(3):
        glpi.open(f"No. {number}")
    del glpi.tickets[2]["name"]
    glpi.tickets[3]["urgency"] = "awful"
    assert bridge.sync() == 2
    assert bridge.ticket(1).subject == "No. 0"
    assert bridge.ticket(3).urgency == "medium"
    assert bridge.link(2).ticket_id is None
    assert "no id or name" in bridge.link(2).error
    assert bridge.link(3).state == LinkState.BEHIND
    assert "awful" in bridge.link(3).error
    glpi.change(2, name="Mended")
    assert bridge.sync() >= 1
    assert bridge.ticket(2).subject == "Mended"


def test_a_ticket_of_ours_is_made_there_once(bridge: Bridge, glpi: Glpi, cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("Ours")
        pass_on(ticket=ticket, channel=bridge.channel, actor=Actor.person(cast.alice))
    bridge.sync(3)
    assert len(glpi.tickets) == 1
    row = glpi.tickets[1]
    assert (row["name"], row["status"], row["urgency"]) == ("Ours", 1, 3)
    assert glpi.ticket_users[0]["alternative_email"] == "dana@nordwerk.example"
    assert bridge.link().state == LinkState.OK
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == 1
        assert ExternalLink.objects.count() == 1
        assert not ExternalItem.objects.exists()
        assert Message.objects.filter(kind=MessageKind.PUBLIC).count() == 1


@pytest.mark.parametrize("list_first", [True, False])
def test_a_ticket_of_ours_that_the_list_finds_first_stays_one(
    bridge: Bridge, glpi: Glpi, cast: Cast, monkeypatch: pytest.MonkeyPatch, *, list_first: bool
) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("Ours")
        pass_on(ticket=ticket, channel=bridge.channel, actor=Actor.person(cast.alice))
    real = glpi.server._handle

    def lose(asked: Asked) -> Said:
        said = real(asked)
        return Said(drop=True) if asked.method == "POST" else said

    with monkeypatch.context() as patch:
        patch.setattr(glpi.server, "_handle", lose)
        with pytest.raises(RemoteTrouble):
            bridge.sync()
    assert len(glpi.tickets) == 1
    with engine.far_side(bridge.channel) as far:
        engine.discover(bridge.channel, far.remote)
        if list_first:
            assert engine.settle_link(bridge.channel, far, bridge.link().pk)
    bridge.sync(2)
    assert len(glpi.tickets) == 1
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.get() == ticket
        link = ExternalLink.objects.get()
    assert (link.ticket_id, link.remote_id, link.state) == (ticket.pk, "1", LinkState.OK)
