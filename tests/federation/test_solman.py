"""Solution Manager: tokens, pages, odd answers, what flows in and out."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.actions.linking import pass_on
from integrations.channels.solman.formats import guid, problem_of, shown_to_utc, to_utc
from integrations.federation import engine
from integrations.federation.port import RemoteTrouble
from integrations.links import FieldConflict, LinkState
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.solman import Solman
from tests.federation.conftest import Bridge, bridge_to_solman
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import add_note, reply
from tickets.models import Message, Status


@pytest.fixture
def bridge(cast: Cast, solman: Solman) -> Bridge:
    return bridge_to_solman(cast, solman)


def close(bridge: Bridge, cast: Cast, number: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        closed = Status.objects.get(organization=cast.nordwerk, key="closed")
        set_status(ticket=bridge.ticket(number), actor=Actor.person(cast.alice), status=closed)


def test_an_incident_comes_in_with_texts_and_files(
    bridge: Bridge, solman: Solman, cast: Cast
) -> None:
    number = solman.open("Dump in VA01", "ST22 shows a dump.", Priority="1", status="CUSTACTION")
    solman.say(number, "Which release?")
    solman.say(number, "752", by="Dana Requester", mail="dana@nordwerk.example")
    solman.say(number, "Same as last week", kind="SU04")
    solman.put_file(number, "dump.txt", b"dump")
    assert bridge.sync() == 1
    ticket = bridge.ticket(number)
    assert (ticket.subject, ticket.priority, ticket.status.key) == (
        "Dump in VA01", "critical", "waiting",
    )  # fmt: skip
    assert ticket.requester == cast.dana
    assert ticket.description == "ST22 shows a dump."
    with organization_scope(cast.nordwerk.pk):
        rows = set(
            Message.objects.filter(ticket=ticket, is_opening=False).values_list(
                "kind", "from_requester"
            )
        )
        assert [one.name for one in ticket.attachments.all()] == ["dump.txt"]
        with ticket.attachments.get().file.open("rb") as file:
            assert file.read() == b"dump"
    assert rows == {("public", False), ("public", True), ("internal", False)}
    version = ticket.version
    bridge.sync(3)
    assert bridge.ticket(number).version == version


def test_answers_and_files_go_out_once_and_notes_stay_here(
    bridge: Bridge, solman: Solman, cast: Cast
) -> None:
    number = solman.open("Slow")
    bridge.sync()
    name = "a very long name of a file that nobody needs to read.txt"
    with organization_scope(cast.nordwerk.pk):
        ticket, alice = bridge.ticket(number), Actor.person(cast.alice)
        reply(ticket=ticket, actor=alice, text="Try again", files=[NewFile(name, b"x")])
        add_note(ticket=ticket, actor=alice, text="Between us")
    bridge.sync(3)
    assert ["Try again" in one["TextString"] for one in solman.texts[1:]] == [True]
    [file] = solman.attachments
    assert file["fileName"] == "a very long name of a file that nobo.txt"
    assert len(file["fileName"]) == 40
    with organization_scope(cast.nordwerk.pk):
        assert Message.objects.filter(ticket=ticket, is_opening=False).count() == 2
        assert ticket.attachments.count() == 1
    assert bridge.link(number).state == LinkState.OK


def test_a_file_comes_in_whichever_session_read_its_incident(
    bridge: Bridge, solman: Solman, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "AHEAD_FROM", 1)
    number = solman.open("Dump in VA01")
    solman.put_file(number, "dump.txt", b"dump")
    assert bridge.sync() == 1
    with organization_scope(cast.nordwerk.pk):
        attachment = bridge.ticket(number).attachments.get()
        with attachment.file.open("rb") as file:
            assert file.read() == b"dump"


def test_texts_are_html_where_the_incident_says_so(
    bridge: Bridge, solman: Solman, cast: Cast
) -> None:
    solman.html = True
    number = solman.open("Rich", "<p>One</p><p>Two</p>")
    bridge.sync()
    assert bridge.ticket(number).description == "One\n\nTwo"
    with organization_scope(cast.nordwerk.pk):
        reply(ticket=bridge.ticket(number), actor=Actor.person(cast.alice), text="**Bold**")
    bridge.sync()
    assert "<strong>Bold</strong>" in solman.texts[-1]["TextString"]


def test_a_token_that_is_required_is_fetched_once_more(
    bridge: Bridge, solman: Solman, cast: Cast
) -> None:
    number = solman.open("Token")
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        for text in ("One", "Two"):
            reply(ticket=bridge.ticket(number), actor=Actor.person(cast.alice), text=text)
    with engine.far_side(bridge.channel) as far:
        engine.discover(bridge.channel, far.remote)
        solman.drop_tokens()
        engine.work(bridge.channel, far)
    assert len(solman.texts) == 3


def test_closing_confirms_a_solution_or_withdraws(
    bridge: Bridge, solman: Solman, cast: Cast
) -> None:
    solved = solman.open("Solved there", status="PROP_SOL")
    fresh = solman.open("Fresh")
    bridge.sync()
    close(bridge, cast, solved)
    close(bridge, cast, fresh)
    bridge.sync(2)
    assert solman.incidents[solved]["status"] == "CONFIRMED"
    assert solman.incidents[fresh]["status"] == "WITHDRAWN"
    assert bridge.link(solved).state == bridge.link(fresh).state == LinkState.OK
    assert bridge.ticket(fresh).status.key == "closed"


def test_a_refusal_that_comes_with_200_is_a_refusal(
    bridge: Bridge, solman: Solman, cast: Cast
) -> None:
    solman.refuses_with_200 = True
    number = solman.open("Stays")
    bridge.sync()
    close(bridge, cast, number)
    bridge.sync()
    assert solman.incidents[number]["status"] == "NEW"
    assert bridge.link(number).state == LinkState.BEHIND
    assert "CRM_ORDER_MISC/104" in bridge.link(number).error
    solman.refuses_with_200 = False
    bridge.sync()
    assert solman.incidents[number]["status"] == "WITHDRAWN"


def test_a_locked_incident_is_tried_again_later(bridge: Bridge, solman: Solman, cast: Cast) -> None:
    number = solman.open("Locked")
    bridge.sync()
    solman.locked.add(number)
    with organization_scope(cast.nordwerk.pk):
        reply(ticket=bridge.ticket(number), actor=Actor.person(cast.alice), text="Hello")
    bridge.sync()
    assert "is being processed by" in bridge.link(number).error
    assert len(solman.texts) == 1
    solman.locked.clear()
    bridge.sync()
    assert len(solman.texts) == 2
    assert bridge.link(number).state == LinkState.OK


def test_a_sign_in_page_with_200_is_a_refusal_of_credentials(
    bridge: Bridge, solman: Solman
) -> None:
    solman.signed_out = True
    with pytest.raises(RemoteTrouble, match="sign-in page") as caught:
        bridge.sync()
    assert caught.value.refused
    with pytest.raises(RemoteTrouble, match="sign-in page"):
        engine.test(bridge.channel)
    solman.signed_out, solman.password = False, "another"
    with pytest.raises(RemoteTrouble, match="user name and password") as caught:
        bridge.sync()
    assert caught.value.refused


@pytest.mark.parametrize("next_links", [True, False])
def test_pages_come_completely_by_next_or_by_count(
    bridge: Bridge, solman: Solman, next_links: bool
) -> None:
    solman.page, solman.next_links = 7, next_links
    for number in range(30):
        solman.open(f"No. {number}")
    with engine.far_side(bridge.channel) as far:
        heads = far.remote.changed(None)
    assert {head.remote_id for head in heads} == set(solman.incidents)


def test_a_service_that_ignores_skip_or_filter_does_no_harm(bridge: Bridge, solman: Solman) -> None:
    solman.page, solman.next_links, solman.ignores_skip = 5, False, True
    solman.ignores_filter = True
    old = datetime.now(UTC) - timedelta(days=9)
    for number in range(8):
        solman.open(f"No. {number}", changed=old)
        solman.incidents[list(solman.incidents)[-1]]["changed"] = old
    with engine.far_side(bridge.channel) as far:
        assert len(far.remote.changed(None)) == 5
        assert far.remote.changed(datetime.now(UTC)) == []
    assert len(solman.asked) < 10


def test_what_cannot_be_said_over_there_gives_way_but_stays_on_record(
    bridge: Bridge, solman: Solman, cast: Cast
) -> None:
    number = solman.open("Both")
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        waiting = Status.objects.get(organization=cast.nordwerk, key="waiting")
        set_status(ticket=bridge.ticket(number), actor=Actor.person(cast.alice), status=waiting)
    bridge.sync()
    assert solman.incidents[number]["status"] == "NEW"
    solman.change(number, status="PROP_SOL")
    bridge.sync()
    assert bridge.ticket(number).status.key == "resolved"
    with organization_scope(cast.nordwerk.pk):
        row = FieldConflict.objects.get()
        assert (row.ours, row.theirs, row.by_rule) == ("waiting", "Solution Provided", True)


def test_a_ticket_of_ours_becomes_one_incident(bridge: Bridge, solman: Solman, cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("A subject that is longer than forty characters allow")
        pass_on(ticket=ticket, channel=bridge.channel, actor=Actor.person(cast.alice))
    bridge.sync(3)
    [row] = solman.incidents.values()
    assert row["Description"] == "A subject that is longer than forty char"
    with organization_scope(cast.nordwerk.pk):
        assert Message.objects.count() == 1


def test_the_test_reads_the_description_of_the_service(
    bridge: Bridge, solman: Solman, cast: Cast
) -> None:
    assert "has all that is needed" in engine.test(bridge.channel)
    with organization_scope(cast.nordwerk.pk):
        bridge.channel.settings["names"] = "ZZ_CHANGED=ChangedAtDate"
    assert "ChangedAtDate" in engine.test(bridge.channel)


def test_formats_are_read_as_sap_writes_them() -> None:
    assert to_utc("/Date(1487945581000+0060)/") == datetime(2017, 2, 24, 14, 13, 1, tzinfo=UTC)
    assert to_utc("/Date(-1)/") is not None
    for nonsense in ("", None, "/Date(x)/", "2017-01-01", "/Date(999999999999999)/"):
        assert to_utc(nonsense) is None
    assert guid("0050568A1B2C1ED7B9C9D8E7F6A5B4C3") == "0050568a-1b2c-1ed7-b9c9-d8e7f6a5b4c3"
    assert guid("x' or '1") == ""
    assert shown_to_utc("31.01.2026 10:00:00", UTC) is not None  # type: ignore[arg-type]
    assert problem_of(b"<error><code>A/1</code><message>Words</message></error>") == (
        "A/1", "Words",
    )  # fmt: skip
    assert problem_of(b"\xff nonsense") == ("", "")
