"""What channels know against an automatic answer: machines, and too many of them."""

from integrations.actions.outbound import talks_to_a_machine, too_many_automatic
from tickets.automatic import add_automatic_doubt
from tickets.models import Ticket


@add_automatic_doubt
def doubt(ticket: Ticket) -> str:
    """Two machines must not talk with each other. Queries: 2."""
    if talks_to_a_machine(ticket):
        return "machine"
    return "too_many" if too_many_automatic(ticket) else ""
