"""Answers that left already: written in a mail program, read from the mailbox's Sent folder."""

from datetime import datetime

from django.db import transaction

from omnidesk.accounts.models import User
from omnidesk.core.text import clean_text, one_line
from tickets.actions.attach import store
from tickets.actions.base import Actor, FieldChange, locked, record
from tickets.actions.catalog import working_status
from tickets.actions.intake import LONGEST_TEXT, Body, surviving
from tickets.actions.lifecycle import move
from tickets.actions.reply import is_new
from tickets.choices import DeliveryState, MessageKind, Source
from tickets.models import Message, Ticket


@transaction.atomic
def keep_sent(
    *, ticket: Ticket, author: User | None, body: Body, actor: Actor, at: datetime, detail: str = ""
) -> Message:
    """Show the answer on the ticket as the desk's public one; nothing announces it for sending.

    `author` is the agent where the mail names one. It counts as a first answer like any other.
    """
    ticket = surviving(locked(ticket))
    message = Message.objects.create(
        organization_id=ticket.organization_id,
        ticket=ticket,
        kind=MessageKind.PUBLIC,
        author=author,
        text=clean_text(body.text, LONGEST_TEXT),
        html=body.html,
        quoted=clean_text(body.quoted, LONGEST_TEXT),
        source=Source.EMAIL.value,
        external_id=one_line(body.external_id, 998),
        delivery_state=DeliveryState.SENT,
        delivery_detail=clean_text(detail, 300),
        created_at=max(at, ticket.created_at),
    )
    store(ticket, message, list(body.files), actor)
    ticket.message_count += 1
    changes = [FieldChange("ticket.replied", detail={"message": message.pk})]
    if ticket.first_response_at is None:
        ticket.first_response_at = message.created_at
    if is_new(ticket):
        changes += move(ticket, working_status(ticket))
    if ticket.assignee_id is None and author is not None:
        ticket.assignee = author
        changes.append(FieldChange("ticket.assigned", "assignee", None, author.email))
    record(ticket, actor, *changes)
    return message
