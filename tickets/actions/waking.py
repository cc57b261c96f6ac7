"""The end of a snooze, as moves and answers bring it about as well."""

from tickets.actions.base import FieldChange
from tickets.models import Ticket


def waken(ticket: Ticket) -> list[FieldChange]:
    """Wake a locked ticket without saving; returns what to log, nothing for one that is awake."""
    if ticket.snoozed_at is None:
        return []
    until = ticket.snoozed_until
    ticket.snoozed_at = ticket.snoozed_until = ticket.snoozed_by = None
    return [
        FieldChange("ticket.woken", "snoozed_until", until.isoformat() if until else None, None)
    ]
