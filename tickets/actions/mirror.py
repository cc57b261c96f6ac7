"""What was said and done on a ticket in another system, written down here as it was there.

Nothing is sent to anybody: the other system told its people itself.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import clean_text, one_line
from tickets.actions.attach import NewFile, store
from tickets.actions.base import Actor, FieldChange, locked, record
from tickets.actions.intake import LONGEST_TEXT
from tickets.actions.lifecycle import move
from tickets.choices import MessageKind, Source, StatusCategory
from tickets.events import MessageReceived
from tickets.models import Attachment, Message, Status, Ticket


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
    text = clean_text(said.text, LONGEST_TEXT).strip() or "–"
    if said.signed_by:
        text = f"{one_line(said.signed_by, 150)}:\n\n{text}"
    message = Message.objects.create(
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
    ticket.message_count += 1
    answered = said.public and not said.from_requester
    if answered and ticket.first_response_at is None:
        ticket.first_response_at = message.created_at
    verb = "ticket.message_received" if message.from_requester else "ticket.message_mirrored"
    record(ticket, actor, FieldChange(verb, detail={"message": message.pk}), activity=not quiet)
    if message.from_requester and not quiet:
        publish(
            MessageReceived(
                organization_id=ticket.organization_id, ticket_id=ticket.pk, message_id=message.pk
            )
        )
    return message


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
    record(ticket, actor, *changes, activity=False)
    return ticket
