"""Status, deletion and restoring."""

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from omnidesk.core.events import publish
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.choices import StatusCategory
from tickets.events import StatusChanged, TicketDeleted
from tickets.models import Status, Ticket


@transaction.atomic
def set_status(*, ticket: Ticket, actor: Actor, status: Status) -> Ticket:
    """Move a ticket to another status of its organization; the same status changes nothing."""
    ticket = locked(ticket)
    record(ticket, actor, *move(ticket, status))
    return ticket


def move(ticket: Ticket, status: Status) -> list[FieldChange]:
    """Set the status on a locked ticket without saving; returns what to log."""
    if status.organization_id != ticket.organization_id:
        raise InvalidChange(_("This status belongs to another organization."), "status")
    if status.pk == ticket.status_id:
        return []
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
    return [FieldChange("ticket.status_changed", "status", old.key, status.key)]


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
