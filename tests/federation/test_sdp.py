"""ServiceDesk Plus, the two-way part: what flows in and out, and answers judged by their words."""

import pytest
from django.test import Client

from integrations import enriching, taking
from integrations.actions.linking import pass_on
from integrations.federation import engine
from integrations.federation.port import RemoteTrouble
from integrations.links import ExternalLink, LinkState
from integrations.models import Receipt, ReceiptState, RemoteRequest
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.servicedesk import Sdp
from tests.federation.conftest import Bridge, bridge_of, bridge_to_sdp
from tests.integrations.test_servicedesk_plus import call, event
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import add_note, reply
from tickets.actions.triage import set_urgency
from tickets.models import Message, Status, Ticket


@pytest.fixture
def bridge(cast: Cast, sdp: Sdp) -> Bridge:
    return bridge_to_sdp(cast, sdp)


def status(cast: Cast, key: str) -> Status:
    return Status.objects.get(organization=cast.nordwerk, key=key)


def test_a_request_comes_in_with_all_that_hangs_on_it(bridge: Bridge, sdp: Sdp, cast: Cast) -> None:
    number = sdp.open("No mail", urgency="Urgent", impact="Affects Business", status="On Hold")
    sdp.say(number, "<p>Which address?</p>")
    sdp.say(number, "<p>info@</p>", by="Dana", mail="dana@nordwerk.example")
    sdp.say(number, "<p>Again</p>", public=False)
    sdp.put_file(number, "mail.eml", b"From: x")
    sdp.change(number, resolution="<p>Quota raised</p>")
    assert bridge.sync() == 1
    ticket = bridge.ticket(number)
    assert (ticket.urgency, ticket.impact, ticket.status.key) == ("critical", "high", "on-hold")
    assert ticket.requester == cast.dana
    with organization_scope(cast.nordwerk.pk):
        rows = sorted(
            Message.objects.filter(ticket=ticket, is_opening=False).values_list(
                "kind", "from_requester"
            )
        )
        assert [one.name for one in ticket.attachments.all()] == ["mail.eml"]
    assert rows == [("internal", False), ("public", False), ("public", False), ("public", True)]
    assert bridge.link(number).display_id == number[-4:]
    version = ticket.version
    bridge.sync(3)
    assert bridge.ticket(number).version == version
    assert {one.method for one in sdp.asked} == {"GET"}


def test_answers_notes_files_and_fields_go_out_once(bridge: Bridge, sdp: Sdp, cast: Cast) -> None:
    number = sdp.open("Slow")
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        ticket, alice = bridge.ticket(number), Actor.person(cast.alice)
        reply(ticket=ticket, actor=alice, text="Try again", files=[NewFile("a.txt", b"x")])
        add_note(ticket=ticket, actor=alice, text="Old disk")
        set_urgency(ticket=ticket, actor=alice, urgency="high")
    bridge.sync(3)
    assert [(one["show_to_requester"], text in one["description"]) for one, text in
            zip(sdp.notes, ("Try again", "Old disk"), strict=True)] == [
                (True, True), (False, True)]  # fmt: skip
    assert [one["name"] for one in sdp.attachments] == ["a.txt"]
    assert sdp.requests[number]["urgency"] == "High"
    assert bridge.link(number).state == LinkState.OK


def test_the_older_word_for_notes_is_tried_when_one_is_refused(
    bridge: Bridge, sdp: Sdp, cast: Cast
) -> None:
    sdp.note_key = "request_note"
    number = sdp.open("Old build")
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        for text in ("One", "Two"):
            add_note(ticket=bridge.ticket(number), actor=Actor.person(cast.alice), text=text)
    bridge.sync(2)
    assert len(sdp.notes) == 2


@pytest.mark.parametrize("ahead_from", [1, engine.AHEAD_FROM])
def test_the_last_answer_is_the_resolution_but_never_over_another(
    bridge: Bridge, sdp: Sdp, cast: Cast, monkeypatch: pytest.MonkeyPatch, ahead_from: int
) -> None:
    # From 1 on another session has read the request than the one that writes.
    monkeypatch.setattr(engine, "AHEAD_FROM", ahead_from)
    mine, theirs = sdp.open("Mine"), sdp.open("Theirs", resolution="<p>Done by Tara</p>")
    bridge.sync()
    for number in (mine, theirs):
        with organization_scope(cast.nordwerk.pk):
            reply(
                ticket=bridge.ticket(number), actor=Actor.person(cast.alice), text="Rebooted.",
                status_after=status(cast, "resolved"),
            )  # fmt: skip
    bridge.sync(3)
    assert "Rebooted." in sdp.requests[mine]["resolution"]
    assert sdp.requests[theirs]["resolution"] == "<p>Done by Tara</p>"
    assert [one["request"] for one in sdp.notes] == [theirs]
    for number in (mine, theirs):
        assert sdp.requests[number]["status"] == "Resolved"
        assert bridge.link(number).state == LinkState.OK


def test_a_warning_with_200_is_no_success_and_closing_has_its_own_call(
    bridge: Bridge, sdp: Sdp, cast: Cast
) -> None:
    sdp.closure_rule = True
    number = sdp.open("Close me")
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        closed = status(cast, "closed")
        set_status(ticket=bridge.ticket(number), actor=Actor.person(cast.alice), status=closed)
    bridge.sync(2)
    assert sdp.requests[number]["status"] == "Closed"
    assert any(one.path.endswith("/close") for one in sdp.asked)


def test_too_many_calls_stop_the_run_for_a_while(bridge: Bridge, sdp: Sdp) -> None:
    sdp.open("Busy")
    sdp.busy = 1
    with pytest.raises(RemoteTrouble, match="4015") as caught:
        bridge.sync()
    assert caught.value.retry_after == 60
    assert not caught.value.refused
    assert bridge.sync() == 1


def test_a_wrong_key_is_refused_credentials(bridge: Bridge, sdp: Sdp) -> None:
    sdp.key = "another"
    with pytest.raises(RemoteTrouble, match="key") as caught:
        bridge.sync()
    assert caught.value.refused


def test_the_cloud_token_is_renewed_once_and_a_refusal_with_200_is_seen(
    cast: Cast, sdp: Sdp
) -> None:
    sdp.cloud = True
    bridge = bridge_of(
        cast,
        "servicedesk_plus",
        {
            "url": f"{sdp.url}/app/itdesk", "client_id": "c", "client_secret": "s",
            "refresh_token": "r", "accounts_url": sdp.url, "calls_per_minute": "0",
        },
    )  # fmt: skip
    sdp.open("In the cloud")
    with engine.far_side(bridge.channel) as far:
        assert len(far.remote.changed(None)) == 1
        sdp.access = "expired"
        assert len(far.remote.changed(None)) == 1
        sdp.access, sdp.refresh_refused = "expired again", True
        with pytest.raises(RemoteTrouble, match="invalid_code") as caught:
            far.remote.changed(None)
    assert caught.value.refused


def test_long_lists_come_in_pages_without_loss(bridge: Bridge, sdp: Sdp) -> None:
    made = {sdp.open(f"No. {number}") for number in range(230)}
    with engine.far_side(bridge.channel) as far:
        assert {head.remote_id for head in far.remote.changed(None)} == made


def test_a_name_that_is_unknown_there_is_said_and_the_rest_goes_on(
    bridge: Bridge, sdp: Sdp, cast: Cast
) -> None:
    number = sdp.open("Own names", status="Waiting for parts")
    bridge.sync()
    assert bridge.link(number).state == LinkState.BEHIND
    assert "Waiting for parts" in bridge.link(number).error
    with organization_scope(cast.nordwerk.pk):
        bridge.channel.settings["status_map"] = "Waiting for parts=on-hold"
        bridge.channel.save()
        bridge.channel.links.update(due_at=bridge.channel.created_at)
    bridge.sync()
    assert bridge.ticket(number).status.key == "on-hold"
    assert bridge.link(number).state == LinkState.OK


def test_a_ticket_of_ours_becomes_one_request(bridge: Bridge, sdp: Sdp, cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("Ours")
        pass_on(ticket=ticket, channel=bridge.channel, actor=Actor.person(cast.alice))
    bridge.sync(3)
    [row] = sdp.requests.values()
    assert row["requester"]["email_id"] == "dana@nordwerk.example"
    assert (row["subject"], row["urgency"]) == ("Ours", "Normal")
    with organization_scope(cast.nordwerk.pk):
        assert Message.objects.count() == 1


def test_the_test_counts_the_requests(bridge: Bridge, sdp: Sdp) -> None:
    sdp.open("One")
    assert engine.test(bridge.channel) == "ServiceDesk Plus answers and shows 1 requests."


def test_a_signed_call_is_a_hint_to_the_one_ticket_and_its_context_goes_back_once(
    client: Client, cast: Cast, sdp: Sdp
) -> None:
    bridge = bridge_to_sdp(cast, sdp, secret="topsecret", enrich="yes")
    number = sdp.open("Told by a call", urgency="High")
    for stamp in ("", "later"):
        body = event(number, last_updated_time="17" if stamp else "16")
        answer = call(client, bridge.channel, body)
        taking.take_in(cast.nordwerk.pk, answer.json()["receipt"])
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        assert set(Receipt.objects.values_list("state", flat=True)) == {ReceiptState.ACCEPTED}
        assert Ticket.objects.get().subject == "Told by a call"
        assert ExternalLink.objects.count() == 1
        row = RemoteRequest.objects.get()
    enriching.enrich(cast.nordwerk.pk, row.pk)
    bridge.sync(3)
    assert len(sdp.notes) == 1
    assert not sdp.notes[0]["show_to_requester"]
    with organization_scope(cast.nordwerk.pk):
        assert RemoteRequest.objects.get().stage == RemoteRequest.Stage.DONE
        assert Message.objects.filter(is_opening=False).count() == 1


def test_a_ticket_that_a_call_opened_earlier_is_the_one_that_is_kept_in_step(
    client: Client, cast: Cast, sdp: Sdp
) -> None:
    bridge = bridge_to_sdp(cast, sdp, secret="topsecret", enrich="no", two_way="no")
    number = sdp.open("Before")
    answer = call(client, bridge.channel, event(number))
    taking.take_in(cast.nordwerk.pk, answer.json()["receipt"])
    with organization_scope(cast.nordwerk.pk):
        ticket = Ticket.objects.get()
        add_note(ticket=ticket, actor=Actor.person(cast.alice), text="From before")
        bridge.channel.settings["two_way"] = True
        bridge.channel.save()
    bridge.sync(2)
    assert bridge.ticket(number).pk == ticket.pk
    assert sdp.notes == []
    with organization_scope(cast.nordwerk.pk):
        add_note(ticket=bridge.ticket(number), actor=Actor.person(cast.alice), text="From now on")
    bridge.sync(2)
    assert len(sdp.notes) == 1
