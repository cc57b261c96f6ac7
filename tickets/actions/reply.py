"""What the desk says: public replies, internal notes, and what became of their delivery."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.history import history_moment
from omnidesk.core.text import clean_text, render_markdown
from tickets.actions.attach import NewFile, store, take_along
from tickets.actions.base import Actor, FieldChange, InvalidChange, announce, locked, record
from tickets.actions.catalog import working_status
from tickets.actions.intake import LONGEST_TEXT
from tickets.actions.lifecycle import move, try_move
from tickets.actions.schedule import plan
from tickets.actions.watch import note_mentions
from tickets.choices import ActorKind, DeliveryState, MessageKind, Source, StatusCategory
from tickets.copies import in_copy
from tickets.events import NoteAdded, ReplyQueued
from tickets.models import Message, PendingReason, Status, Ticket


@transaction.atomic
def reply(
    *,
    ticket: Ticket,
    actor: Actor,
    text: str,
    files: Sequence[NewFile] = (),
    attachment_ids: Sequence[int] = (),
    status_after: Status | None = None,
    reason_after: PendingReason | None = None,
    cc: Sequence[str] | None = None,
    source: Source = Source.AGENT,
    at: datetime | None = None,
) -> Message:
    """Answer the requester in public; channels deliver it after commit.

    `text` is Markdown. `cc` are the addresses in copy, by default those that the requester's side
    put there. The first answer of a person sets `first_response_at`; a new ticket
    counts as begun. `attachment_ids` takes files along that were uploaded beforehand.
    """
    written = _Written(text, files, attachment_ids, in_copy(ticket) if cc is None else list(cc))
    message, ticket = _write(ticket, actor, MessageKind.PUBLIC, written, source, at)
    take_along(message, actor, attachment_ids)
    changes = [FieldChange("ticket.replied", detail={"message": message.pk})]
    if ticket.first_response_at is None and actor.kind == ActorKind.PERSON:
        ticket.first_response_at = message.created_at
    if status_after is not None:
        changes += try_move(ticket, actor, status_after, reason_after, answering=True)
    elif is_new(ticket):
        changes += move(ticket, working_status(ticket))
    elif actor.kind == ActorKind.PERSON and ticket.next_step_at is not None:
        plan(ticket)  # Somebody just wrote: the next reminder waits its full time again.
    if ticket.assignee_id is None and actor.user is not None:
        # Whoever answers an unowned ticket owns it: nobody else answers it as well.
        ticket.assignee = actor.user
        changes.append(FieldChange("ticket.assigned", "assignee", None, actor.user.email))
    record(ticket, actor, *changes)
    publish(
        ReplyQueued(
            organization_id=ticket.organization_id, ticket_id=ticket.pk, message_id=message.pk
        )
    )
    return message


def is_new(ticket: Ticket) -> bool:
    """Whether nobody began with the ticket: an answer counts as beginning."""
    if ticket.type is not None and ticket.type.workflow:
        return ticket.status_id == ticket.type.start_id
    return ticket.status_category == StatusCategory.OPEN and ticket.status.is_default


@transaction.atomic
def add_note(
    *,
    ticket: Ticket,
    actor: Actor,
    text: str,
    files: Sequence[NewFile] = (),
    attachment_ids: Sequence[int] = (),
    at: datetime | None = None,
) -> Message:
    """Write an internal note: only the desk ever sees it.

    Colleagues named by `@Name` follow the ticket from then on and are told.
    """
    written = _Written(text, files, attachment_ids)
    message, ticket = _write(ticket, actor, MessageKind.INTERNAL, written, Source.AGENT, at)
    take_along(message, actor, attachment_ids)
    detail: dict[str, Any] = {"message": message.pk}
    if named := note_mentions(ticket, message):
        detail["mentioned"] = named
    record(ticket, actor, FieldChange("ticket.noted", detail=detail))
    publish(
        NoteAdded(
            organization_id=ticket.organization_id, ticket_id=ticket.pk, message_id=message.pk
        )
    )
    return message


class _Written(NamedTuple):
    """What was written, before it is a message."""

    text: str
    files: Sequence[NewFile]
    attachment_ids: Sequence[int]
    cc: Sequence[str] = ()


def _write(
    ticket: Ticket, actor: Actor, kind: MessageKind, written: _Written,
    source: Source, at: datetime | None,
) -> tuple[Message, Ticket]:  # fmt: skip
    text = written.text
    if not text.strip() and not written.files and not written.attachment_ids:
        raise InvalidChange(_("Write a message."), "text")
    if len(text) > LONGEST_TEXT:
        raise InvalidChange(
            _("A message may have at most %(limit)d characters.") % {"limit": LONGEST_TEXT}, "text"
        )
    ticket = locked(ticket)
    text = clean_text(text)
    message = Message.objects.create(
        organization_id=ticket.organization_id,
        ticket=ticket,
        kind=kind,
        author=actor.user,
        is_ai=actor.kind == ActorKind.AI,
        text=text,
        html=render_markdown(text),
        source=source.value,
        cc=list(written.cc),
        delivery_state=(DeliveryState.QUEUED if kind == MessageKind.PUBLIC else DeliveryState.NONE),
        created_at=at or history_moment() or now(),
    )
    store(ticket, message, list(written.files), actor, internal=kind == MessageKind.INTERNAL)
    ticket.message_count += 1
    return message, ticket


@transaction.atomic
def record_delivery(*, message: Message, state: DeliveryState, detail: str = "") -> None:
    """Note what became of an outgoing message; channels call this, agents see it."""
    Message.objects.filter(pk=message.pk).update(
        delivery_state=state.value, delivery_detail=clean_text(detail, 300)
    )
    announce(message.ticket, f"message.{state.value}")
