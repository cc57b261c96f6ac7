"""What was said and done on a ticket in another system, written down here as it was there.

Nothing is sent to anybody: the other system told its people itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from omnidesk.accounts.models import User
from omnidesk.core.bulk import update_many
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import clean_text, one_line
from tickets.actions.attach import NewFile, store
from tickets.actions.base import Actor, FieldChange, locked, log_history, record
from tickets.actions.intake import LONGEST_TEXT
from tickets.actions.lifecycle import move
from tickets.choices import MessageKind, Source, StatusCategory
from tickets.events import MessageReceived
from tickets.models import Attachment, Message, Status, Ticket

_PAST_FIELDS: Final = (
    "status", "status_category", "pending_reason", "priority", "ai_state", "message_count",
    "first_response_at", "resolved_at", "closed_at", "next_step_at", "nudges_sent",
    "last_activity_at", "version",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message over there. `signed_by` names a writer who has no account here."""

    text: str
    html: str = ""
    public: bool = True
    from_requester: bool = False
    author: User | None = None
    signed_by: str = ""
    external_id: str = ""
    at: datetime | None = None


@transaction.atomic
def mirror_message(
    *, ticket: Ticket, actor: Actor, said: Said, source: Source, quiet: bool = False
) -> Message:
    """Write down a message of the other system; the status follows by itself, not from here.

    `quiet` tells nobody (an import of old tickets).
    """
    ticket = locked(ticket)
    message = _message(ticket, said, source)
    message.save(force_insert=True)
    _count(ticket, message)
    record(ticket, actor, _mirrored(message), activity=not quiet)
    if message.from_requester and not quiet:
        publish(
            MessageReceived(
                organization_id=ticket.organization_id, ticket_id=ticket.pk, message_id=message.pk
            )
        )
    return message


def _message(ticket: Ticket, said: Said, source: Source) -> Message:
    """What was said, not saved."""
    text = clean_text(said.text, LONGEST_TEXT).strip() or "–"
    if said.signed_by:
        text = f"{one_line(said.signed_by, 150)}:\n\n{text}"
    return Message(
        organization_id=ticket.organization_id,
        ticket=ticket,
        kind=MessageKind.PUBLIC if said.public else MessageKind.INTERNAL,
        author=said.author,
        from_requester=said.from_requester and said.public,
        text=text,
        html="" if said.signed_by else clean_text(said.html),
        source=source.value,
        external_id=one_line(said.external_id, 998),
        created_at=said.at or now(),
    )


def _count(ticket: Ticket, message: Message) -> None:
    """On the ticket, which is not saved."""
    ticket.message_count += 1
    answered = message.kind == MessageKind.PUBLIC and not message.from_requester
    if answered and ticket.first_response_at is None:
        ticket.first_response_at = message.created_at


def _mirrored(message: Message) -> FieldChange:
    verb = "ticket.message_received" if message.from_requester else "ticket.message_mirrored"
    return FieldChange(verb, detail={"message": message.pk})


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An old ticket that was just opened: what was said on it, in its order, with the moments that
    the log gives them, and the state it has over there, which it reached `at`."""

    ticket: Ticket
    said: Sequence[tuple[Said, datetime]]
    status: Status
    priority: str
    at: datetime | None
    logged_at: datetime


@transaction.atomic
def mirror_past(*, pasts: Sequence[Past], actor: Actor, source: Source) -> list[list[Message]]:
    """The same as `mirror_message` and `mirror_state` for old tickets that this transaction opened.

    To be called inside `writing_history`. Returns the messages by ticket. Queries: 3, and one for
    each solved ticket.
    """
    messages = [[_message(one.ticket, said, source) for said, _at in one.said] for one in pasts]
    Message.objects.bulk_create(message for found in messages for message in found)
    lines: list[tuple[Ticket, FieldChange, datetime]] = []
    for one, found in zip(pasts, messages, strict=True):
        ticket = one.ticket
        for message, (_said, at) in zip(found, one.said, strict=True):
            _count(ticket, message)
            ticket.version += 1
            lines.append((ticket, _mirrored(message), at))
        changes = _give_state(ticket, one.status, one.priority, one.at)
        ticket.version += bool(changes)
        lines += [(ticket, change, one.logged_at) for change in changes]
    update_many([one.ticket for one in pasts], _PAST_FIELDS)
    log_history(lines, actor)
    return messages


@transaction.atomic
def mirror_file(*, ticket: Ticket, actor: Actor, file: NewFile) -> Attachment:
    """Keep a file of the other system with the ticket. Raises InvalidChange over the limit."""
    ticket = locked(ticket)
    [row] = store(ticket, None, [file], actor)
    change = FieldChange("ticket.file_attached", new=row.name, detail={"id": row.pk})
    record(ticket, actor, change, activity=False)
    return row


@transaction.atomic
def mirror_state(
    *, ticket: Ticket, actor: Actor, status: Status, priority: str = "", at: datetime | None = None
) -> Ticket:
    """Give a ticket that was just taken over the state it has over there.

    `at` is when that was: the ticket counts as solved and closed then, not now. The AI does not
    read what is over already.
    """
    ticket = locked(ticket)
    changes = _give_state(ticket, status, priority, at)
    if not changes:
        ticket.save(update_fields=["last_activity_at"])
    record(ticket, actor, *changes, activity=False)
    return ticket


def _give_state(
    ticket: Ticket, status: Status, priority: str, at: datetime | None
) -> list[FieldChange]:
    """On the ticket, which is not saved; returns what to log."""
    changes = move(ticket, status)
    if ticket.is_settled:
        ticket.ai_state = "off"
        ticket.resolved_at = at or ticket.resolved_at
        if ticket.status_category == StatusCategory.CLOSED:
            ticket.closed_at = at or ticket.closed_at
    if priority and priority != ticket.priority:
        changes.append(
            FieldChange("ticket.priority_changed", "priority", ticket.priority, priority)
        )
        ticket.priority = priority
    if at is not None:
        ticket.last_activity_at = at
    return changes
