"""Status, deletion and restoring."""

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from omnidesk.core.events import publish
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.checklists import refuse_open_items
from tickets.actions.schedule import plan
from tickets.actions.types import check_move
from tickets.actions.waking import waken
from tickets.choices import StatusCategory
from tickets.events import PendingReasonChanged, StatusChanged, TicketDeleted
from tickets.models import PendingReason, Status, Ticket


@transaction.atomic
def set_status(
    *, ticket: Ticket, actor: Actor, status: Status, reason: PendingReason | None = None
) -> Ticket:
    """Move a ticket to another status of its workflow; the same status changes nothing.

    `reason` says what a pending ticket waits for; without it the status' own counts. Raises
    `InvalidChange` where the workflow forbids the move or a field that it needs is empty.
    """
    ticket = locked(ticket)
    record(ticket, actor, *try_move(ticket, actor, status, reason))
    return ticket


def try_move(
    ticket: Ticket, actor: Actor, status: Status, reason: PendingReason | None = None,
    *, answering: bool = False,
) -> list[FieldChange]:  # fmt: skip
    """`move` as far as the ticket's workflow allows `actor` to."""
    if status.organization_id == ticket.organization_id and status.pk != ticket.status_id:
        check_move(ticket, actor, status, reason=reason, answering=answering)
        refuse_open_items(ticket, actor, status)
    return move(ticket, status, reason)


@transaction.atomic
def set_pending_reason(*, ticket: Ticket, actor: Actor, reason: PendingReason | None) -> Ticket:
    """Say what a pending ticket waits for, without moving it; None takes the reason away."""
    ticket = locked(ticket)
    record(ticket, actor, *wait_for(ticket, reason))
    return ticket


def move(ticket: Ticket, status: Status, reason: PendingReason | None = None) -> list[FieldChange]:
    """Set the status on a locked ticket without saving or asking; returns what to log."""
    if status.organization_id != ticket.organization_id:
        raise InvalidChange(_("This status belongs to another organization."), "status")
    if status.pk == ticket.status_id:
        return wait_for(ticket, reason) if reason else []
    old, old_stage = ticket.status, ticket.status_category
    ticket.status, ticket.status_category = status, status.category
    _stamp(ticket)
    if old_stage != status.category:
        publish(
            StatusChanged(
                organization_id=ticket.organization_id,
                ticket_id=ticket.pk,
                old_category=old_stage,
                new_category=status.category,
            )
        )
    moved = FieldChange("ticket.status_changed", "status", old.key, status.key)
    changes = [moved, *wait_for(ticket, reason or _usual_reason(status))]
    if ticket.is_settled:
        changes += waken(ticket)
    plan(ticket)
    return changes


def _usual_reason(status: Status) -> PendingReason | None:
    pending = status.category == StatusCategory.PENDING
    return status.pending_reason if pending else None


def wait_for(ticket: Ticket, reason: PendingReason | None) -> list[FieldChange]:
    """Set or clear what a locked ticket waits for, without saving; returns what to log.

    Raises `InvalidChange` where the ticket does not wait or the reason is another organization's.
    """
    if reason is not None:
        if reason.organization_id != ticket.organization_id:
            raise InvalidChange(_("This reason belongs to another organization."), "pending_reason")
        if ticket.status_category != StatusCategory.PENDING:
            raise InvalidChange(_("Only a pending ticket waits for something."), "pending_reason")
    old = ticket.pending_reason
    if (old and old.pk) == (reason and reason.pk):
        return []
    ticket.pending_reason = reason
    plan(ticket)
    publish(
        PendingReasonChanged(
            organization_id=ticket.organization_id,
            ticket_id=ticket.pk,
            old_id=old.pk if old else None,
            new_id=reason.pk if reason else None,
        )
    )
    keys = (old.key if old else None, reason.key if reason else None)
    return [FieldChange("ticket.pending_reason_changed", "pending_reason", *keys)]


def _stamp(ticket: Ticket) -> None:
    moment = now()
    if ticket.is_settled:
        ticket.resolved_at = ticket.resolved_at or moment
    else:
        ticket.resolved_at = None
    ticket.closed_at = moment if ticket.status_category == StatusCategory.CLOSED else None


@transaction.atomic
def delete_ticket(*, ticket: Ticket, actor: Actor) -> Ticket:
    """Put a ticket into the bin: gone from every list, kept in the log, restorable."""
    ticket = locked(ticket)
    if ticket.deleted_at is None:
        ticket.deleted_at = now()
        record(ticket, actor, FieldChange("ticket.deleted"))
        _announce_deletion(ticket, restored=False)
    return ticket


@transaction.atomic
def restore_ticket(*, ticket: Ticket, actor: Actor) -> Ticket:
    """Take a ticket out of the bin."""
    ticket = locked(ticket)
    if ticket.deleted_at is not None:
        ticket.deleted_at = None
        record(ticket, actor, FieldChange("ticket.restored"))
        _announce_deletion(ticket, restored=True)
    return ticket


def _announce_deletion(ticket: Ticket, *, restored: bool) -> None:
    publish(
        TicketDeleted(
            organization_id=ticket.organization_id, ticket_id=ticket.pk, restored=restored
        )
    )
