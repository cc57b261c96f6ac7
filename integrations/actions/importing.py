"""Taking old mail in: what it would become, and that it becomes it without telling anybody."""

from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from integrations.actions.conversation import known_person, may_open, trace_thread
from integrations.actions.inbound import accept_inbound, unusable
from integrations.actions.sent import take_sent
from integrations.base import InboundMessage
from integrations.channels.email.tokens import verify_token
from integrations.models import Channel, Receipt, ReceiptState
from omnidesk.core.events import publish
from omnidesk.core.history import history_moment, writing_history
from tickets.actions.catalog import default_status
from tickets.choices import AiState, StatusCategory
from tickets.events import TicketsImported
from tickets.models import Ticket


def plan_mail(channel: Channel, mail: InboundMessage, seen: set[str]) -> tuple[str, str]:
    """(fate, why) of a mail without writing; `seen` grows by what it would put on tickets."""
    if _has(channel, mail):
        seen.add(mail.message_id)
        return "known", ""
    if mail.own_token and verify_token(mail.own_token, settings.SECRET_KEY):
        return "ignored", _("Our own mail came back.")
    if mail.bounce:
        return "ignored", _("A delivery report for no answer of ours.")
    match = trace_thread(channel, mail)
    refers = {mail.in_reply_to, *mail.references} & (seen - {""})
    if mail.sender.email.lower() == channel.address:
        fits = match is not None or bool(refers)
        seen.add(mail.message_id)
        return ("answer" if fits else "ignored"), _("Written by the desk.")
    with writing_history(mail.sent_at or channel.created_at):
        reason = unusable(channel, mail, forced=False)
    if reason:
        return "quarantined", reason
    if match is not None or refers:
        seen.add(mail.message_id)
        number = f"#{match.ticket.number}" if match else next(iter(refers))
        return "message", number
    if mail.auto_reply:
        return "ignored", _("An automatic reply to no ticket of ours.")
    if not may_open(channel, mail, known_person(mail)):
        return "quarantined", _("The sender is not known here.")
    seen.add(mail.message_id)
    return "ticket", ""


def _has(channel: Channel, mail: InboundMessage) -> bool:
    keys = [
        sha256(one.encode("utf-8", "replace")).hexdigest()
        for one in (mail.external_id, f"sent:{mail.external_id}")
    ]
    return Receipt.objects.filter(channel=channel, key__in=keys).exists()


@transaction.atomic
def take_old(
    channel: Channel, mail: InboundMessage, raw: bytes, moment: datetime, *, leave_open: bool
) -> tuple[str, str]:
    """(fate, why) of a mail that is taken in. One transaction, and nobody is told."""
    if _has(channel, mail):
        return "known", ""
    with writing_history(moment):
        if mail.sender.email.lower() == channel.address:
            receipt = take_sent(channel, mail, raw)
            return ("answer" if receipt else "ignored"), _("Written by the desk.")
        receipt = accept_inbound(channel, mail, raw)
        where = f"#{receipt.ticket.number}" if receipt.ticket else receipt.reason
        if receipt.state != ReceiptState.ACCEPTED or receipt.message is None:
            return receipt.state, where
        if not receipt.message.is_opening:
            return "message", where
        _put_aside(receipt.message.ticket, close=not leave_open)
        return "ticket", where


def _put_aside(ticket: Ticket, *, close: bool) -> None:
    """Old conversations are for looking up and learning: the AI answers none of them."""
    fields = ["ai_state"]
    ticket.ai_state = AiState.OFF
    if close:
        status = default_status(ticket.organization_id, StatusCategory.CLOSED)
        ticket.status, ticket.status_category = status, status.category
        ticket.resolved_at = ticket.closed_at = history_moment()
        fields += ["status", "status_category", "resolved_at", "closed_at"]
    ticket.save(update_fields=fields)


@transaction.atomic
def announce_import(channel: Channel, count: int) -> None:
    """Let the search and the figures take the new tickets up, once for all."""
    publish(TicketsImported(organization_id=channel.organization_id, count=count))
