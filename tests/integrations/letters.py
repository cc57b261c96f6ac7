"""Mails of the cast, and what the desk does with them."""

from integrations.actions import accept_inbound, queue_delivery
from integrations.channels.email.parse import parse
from integrations.models import Channel, Receipt
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.channels.email.build import mail
from tickets.actions.base import Actor
from tickets.actions.reply import reply
from tickets.models import Ticket

DANA = "Dana Requester <dana@nordwerk.example>"


def take(channel: Channel, raw: bytes) -> Receipt:
    with organization_scope(channel.organization_id):
        return accept_inbound(channel, parse(raw), raw)


def from_dana(body: str = "The printer is dead.", **fields: str | bytes) -> bytes:
    return mail(body, **{"from": DANA, **fields})


def answered(cast: Cast, channel: Channel) -> tuple[Ticket, str]:
    """A ticket by mail with an answer queued; returns it and the answer's Message-ID."""
    receipt = take(channel, from_dana(message_id="<first@nordwerk.example>"))
    assert receipt.ticket is not None
    with organization_scope(cast.nordwerk.pk):
        message = reply(ticket=receipt.ticket, actor=Actor.person(cast.alice), text="Restart it")
        delivery = queue_delivery(message.pk)
    assert delivery is not None
    return receipt.ticket, delivery.external_id
