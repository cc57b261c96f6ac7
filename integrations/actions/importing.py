"""Taking old mail in: what it would become, and that it becomes it without telling anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from integrations.actions.batch import Arrived, open_plain, sort_out
from integrations.actions.conversation import known_person, may_open, trace_thread
from integrations.actions.inbound import accept_inbound, unusable
from integrations.actions.receipts import Arrival, key_of, receipt_of
from integrations.actions.sent import take_sent
from integrations.base import InboundMessage
from integrations.channels.email.tokens import verify_token
from integrations.models import Channel, Receipt, ReceiptState
from omnidesk.core.bulk import update_many
from omnidesk.core.events import publish
from omnidesk.core.history import writing_history
from tickets.actions.catalog import default_status
from tickets.choices import AiState, StatusCategory
from tickets.events import TicketsImported
from tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Old:
    """An old mail, its bytes, and when it was sent."""

    mail: InboundMessage
    raw: bytes
    moment: datetime


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
    return bool(_known_among(channel, [mail]))


@transaction.atomic
def take_old_plain(
    channel: Channel, old: Sequence[Old], *, leave_open: bool
) -> dict[int, tuple[str, str]]:
    """Open tickets for the plain ones among old mails, in one transaction, and tell nobody.

    Returns (fate, why) by position of those that are settled: what is known is, and what opened a
    ticket; the others go through `take_old` in their order. The caller holds the scope.
    """
    if not old:
        return {}
    known = _known_among(channel, [one.mail for one in old])
    fates = {n: ("known", "") for n, one in enumerate(old) if one.mail.external_id in known}
    with writing_history(old[0].moment):
        arrived = {
            n: Arrived(_accepted(channel, one), one.mail, one.moment)
            for n, one in enumerate(old)
            if n not in fates
        }
        plain = sort_out(channel, list(arrived.values()))
        messages = open_plain(channel, plain)
        _put_aside([message.ticket for message in messages], close=not leave_open)
        Receipt.objects.bulk_create(one.receipt for one in plain)
    places = {id(one): n for n, one in arrived.items()}
    for one, message in zip(plain, messages, strict=True):
        fates[places[id(one)]] = ("ticket", f"#{message.ticket.number}")
    return fates


def _accepted(channel: Channel, one: Old) -> Receipt:
    mail = one.mail
    arrival = Arrival(
        external_id=mail.external_id,
        raw=one.raw,
        sender=mail.sender.email.lower(),
        subject=mail.subject,
        is_auto=mail.auto or mail.bulk,
    )
    return receipt_of(channel, arrival, waiting=False)


def _known_among(channel: Channel, mails: Sequence[InboundMessage]) -> set[str]:
    """External ids of those that came before. Queries: 1."""
    ids = {
        key_of(f"{form}{mail.external_id}"): mail.external_id
        for mail in mails
        for form in ("", "sent:")
    }
    rows = Receipt.objects.filter(channel=channel, key__in=ids)
    return {ids[key] for key in rows.values_list("key", flat=True)}


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
        _put_aside([receipt.message.ticket], close=not leave_open)
        return "ticket", where


def _put_aside(tickets: Sequence[Ticket], *, close: bool) -> None:
    """Old conversations are for looking up and learning: the AI answers none of them."""
    if not tickets:
        return
    fields = ["ai_state"]
    if close:
        status = default_status(tickets[0].organization_id, StatusCategory.CLOSED)
        fields += ["status", "status_category", "resolved_at", "closed_at"]
    for ticket in tickets:
        ticket.ai_state = AiState.OFF
        if close:
            ticket.status, ticket.status_category = status, status.category
            ticket.resolved_at = ticket.closed_at = ticket.created_at
    update_many(tickets, fields)


@transaction.atomic
def announce_import(channel: Channel, count: int) -> None:
    """Let the search and the figures take the new tickets up, once for all."""
    publish(TicketsImported(organization_id=channel.organization_id, count=count))
