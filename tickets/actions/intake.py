"""How a ticket begins, and how its requester goes on."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.history import history_moment
from tickets.actions.attach import store, take_along
from tickets.actions.base import (
    Actor,
    FieldChange,
    InvalidChange,
    locked,
    record,
)
from tickets.actions.catalog import working_status
from tickets.actions.lifecycle import wait_for
from tickets.actions.links import link_new_ticket
from tickets.actions.opening import (
    LONGEST_TEXT,
    Body,
    Opening,
    Triage,
    message_of,
    open_tickets,
)
from tickets.actions.schedule import plan, settings_of
from tickets.actions.waking import waken
from tickets.choices import (
    Source,
    StatusCategory,
)
from tickets.events import MessageReceived, StatusChanged
from tickets.followups import is_late
from tickets.linking import Relation
from tickets.models import Attachment, Message, Ticket

__all__ = [
    "LONGEST_TEXT",
    "Body",
    "Opening",
    "Triage",
    "open_ticket",
    "open_tickets",
    "receive_message",
    "surviving",
]


@transaction.atomic
def open_ticket(
    *,
    organization_id: int,
    requester: User,
    subject: str,
    body: Body,
    source: Source,
    actor: Actor,
    triage: Triage | None = None,
    at: datetime | None = None,
    quiet: bool = False,
) -> Ticket:
    """Open one ticket: see `open_tickets`. Raises `InvalidChange` naming the field."""
    opening = Opening(
        requester=requester, subject=subject, body=body, triage=triage or Triage(), at=at
    )
    [message] = open_tickets(
        organization_id=organization_id,
        openings=[opening],
        source=source,
        actor=actor,
        quiet=quiet,
    )
    return message.ticket


def _say(
    ticket: Ticket, body: Body, source: Source, *, author: User | None, at: datetime
) -> Message:
    message = message_of(ticket, body, source, author=author, at=at)
    message.save(force_insert=True)
    return message


@transaction.atomic
def receive_message(
    *, ticket: Ticket, author: User | None, body: Body, source: Source, actor: Actor,
    at: datetime | None = None, reopen: bool = True,
) -> Message:  # fmt: skip
    """Add what the requester's side wrote; a settled or waiting ticket opens again.

    On a merged ticket the words land where the conversation goes on. An answer that comes long
    after the closing opens a linked new ticket: look at the message's `ticket`. An automatic
    mail passes `reopen=False`: an out-of-office note must not reopen anything.
    """
    if not body.text.strip() and not body.files:
        raise InvalidChange(_("Write a message."), "text")
    ticket = surviving(locked(ticket))
    if reopen and _is_late(ticket, at or history_moment() or now()):
        return _follow_up(ticket, author, body, source, actor, at)
    message = _say(ticket, body, source, author=author, at=at or history_moment() or now())
    store(ticket, message, list(body.files), actor)
    take_along(message, actor, body.attachment_ids)
    ticket.message_count += 1
    detail = {"message": message.pk, **({} if reopen else {"automatic": True})}
    changes = [FieldChange("ticket.message_received", detail=detail)]
    if reopen:
        changes += waken(ticket)
        if ticket.status_category != StatusCategory.OPEN:
            changes += _reopen(ticket)
    record(ticket, actor, *changes)
    publish(
        MessageReceived(
            organization_id=ticket.organization_id, ticket_id=ticket.pk, message_id=message.pk
        )
    )
    return message


def surviving(ticket: Ticket) -> Ticket:
    """Where a ticket's conversation goes on after merges. Queries: 0 for one never merged."""
    while ticket.merged_into_id is not None:
        ticket = locked(Ticket.objects.get(pk=ticket.merged_into_id))
    return ticket


def _is_late(ticket: Ticket, moment: datetime) -> bool:
    if ticket.status_category != StatusCategory.CLOSED:
        return False
    days = settings_of(ticket.organization_id).late_reply_days
    return is_late(ticket.closed_at, moment, days)


def _follow_up(
    old: Ticket, author: User | None, body: Body, source: Source, actor: Actor, at: datetime | None
) -> Message:
    """A new ticket of the same kind that begins with these words, linked to the old one."""
    # Files that were uploaded to the old ticket beforehand come along.
    loose = Attachment.objects.filter(
        ticket=old, message=None, uploaded_by=actor.user, pk__in=body.attachment_ids
    )
    files = list(loose.values_list("pk", flat=True)) if actor.user else []
    ticket = open_ticket(
        organization_id=old.organization_id,
        requester=author or old.requester,
        subject=old.subject,
        body=replace(body, text=body.text if body.text.strip() else _("(Only files)")),
        source=source,
        actor=actor,
        triage=Triage(category=old.category, team=old.team, language=old.language),
        at=at,
    )
    message = ticket.messages.get(is_opening=True)
    Attachment.objects.filter(pk__in=files).update(ticket=ticket)
    take_along(message, actor, body.attachment_ids)
    link_new_ticket(ticket=ticket, actor=actor, other=old, relation=Relation.FOLLOW_UP_OF)
    return message


def _reopen(ticket: Ticket) -> list[FieldChange]:
    old, old_stage = ticket.status, ticket.status_category
    ticket.status = working_status(ticket)
    ticket.status_category = ticket.status.category
    ticket.resolved_at = ticket.closed_at = None
    publish(
        StatusChanged(
            organization_id=ticket.organization_id,
            ticket_id=ticket.pk,
            old_category=old_stage,
            new_category=ticket.status_category,
        )
    )
    reopened = FieldChange("ticket.reopened", "status", old.key, ticket.status.key)
    changes = [reopened, *wait_for(ticket, None)]
    plan(ticket)
    return changes
