"""Writing to the desk by text message, and answering."""

from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse

from integrations import delivery as sending
from integrations import taking
from integrations.actions import queue_delivery
from integrations.models import Channel, Delivery, Receipt, Step
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.twilio import TOKEN, message, signature
from tickets.actions.base import Actor
from tickets.actions.reply import reply
from tickets.models import Ticket

DANA = "+491701234567"
BASE = "https://desk.nordwerk.example"


def call(
    client: Client, channel: Channel, form: dict[str, str], *, status: bool = False,
    query: str = "", token: str = TOKEN, headers: dict[str, str] | None = None,
) -> Any:  # fmt: skip
    name = "webhook-sms-status" if status else "webhook-sms"
    path = reverse(name, args=[channel.slug]) + query
    signed = {"X-Twilio-Signature": signature(BASE + path, form, token)}
    return client.post(
        path,
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers={**signed, **(headers or {})},
    )


def say(client: Client, channel: Channel, sid: str, text: str, **more: str) -> Receipt:
    """A text message, taken in."""
    answer = call(client, channel, message(sid, text, **more))
    assert answer.status_code == 200, answer.content
    with organization_scope(channel.organization_id):
        receipt = Receipt.objects.get(channel=channel, external_id=sid)
    taking.take_in(channel.organization_id, receipt.pk)
    with organization_scope(channel.organization_id):
        return Receipt.objects.select_related("ticket__requester", "message").get(pk=receipt.pk)


def answer(cast: Cast, ticket: Ticket, text: str = "Try **tray** two") -> Delivery:
    with organization_scope(cast.nordwerk.pk):
        written = reply(ticket=ticket, actor=Actor.person(cast.alice), text=text)
        row = queue_delivery(written.pk)
    assert row is not None
    return row


def deliver(row: Delivery) -> Step | None:
    with organization_scope(row.organization_id):
        Delivery.objects.filter(pk=row.pk).update(next_try_at="2020-01-01T00:00Z")
    return sending.deliver(row.organization_id, row.pk)


def again(row: Delivery) -> Delivery:
    with organization_scope(row.organization_id):
        return Delivery.objects.select_related("message").get(pk=row.pk)
