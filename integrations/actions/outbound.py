"""The outbox: queueing answers, settling them, and what to do when nobody knows."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, JSONField, Value
from django.db.models.expressions import CombinedExpression
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.actions.contacts import is_placeholder, opted_out, phone_of
from integrations.channels.email.compose import message_id_for
from integrations.channels.email.tokens import find_token, verify_token
from integrations.models import Channel, Delivery, Receipt, Step
from integrations.registry import EMAIL, kind_of, kinds
from integrations.sending_selectors import AGAIN
from omnidesk.core.clock import now
from omnidesk.core.text import one_line
from tickets.actions.base import InvalidChange
from tickets.actions.reply import record_delivery
from tickets.automatic import automatic_is_stopped
from tickets.choices import DeliveryState, MessageKind
from tickets.models import Message, Ticket

MAX_COPIES: Final = 20
# Automatic answers to one person within an hour; more would be two machines talking.
MAX_AUTOMATIC: Final = 5
_SHOWN: Final = {
    Step.QUEUED: DeliveryState.QUEUED,
    Step.CLAIMED: DeliveryState.QUEUED,
    Step.HANDING_OVER: DeliveryState.QUEUED,
    Step.SENT: DeliveryState.SENT,
    Step.FAILED: DeliveryState.FAILED,
    Step.UNCERTAIN: DeliveryState.UNCERTAIN,
}


@transaction.atomic
def queue_delivery(message_id: int) -> Delivery | None:
    """Put a public answer into the outbox; twice is once. The caller holds the scope.

    Returns None for what needs no delivery. Without a mail channel, or for an automatic answer
    to a machine, the row is settled at once.
    """
    message = (
        Message.objects.select_related("ticket__requester", "ticket__organization")
        .filter(pk=message_id, kind=MessageKind.PUBLIC, from_requester=False)
        .first()
    )
    if message is None or message.delivery_state == DeliveryState.NONE:
        return None
    known = Delivery.objects.filter(message=message).first()
    if known is not None:
        return known
    channel = channel_for(message.ticket)
    delivery, created = Delivery.objects.get_or_create(
        message=message,
        defaults={
            "organization_id": message.organization_id,
            "channel": channel,
            "recipients": recipients(message, channel) if channel else [],
            "next_try_at": now(),
            "external_id": _external_id(message, channel),
        },
    )
    if created:
        _settle_at_once(delivery, message, channel)
    return delivery


def _settle_at_once(delivery: Delivery, message: Message, channel: Channel | None) -> None:
    with translation.override(message.ticket.organization.language):
        if channel is None:
            settle(delivery, Step.SENT, _("in the portal"))
        elif not delivery.recipients:
            settle(delivery, Step.FAILED, _("Not sent: there is no address to send it to."))
        elif is_short(channel) and opted_out(message.ticket):
            settle(delivery, Step.FAILED, _("Not sent: the person has opted out (STOP)."))
        elif message.is_ai and automatic_is_stopped():
            settle(delivery, Step.FAILED, _("Not sent: automatic answers are stopped."))
        elif message.is_ai and talks_to_a_machine(message.ticket):
            settle(delivery, Step.FAILED, _("Not sent: the last mail came from a machine."))
        elif message.is_ai and too_many_automatic(message.ticket):
            settle(delivery, Step.FAILED, _("Not sent: too many automatic answers in an hour."))


def channel_for(ticket: Ticket) -> Channel | None:
    """What answers a ticket: the system it came from, the channel it came by, the first mailbox."""
    came_from = Channel.objects.working().filter(links__ticket=ticket, kind=ticket.source)
    federated = came_from.first()
    if federated is not None:
        return federated
    able = [key for key, kind in kinds().items() if kind.transport]
    return _came_by(ticket, able) or mail_channel_for(ticket)


def mail_channel_for(ticket: Ticket) -> Channel | None:
    """The mailbox that writes about a ticket: the one it came by, else the first."""
    boxes = Channel.objects.working().of_kind(EMAIL).filter(organization_id=ticket.organization_id)
    return _came_by(ticket, [EMAIL]) or boxes.order_by("pk").first()


def _came_by(ticket: Ticket, able: list[str]) -> Channel | None:
    channels = Channel.objects.working().filter(organization_id=ticket.organization_id)
    used = Receipt.objects.filter(ticket=ticket).values("channel")
    return channels.filter(pk__in=used, kind__in=able).order_by("pk").first()


def is_short(channel: Channel) -> bool:
    """Whether the channel carries plain text to a telephone."""
    return kind_of(channel.kind).short


def recipients(message: Message, channel: Channel) -> list[str]:
    """Where an answer goes: a telephone, or the requester's mailbox and those in copy."""
    ticket = message.ticket
    if is_short(channel):
        phone = phone_of(ticket)
        return [phone] if phone else []
    if channel.kind == EMAIL and is_placeholder(ticket.requester.email):
        return []
    own = set(
        Channel.objects.filter(organization_id=ticket.organization_id).values_list(
            "address", flat=True
        )
    )
    copies = [one for one in message.cc if one != ticket.requester.email and one not in own]
    return [ticket.requester.email, *copies[:MAX_COPIES]]


def _external_id(message: Message, channel: Channel | None) -> str:
    if channel is None or channel.kind != EMAIL:
        return ""
    domain = channel.address.rpartition("@")[2]
    return message_id_for(message.ticket_id, message.pk, domain=domain, secret=settings.SECRET_KEY)


def talks_to_a_machine(ticket: Ticket) -> bool:
    """Whether the last thing that came in on a ticket was a machine's. Queries: 1."""
    last = Receipt.objects.light().filter(ticket=ticket).order_by("-received_at").first()
    return last is not None and last.is_auto


def too_many_automatic(ticket: Ticket) -> bool:
    """Whether its requester got more automatic answers than a person would need. Queries: 1."""
    recent = Delivery.objects.filter(
        organization_id=ticket.organization_id,
        message__is_ai=True,
        message__ticket__requester_id=ticket.requester_id,
        created_at__gte=now() - timedelta(hours=1),
    )
    return recent.count() > MAX_AUTOMATIC


@transaction.atomic
def settle(delivery: Delivery, step: Step, detail: str = "") -> None:
    """Write how a delivery ended, on its row and for the agents on the message."""
    delivery.state = step.value
    delivery.error = "" if step is Step.SENT else one_line(detail, 300)
    delivery.settled_at = now()
    Delivery.objects.filter(pk=delivery.pk).update(
        state=delivery.state,
        error=delivery.error,
        settled_at=delivery.settled_at,
        log=line_of(step.value, detail, delivery.attempts),
    )
    record_delivery(message=delivery.message, state=_SHOWN[step], detail=detail)


def line_of(what: str, words: str = "", tries: int = 0) -> CombinedExpression:
    """The log with one more line, for an update: whoever else adds one loses none."""
    line = {"at": now().isoformat(), "what": what, "try": tries, "words": one_line(words, 300)}
    return CombinedExpression(F("log"), "||", Value([line], JSONField()))


@transaction.atomic
def stop_automatic(delivery_id: int) -> bool:
    """End an automatic answer that waits while the switch is off; returns whether it was one."""
    rows = Delivery.objects.filter(pk=delivery_id, state=Step.QUEUED, message__is_ai=True)
    delivery = rows.select_related("message__ticket__organization").first()
    if delivery is None or not automatic_is_stopped():
        return False
    if not Delivery.objects.filter(pk=delivery_id, state=Step.QUEUED).update(state=Step.FAILED):
        return True
    with translation.override(delivery.message.ticket.organization.language):
        settle(delivery, Step.FAILED, _("Not sent: automatic answers are stopped."))
    return True


def may_again(delivery: Delivery) -> bool:
    """Whether a person may ask for one more try."""
    return delivery.state in {Step.FAILED, Step.UNCERTAIN}


@transaction.atomic
def send_again(delivery_id: int) -> Delivery:
    """Queue a failed or uncertain answer once more, because a person asked for it.

    Raises InvalidChange for one that is under way or was sent.
    """
    changed = Delivery.objects.filter(
        pk=delivery_id, state__in=[Step.FAILED, Step.UNCERTAIN]
    ).update(
        state=Step.QUEUED,
        attempts=0,
        next_try_at=now(),
        error="",
        settled_at=None,
        remote={},
        log=line_of(AGAIN),
    )
    delivery = Delivery.objects.select_related("message__ticket").get(pk=delivery_id)
    if not changed:
        raise InvalidChange(_("This answer is under way or was sent already."))
    if delivery.channel_id is None:
        delivery.channel = channel_for(delivery.message.ticket)
        found = delivery.channel
        delivery.recipients = recipients(delivery.message, found) if found else []
        delivery.external_id = _external_id(delivery.message, delivery.channel)
        delivery.save(update_fields=["channel", "recipients", "external_id"])
    record_delivery(message=delivery.message, state=DeliveryState.QUEUED)
    return delivery


@transaction.atomic
def record_bounce(
    *, organization_id: int, external_id: str, recipient: str, permanent: bool
) -> Message | None:
    """Note on the answer that it came back; returns its message, or None if it is not ours.

    A delay changes nothing; neither does the failure of a mere copy.
    """
    delivery = (
        Delivery.objects.select_related("message__ticket")
        .filter(organization_id=organization_id, external_id=external_id)
        .exclude(external_id="")
        .first()
    )
    if delivery is None or not verify_token(find_token([external_id]), settings.SECRET_KEY):
        return None
    meant = delivery.recipients[:1]
    if permanent and (not recipient or [recipient] == meant):
        who = recipient or ", ".join(meant)
        settle(delivery, Step.FAILED, _("Came back: %(address)s") % {"address": who})
    return delivery.message
