"""Reads of what hangs together: links of a ticket, merges, tickets that may be the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from omnidesk.accounts.models import User
from tickets.access import desk_tickets
from tickets.linking import Relation, relation_of
from tickets.models import Merge, Ticket, TicketLink, TicketQuerySet
from tickets.selectors import search_tickets

MOST_PROPOSED = 6


@dataclass(frozen=True, slots=True)
class Linked:
    """Another ticket, and what the shown ticket is to it."""

    id: int
    relation: Relation
    ticket: Ticket


def linked_tickets(ticket: Ticket) -> list[Linked]:
    """What hangs together with a ticket, bins left out. Queries: 1."""
    rows = TicketLink.objects.filter(Q(source=ticket) | Q(target=ticket)).select_related(
        "source__status", "target__status"
    )
    found = []
    for row in rows.defer("source__search", "target__search"):
        forward = row.source_id == ticket.pk
        other = row.target if forward else row.source
        if other.deleted_at is None:
            found.append(Linked(row.pk, relation_of(row.kind, forward=forward), other))
    order = list(Relation)
    return sorted(found, key=lambda one: (order.index(one.relation), one.ticket.number))


def standing_merge(ticket: Ticket) -> Merge | None:
    """The merge that holds a merged ticket, with its winner. Queries: 1, or 0 if never merged."""
    if ticket.merged_into_id is None:
        return None
    return Merge.objects.filter(loser=ticket, undone_at=None).select_related("winner").first()


def standing_merges(ticket: Ticket) -> list[Merge]:
    """The tickets that were merged into this one and still are. Queries: 1."""
    rows = ticket.merges.filter(undone_at=None).select_related("loser")
    return list(rows.defer("kept", "loser__search", "loser__description"))


def candidates(user: User, ticket: Ticket, words: str) -> list[Ticket]:
    """Tickets to link or merge with: found by `words`, else those that may be the same.

    Queries: 2 (what is linked already, tickets), or 3 where the AI names similar ones.
    """
    linked = {one.ticket.pk for one in linked_tickets(ticket)}
    rows: TicketQuerySet = desk_tickets(user).filter(
        organization_id=ticket.organization_id, merged_into=None
    )
    rows = rows.exclude(pk__in=[ticket.pk]).with_row_relations().defer("description", "search")
    if words:
        return list(search_tickets(rows, words)[:MOST_PROPOSED])
    rows = rows.exclude(pk__in=linked)
    named = _similar_numbers(ticket)
    alike = list(rows.filter(number__in=named)[:MOST_PROPOSED]) if named else []
    own = rows.unresolved().filter(requester_id=ticket.requester_id).exclude(number__in=named)
    return [*alike, *own[: MOST_PROPOSED - len(alike)]] if len(alike) < MOST_PROPOSED else alike


def _similar_numbers(ticket: Ticket) -> Sequence[int]:
    """Tickets that the AI's verdict names as close, nearest first."""
    sources = ticket.ai_verdict.get("sources")
    if not isinstance(sources, list):
        return []
    numbers = [
        s.get("number") for s in sources if isinstance(s, dict) and s.get("kind") == "ticket"
    ]
    return [n for n in numbers if isinstance(n, int) and not isinstance(n, bool) and 0 < n < 2**63]
