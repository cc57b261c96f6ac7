"""What the names in braces of a prepared text stand for on one ticket."""

from omnidesk.accounts.models import User
from tickets.models import Ticket
from tickets.placeholders import fill


def values_for(ticket: Ticket, sender: User | None = None) -> dict[str, str]:
    """Every placeholder's text for `ticket` (read with its relations) and whoever sends it."""
    requester = ticket.requester.display_name
    organization = ticket.organization
    return {
        "requester": requester,
        "first_name": requester.split()[0] if requester.split() else requester,
        "requester_email": ticket.requester.email,
        "number": str(ticket.number),
        "subject": ticket.subject,
        "status": str(ticket.status),
        "category": str(ticket.category or ""),
        "team": str(ticket.team or ""),
        "assignee": ticket.assignee.display_name if ticket.assignee else "",
        "agent": sender.display_name if sender else organization.name,
        "desk": organization.name,
    }


def filled(text: str, ticket: Ticket, sender: User | None = None) -> str:
    """`text` as it would be sent on `ticket`."""
    return fill(text, values_for(ticket, sender))
