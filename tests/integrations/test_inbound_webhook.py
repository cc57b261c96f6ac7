"""Signed JSON of any program: Standard Webhooks in, mapped by paths, once."""

import base64
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

from integrations import delivery as sending
from integrations import paths, taking
from integrations.actions import queue_delivery
from integrations.actions.channels import add_channel, change_channel
from integrations.channels.sms_gateway.template import fill_form, fill_json
from integrations.models import Channel, Receipt, ReceiptState, Step
from omnidesk.accounts.models import User
from omnidesk.core.errors import BadInput
from omnidesk.core.http import reset_breakers
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.http import Asked, FakeServer, Said
from tickets.actions.base import Actor
from tickets.actions.reply import reply
from tickets.models import Ticket

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
ALERT = {
    "alert": {"labels": [{"name": "Disk full"}], "text": "The disk of db1 is full."},
    "who": {"mail": "Dana@nordwerk.example"}, "level": "critical", "key": "db1/disk",
}  # fmt: skip


@pytest.fixture
def channel(cast: Cast) -> Channel:
    with organization_scope(cast.nordwerk.pk):
        found, _ = add_channel(
            organization=cast.nordwerk, kind="webhook", name="Monitoring",
            given={
                "secret": SECRET, "subject_path": "alert.labels.0.name", "text_path": "alert.text",
                "email_path": "who.mail", "urgency_path": "level", "reference_path": "key",
            },
        )  # fmt: skip
    return found


def call(
    client: Client, channel: Channel, data: Any, *, call_id: str = "msg_1", stamp: str = "",
    key: bytes = KEY, headers: dict[str, str] | None = None,
) -> Any:  # fmt: skip
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    stamp = stamp or str(int(time.time()))
    made = hmac.new(key, f"{call_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signed = {
        "webhook-id": call_id, "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }  # fmt: skip
    return client.post(
        reverse("webhook-inbound", args=[channel.slug]),
        body,
        content_type="application/json",
        headers={**signed, **(headers or {})},
    )


def take(channel: Channel, answer: Any) -> Receipt:
    assert answer.status_code == 202, answer.content
    taking.take_in(channel.organization_id, answer.json()["receipt"])
    with organization_scope(channel.organization_id):
        rows = Receipt.objects.select_related("ticket__requester")
        return rows.get(pk=answer.json()["receipt"])


def test_paths_find_what_the_ticket_needs(client: Client, cast: Cast, channel: Channel) -> None:
    ticket = take(channel, call(client, channel, ALERT)).ticket
    assert ticket is not None
    assert (ticket.subject, ticket.description, ticket.urgency, ticket.requester) == (
        "Disk full", "The disk of db1 is full.", "critical", cast.dana,
    )  # fmt: skip


def test_the_same_reference_goes_on_the_ticket_and_recovery_solves_it(
    client: Client, channel: Channel
) -> None:
    first = take(channel, call(client, channel, ALERT)).ticket
    again = {**ALERT, "alert": {**ALERT["alert"], "text": "Still full."}}  # type: ignore[dict-item]
    assert take(channel, call(client, channel, again, call_id="msg_2")).ticket == first
    over = {**again, "state": "Resolved"}
    take(channel, call(client, channel, over, call_id="msg_3"))
    with organization_scope(channel.organization_id):
        ticket = Ticket.objects.get()
        assert (ticket.status_category, ticket.message_count) == ("solved", 4)
    take(channel, call(client, channel, ALERT, call_id="msg_4"))
    with organization_scope(channel.organization_id):
        assert Ticket.objects.get().status_category == "open"


def test_a_replay_is_refused_and_a_new_try_is_known(client: Client, channel: Channel) -> None:
    stamp = int(time.time())
    assert call(client, channel, ALERT, stamp=str(stamp)).status_code == 202
    assert call(client, channel, ALERT, stamp=str(stamp)).status_code == 401
    again = call(client, channel, ALERT, stamp=str(stamp - 1))
    assert (again.status_code, again.json()["state"]) == (200, "known")
    with organization_scope(channel.organization_id):
        assert Receipt.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"key": b"wrong"}, {"stamp": "1700000000"}, {"call_id": ""},
        {"headers": {"webhook-signature": "v2,AAAA"}}, {"headers": {"webhook-id": "msg_2"}},
        {"headers": {"webhook-timestamp": "x"}},
    ],
)  # fmt: skip
def test_what_is_not_signed_leaves_nothing(
    client: Client, channel: Channel, change: dict[str, Any]
) -> None:
    assert call(client, channel, ALERT, **change).status_code == 401
    with organization_scope(channel.organization_id):
        assert not Receipt.objects.exists()


@pytest.mark.parametrize("body", [b"x", b"{}", b"[1]", b'{"alert": {"text": {"a": 1}}}', b"null"])
def test_what_leads_nowhere_is_told_and_kept(client: Client, channel: Channel, body: bytes) -> None:
    answer = call(client, channel, body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    with organization_scope(channel.organization_id):
        assert Receipt.objects.get().state == ReceiptState.QUARANTINED


def test_the_former_secret_counts_while_it_is_exchanged(client: Client, channel: Channel) -> None:
    with organization_scope(channel.organization_id):
        change_channel(channel=channel, given={"secret": "whsec_bmV3", "old_secret": SECRET})
    assert call(client, channel, ALERT).status_code == 202
    assert call(client, channel, ALERT, call_id="msg_2", key=b"new").status_code == 202


def test_a_made_up_secret_has_the_standard_form(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        _channel, made = add_channel(
            organization=cast.nordwerk, kind="webhook", name="Forms", given={}
        )
    assert made["secret"].startswith("whsec_")
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b.0", "x"), ("a.b", "x, 2"), ("a.c", "true"), ("a", ""), ("a.b.9", ""), ("z.y", ""),
        ("a.b.x", ""), ("", ""), ("n", "1.5"),
    ],
)  # fmt: skip
def test_simple_paths(path: str, found: str) -> None:
    assert paths.text({"a": {"b": ["x", 2], "c": True}, "n": 1.5}, path) == found


class TestGateway:
    @pytest.fixture
    def server(self, settings: Settings) -> Iterator[tuple[FakeServer, list[Asked], list[Said]]]:
        settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
        reset_breakers()
        calls: list[Asked] = []
        answers: list[Said] = []

        def handle(asked: Asked) -> Said:
            calls.append(asked)
            return answers.pop(0) if answers else Said(200, {"messages": [{"id": "m-1"}]})

        server = FakeServer(handle)
        server.start()
        yield server, calls, answers
        server.stop()

    def gateway(self, cast: Cast, url: str, **given: str) -> Channel:
        User.objects.filter(pk=cast.dana.pk).update(phone="+491701234567")
        with organization_scope(cast.nordwerk.pk):
            found, _ = add_channel(
                organization=cast.nordwerk, kind="sms_gateway", name="Gateway",
                given={
                    "address": "Desk", "url": url, "secret": SECRET, "header_value": "Bearer k",
                    "id_path": "messages.0.id", **given,
                },
            )  # fmt: skip
        return found

    def answered(self, client: Client, cast: Cast, channel: Channel) -> Step | None:
        text = {"from": "+491701234567", "text": "The printer is dead.", "id": "in-1"}
        ticket = take(channel, call(client, channel, text)).ticket
        assert ticket is not None
        assert ticket.requester == cast.dana
        with organization_scope(cast.nordwerk.pk):
            written = reply(
                ticket=ticket, actor=Actor.person(cast.alice), text='Say "hi"\n& go, {to}'
            )
            row = queue_delivery(written.pk)
        assert row is not None
        return sending.deliver(row.organization_id, row.pk)

    def test_in_and_out_as_json(
        self, client: Client, cast: Cast, server: tuple[FakeServer, list[Asked], list[Said]]
    ) -> None:
        fake, calls, _answers = server
        channel = self.gateway(cast, f"{fake.url}/send")
        assert self.answered(client, cast, channel) == Step.SENT
        [asked] = calls
        assert asked.headers["authorization"] == "Bearer k"
        sent = asked.json()
        assert (sent["to"], sent["from"]) == ("+491701234567", "Desk")
        assert sent["text"] == 'Say "hi"\n& go, {to}'
        assert sent["reference"] == asked.headers["idempotency-key"]

    def test_out_as_a_form(
        self, client: Client, cast: Cast, server: tuple[FakeServer, list[Asked], list[Said]]
    ) -> None:
        fake, calls, _answers = server
        channel = self.gateway(
            cast, f"{fake.url}/send", content_type="form", body="nr={to}&msg={text}"
        )
        assert self.answered(client, cast, channel) == Step.SENT
        assert calls[0].body == b"nr=%2B491701234567&msg=Say+%22hi%22%0A%26+go%2C+%7Bto%7D"

    @pytest.mark.parametrize(
        ("said", "step"),
        [
            (Said(429), Step.QUEUED), (Said(503), Step.QUEUED), (Said(401), Step.QUEUED),
            (Said(400), Step.FAILED), (Said(500), Step.UNCERTAIN),
            (Said(drop=True), Step.UNCERTAIN),
            (Said(302, b"", {"Location": "http://127.0.0.1/"}), Step.FAILED),
        ],
    )  # fmt: skip
    def test_failures_are_repeated_only_where_nothing_was_sent(
        self, client: Client, cast: Cast,
        server: tuple[FakeServer, list[Asked], list[Said]], said: Said, step: Step,
    ) -> None:  # fmt: skip
        fake, calls, answers = server
        channel = self.gateway(cast, f"{fake.url}/send")
        answers.append(said)
        assert self.answered(client, cast, channel) == step
        assert len(calls) == 1

    def test_a_private_address_is_refused(
        self, client: Client, cast: Cast, settings: Settings
    ) -> None:
        settings.OUTBOUND_ALLOW = []
        channel = self.gateway(cast, "http://127.0.0.1:9/send")
        assert self.answered(client, cast, channel) == Step.FAILED

    @pytest.mark.parametrize("body", ["{to}", "{to} {text} {password}", "no places"])
    def test_a_template_that_cannot_be_filled_is_refused(self, cast: Cast, body: str) -> None:
        with pytest.raises(BadInput):
            self.gateway(cast, "https://x.example", body=body)

    def test_values_never_become_structure(self) -> None:
        values = {"to": '","x":"', "from": "", "text": "a&b=c", "id": "{to}"}
        filled = json.loads(fill_json('{"t": "{to}", "l": ["{text}", 5], "i": "{id}"}', values))
        assert filled == {"t": '","x":"', "l": ["a&b=c", 5], "i": "{to}"}
        assert fill_form("a={text}&b={id}", values) == b"a=a%26b%3Dc&b=%7Bto%7D"
