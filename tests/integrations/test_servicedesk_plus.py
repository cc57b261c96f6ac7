"""ServiceDesk Plus: signed calls in, one ticket each, context noted and written back once."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from integrations import enriching, taking
from integrations.actions.channels import add_channel, change_channel
from integrations.models import Channel, Receipt, ReceiptState, RemoteRequest
from integrations.registry import test as reach
from omnidesk.core.http import reset_breakers
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.http import Said
from tests.fakes.sdp import KEY, REFRESH, ServiceDesk
from tickets.models import Message, Ticket

SECRET = "topsecret"
Stage = RemoteRequest.Stage


@pytest.fixture
def channel(cast: Cast) -> Channel:
    """Calls are taken as they are: no credentials, no context."""
    with organization_scope(cast.nordwerk.pk):
        found, _ = add_channel(
            organization=cast.nordwerk, kind="servicedesk-plus", name="SDP",
            given={"secret": SECRET, "enrich": "no"},
        )  # fmt: skip
    return found


@pytest.fixture
def desk(settings: Settings) -> Iterator[ServiceDesk]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    reset_breakers()
    fake = ServiceDesk()
    fake.server.start()
    yield fake
    fake.server.stop()
    assert fake.violations == []


def connect(channel: Channel, desk: ServiceDesk, **given: str) -> None:
    """With credentials; calls alone move tickets (`two_way` has tests of its own)."""
    usual = {"url": desk.url, "authtoken": KEY, "enrich": "yes", "two_way": "no"}
    with organization_scope(channel.organization_id):
        change_channel(channel=channel, given={**usual, **given})


def event(remote_id: str = "123456789012345678901", **fields: Any) -> bytes:
    request = {
        "id": remote_id, "display_id": "4711", "subject": "Printer dead", "status": "Open",
        "priority": "High", "requester_email": "Dana@Nordwerk.example",
        "technician_email": "", "last_updated_time": "1700000000000", **fields,
    }  # fmt: skip
    return json.dumps({"event": "request.updated", "event_id": "x", "request": request}).encode()


def call(
    client: Client, channel: Channel, body: bytes, *, stamp: str = "", secret: str = SECRET,
    delivery: str = "", headers: dict[str, str] | None = None,
) -> Any:  # fmt: skip
    stamp = stamp or str(int(time.time()))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    given = {"X-OmniDesk-Timestamp": stamp, "X-OmniDesk-Signature": f"sha256={digest}"}
    if delivery:
        given["X-OmniDesk-Delivery"] = delivery
    return client.post(
        reverse("webhook-servicedesk-plus", args=[channel.slug]),
        body,
        content_type="application/json",
        headers={**given, **(headers or {})},
    )


def take(channel: Channel, answer: Any) -> Receipt:
    taking.take_in(channel.organization_id, answer.json()["receipt"])
    with organization_scope(channel.organization_id):
        rows = Receipt.objects.select_related("ticket__requester")
        return rows.get(pk=answer.json()["receipt"])


def count(channel: Channel) -> tuple[int, int]:
    with organization_scope(channel.organization_id):
        return Receipt.objects.count(), Ticket.objects.count()


class TestSignature:
    def test_a_signed_call_is_202_and_becomes_a_ticket(
        self, client: Client, cast: Cast, channel: Channel
    ) -> None:
        answer = call(client, channel, event())
        assert (answer.status_code, answer.json()["state"]) == (202, "queued")
        receipt = take(channel, answer)
        assert receipt.state == ReceiptState.ACCEPTED, receipt.reason
        assert receipt.ticket is not None
        assert (receipt.ticket.subject, receipt.ticket.source, receipt.ticket.urgency) == (
            "Printer dead", "servicedesk_plus", "high",
        )  # fmt: skip
        assert receipt.ticket.requester == cast.dana

    @pytest.mark.parametrize("delivery", ["", "d-1"])
    def test_a_replay_is_refused_and_no_second_ticket(
        self, client: Client, channel: Channel, delivery: str
    ) -> None:
        stamp = str(int(time.time()))
        first = call(client, channel, event(), stamp=stamp, delivery=delivery)
        take(channel, first)
        again = call(client, channel, event(), stamp=stamp, delivery=delivery)
        assert again.status_code == 401
        # The delivery header is not signed: another one does not make a replay new.
        again = call(client, channel, event(), stamp=stamp, delivery="another")
        assert again.status_code == 401
        assert count(channel) == (1, 1)

    def test_the_same_delivery_signed_anew_is_known(self, client: Client, channel: Channel) -> None:
        now = int(time.time())
        assert call(client, channel, event(), stamp=str(now), delivery="d").status_code == 202
        assert call(client, channel, event(), stamp=str(now - 1), delivery="d").status_code == 200

    @pytest.mark.parametrize(
        "change",
        [
            {"secret": "wrong"},
            {"stamp": "1700000000"},
            {"stamp": str(int(time.time()) + 4000)},
            {"headers": {"X-OmniDesk-Timestamp": "soon"}},
            {"headers": {"X-OmniDesk-Timestamp": ""}},
            {"headers": {"X-OmniDesk-Signature": ""}},
            {"headers": {"X-OmniDesk-Signature": "sha256="}},
            {"headers": {"X-OmniDesk-Signature": "sha1=00"}},
        ],
    )
    def test_every_failure_is_the_same_neutral_401_and_nothing_is_kept(
        self, client: Client, channel: Channel, change: dict[str, Any]
    ) -> None:
        answer = call(client, channel, event(), **change)
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"] == (
            "The signature is missing, wrong, too old or used before."
        )
        assert count(channel) == (0, 0)

    def test_a_changed_body_is_refused(self, client: Client, channel: Channel) -> None:
        stamp = str(int(time.time()))
        digest = hmac.new(SECRET.encode(), f"{stamp}.".encode() + event(), hashlib.sha256)
        signed = {
            "X-OmniDesk-Timestamp": stamp,
            "X-OmniDesk-Signature": f"sha256={digest.hexdigest()}",
        }
        changed = event(subject="Other")
        assert call(client, channel, changed, headers=signed).status_code == 401

    def test_two_secrets_count_while_they_are_exchanged(
        self, client: Client, channel: Channel
    ) -> None:
        with organization_scope(channel.organization_id):
            change_channel(channel=channel, given={"secret": "new", "old_secret": SECRET})
        assert call(client, channel, event("1")).status_code == 202
        assert call(client, channel, event("2"), secret="new").status_code == 202

    def test_a_static_secret_only_where_it_is_set(self, client: Client, channel: Channel) -> None:
        given = {"X-Desk-Secret": SECRET, "X-OmniDesk-Signature": ""}
        assert call(client, channel, event(), headers=given).status_code == 401
        with organization_scope(channel.organization_id):
            change_channel(channel=channel, given={"static_header": "X-Desk-Secret"})
        assert call(client, channel, event(), headers=given).status_code == 202
        assert call(client, channel, event(), headers=given).status_code == 200
        wrong = {**given, "X-Desk-Secret": "no"}
        assert call(client, channel, event(), headers=wrong).status_code == 401

    def test_more_than_a_megabyte_is_413_an_unknown_channel_404(
        self, client: Client, channel: Channel
    ) -> None:
        assert call(client, channel, b"x" * (2**20 + 1)).status_code == 413
        channel.slug = "nobody"
        assert call(client, channel, event()).status_code == 404

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"no json", "The call is no JSON."),
            (b"[" * 100_000, "The call is no JSON."),
            (b"[]", "The call has no request object."),
            (b'{"request": {"id": {"a": 1}}}', "The request has no id."),
            (b'{"request": {"id": "../1"}}', "The request has no id."),
        ],
    )
    def test_nonsense_with_a_right_signature_is_told_and_kept(
        self, client: Client, channel: Channel, body: bytes, words: str
    ) -> None:
        answer = call(client, channel, body)
        assert (answer.status_code, answer.json()["detail"]) == (400, words)
        with organization_scope(channel.organization_id):
            receipt = Receipt.objects.get()
        assert (receipt.state, receipt.reason) == (ReceiptState.QUARANTINED, words)
        assert bytes(receipt.raw) == body


class TestTicket:
    def test_later_calls_move_the_same_ticket_and_older_ones_do_not(
        self, client: Client, channel: Channel
    ) -> None:
        ticket = take(channel, call(client, channel, event())).ticket
        assert ticket is not None
        on_hold = event(status="On Hold", last_updated_time="1700000005000")
        assert take(channel, call(client, channel, on_hold)).ticket == ticket
        older = event(status="Closed", last_updated_time="1700000001000")
        assert take(channel, call(client, channel, older)).state == ReceiptState.IGNORED
        odd = event(status="Under a full moon", last_updated_time="1700000006000")
        assert take(channel, call(client, channel, odd)).ticket == ticket
        with organization_scope(channel.organization_id):
            assert Ticket.objects.get().status_category == "pending"
            notes = list(Message.objects.filter(kind="internal").values_list("text", flat=True))
        assert notes == ["ServiceDesk Plus: request 4711 is now “On Hold”."]

    def test_a_stranger_waits_where_the_channel_says_so_and_nobody_named_is_the_desk(
        self, client: Client, channel: Channel
    ) -> None:
        with organization_scope(channel.organization_id):
            Channel.objects.update(accepts_strangers=False)
        stranger = event("7", requester_email="x@stranger.example")
        assert take(channel, call(client, channel, stranger)).state == ReceiptState.QUARANTINED
        broken = event("8", requester_email="no address")
        assert take(channel, call(client, channel, broken)).state == ReceiptState.QUARANTINED
        nobody = take(channel, call(client, channel, event("9", requester_email="")))
        assert nobody.ticket is not None
        assert nobody.ticket.requester.email == "sdp@helpdesk.invalid"

    def test_with_credentials_the_request_itself_counts(
        self, client: Client, channel: Channel, desk: ServiceDesk
    ) -> None:
        connect(channel, desk, enrich="no")
        desk.put("77", subject="From the API", status={"name": "Open"})
        ticket = take(channel, call(client, channel, event("77", subject="From the call"))).ticket
        assert ticket is not None
        assert (ticket.subject, ticket.description) == ("From the API", "It smokes.")

    def test_a_helpdesk_that_is_away_for_a_moment_loses_nothing(
        self, client: Client, channel: Channel, desk: ServiceDesk
    ) -> None:
        connect(channel, desk, enrich="no")
        desk.put("77")
        limit = {"status_code": 4000, "messages": [{"status_code": 4015, "message": "slow"}]}
        desk.fail = [Said(500, "down"), Said(400, {"response_status": limit})]
        answer = call(client, channel, event("77"))
        for left in (ReceiptState.WAITING, ReceiptState.WAITING, ReceiptState.ACCEPTED):
            with organization_scope(channel.organization_id):
                Receipt.objects.update(next_try_at="2020-01-01T00:00Z")
            assert take(channel, answer).state == left

    def test_a_request_that_is_gone_waits_for_a_person(
        self, client: Client, channel: Channel, desk: ServiceDesk
    ) -> None:
        connect(channel, desk)
        receipt = take(channel, call(client, channel, event("404")))
        assert receipt.state == ReceiptState.QUARANTINED
        assert receipt.reason == "This ticket is no longer on the other side."

    def test_wrong_credentials_are_tried_a_bounded_number_of_times(
        self, client: Client, channel: Channel, desk: ServiceDesk
    ) -> None:
        connect(channel, desk, authtoken="wrong")
        answer = call(client, channel, event("77"))
        for _ in range(7):
            with organization_scope(channel.organization_id):
                Receipt.objects.update(next_try_at="2020-01-01T00:00Z")
            take(channel, answer)
        assert len(desk.calls) == 5
        with organization_scope(channel.organization_id):
            assert Channel.objects.get().paused_itself

    def test_the_cloud_signs_in_by_refresh_token_and_renews_once(
        self, channel: Channel, desk: ServiceDesk
    ) -> None:
        desk.cloud = True
        connect(
            channel, desk, authtoken="", refresh_token=REFRESH, client_id="c",
            client_secret="s", accounts_url=desk.server.url,
        )  # fmt: skip
        with organization_scope(channel.organization_id):
            found = Channel.objects.get()
        assert reach(found) == "ServiceDesk Plus answers and shows 0 requests."
        assert desk.refreshed == 1


class TestEnrichment:
    @pytest.fixture
    def row(
        self, client: Client, channel: Channel, desk: ServiceDesk, settings: Settings
    ) -> RemoteRequest:
        """A new request whose context is still to be gathered; no ai-worker runs."""
        settings.AI_REQUEST_TIMEOUT = 0.05
        connect(channel, desk)
        desk.put("77")
        take(channel, call(client, channel, event("77")))
        with organization_scope(channel.organization_id):
            return RemoteRequest.objects.get()

    def enrich(self, row: RemoteRequest) -> str:
        with organization_scope(row.organization_id):
            RemoteRequest.objects.filter(pk=row.pk).update(next_try_at="2020-01-01T00:00Z")
        return enriching.enrich(row.organization_id, row.pk)

    def test_the_note_is_on_the_ticket_and_over_there_once(
        self, row: RemoteRequest, desk: ServiceDesk
    ) -> None:
        assert enriching.due() == [(row.organization_id, row.pk)]
        assert self.enrich(row) == Stage.DONE
        assert self.enrich(row) == ""
        with organization_scope(row.organization_id):
            found = RemoteRequest.objects.select_related("note").get()
        assert found.note is not None
        assert "Context, gathered automatically" in found.note.text
        assert {one["key"] for one in found.findings} >= {
            "history", "incidents", "similar", "knowledge", "lookup",
        }  # fmt: skip
        [note] = desk.notes["77"]
        assert "<strong>Open incidents</strong>" in note["description"]

    def test_a_crash_after_writing_back_writes_nothing_twice(
        self, row: RemoteRequest, desk: ServiceDesk
    ) -> None:
        desk.fail = [Said(drop=True)]
        assert self.enrich(row) == Stage.RETURNING
        assert len(desk.notes["77"]) == 1
        assert self.enrich(row) == Stage.DONE
        assert len(desk.notes["77"]) == 1

    def test_an_older_version_takes_the_other_key(
        self, row: RemoteRequest, desk: ServiceDesk
    ) -> None:
        desk.note_key = "request_note"
        assert self.enrich(row) == Stage.DONE
        assert len(desk.notes["77"]) == 1

    def test_what_cannot_be_written_back_stays_on_the_ticket_and_is_told(
        self, row: RemoteRequest, desk: ServiceDesk
    ) -> None:
        del desk.requests["77"]
        assert self.enrich(row) == Stage.FAILED
        with organization_scope(row.organization_id):
            found = RemoteRequest.objects.get()
            assert found.error == "ServiceDesk Plus refused: Resource not found (4007)"
            assert Message.objects.filter(kind="internal").count() == 1
