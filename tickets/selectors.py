"""Every list and detail read of the domain, each with a known number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, Q, QuerySet

from omnidesk.accounts.models import User
from tickets.access import desk_tickets, readable_messages, visible_tickets, works_on
from tickets.choices import MessageKind
from tickets.models import Change, Message, Ticket, TicketQuerySet

# Of a view's tickets so many are looked at for the place of one among them.
MOST_NEIGHBOURS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """Filters of lists and the API; empty ones filter nothing."""

    status: Sequence[str] = ()
    status_category: Sequence[str] = ()
    category: Sequence[str] = ()
    urgency: Sequence[str] = ()
    priority: Sequence[str] = ()
    team: Sequence[str] = ()
    assignee: str = ""
    requester: str = ""
    organization: Sequence[int] = ()
    source: Sequence[str] = ()
    tag: Sequence[str] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    q: str = ""


# Filter name -> lookup, for the plain "one of these" filters.
_ONE_OF = {
    "status": "status__key__in",
    "status_category": "status_category__in",
    "category": "category__name__in",
    "urgency": "urgency__in",
    "priority": "priority__in",
    "team": "team__slug__in",
    "organization": "organization_id__in",
    "source": "source__in",
}
_TIMES = {
    "created_after": "created_at__gte",
    "created_before": "created_at__lt",
    "updated_after": "updated_at__gte",
}


def filter_tickets(tickets: TicketQuerySet, wanted: TicketFilter) -> TicketQuerySet:
    """`tickets` that match every filter of `wanted`; adds no query of its own."""
    for name, lookup in {**_ONE_OF, **_TIMES}.items():
        value = getattr(wanted, name)
        if value:
            tickets = tickets.filter(**{lookup: value})
    if wanted.tag:
        tickets = tickets.filter(ticket_tags__tag__name__in=wanted.tag).distinct()
    if wanted.assignee:
        tickets = tickets.filter(_person("assignee", wanted.assignee))
    if wanted.requester:
        tickets = tickets.filter(_person("requester", wanted.requester))
    if wanted.q:
        tickets = search_tickets(tickets, wanted.q)
    return tickets


def _person(role: str, value: str) -> Q:
    """A person by id, by address, or `none`."""
    if value == "none":
        return Q(**{f"{role}__isnull": True})
    if value.isdigit() and len(value) < 19:
        return Q(**{f"{role}_id": int(value)})
    return Q(**{f"{role}__email": value.lower()})


def search_tickets(tickets: TicketQuerySet, words: str) -> TicketQuerySet:
    """Full-text search over subject and description, or the ticket with that number."""
    if words.strip().isdigit() and len(words.strip()) < 19:
        return tickets.filter(number=int(words))
    query = SearchQuery(words, config="simple", search_type="websearch")
    return tickets.filter(search=query).annotate(rank=SearchRank(F("search"), query))


def ticket_rows(user: User, condition: Q) -> TicketQuerySet:
    """The rows of a desk list, newest activity first. Queries: 1 when read."""
    return desk_tickets(user).filter(condition).with_row_relations()


def own_tickets(user: User) -> TicketQuerySet:
    """What the portal lists: the tickets a person requested. Queries: 1 when read."""
    return visible_tickets(user).filter(requester=user).with_row_relations()


def conversation(user: User, ticket: Ticket) -> list[Message]:
    """The readable messages with authors and files, oldest first. Queries: 2."""
    return list(readable_messages(user, ticket))


# What requesters do not learn from the change log.
_DESK_ONLY_PREFIXES = (
    "ticket.ai_",
    "ticket.assignment_",
    "ticket.rule_",
    "ticket.runbook_",
    "ticket.sla_",
)
DESK_ONLY = (
    "ticket.noted",
    "ticket.fields_changed",
    "ticket.followed",
    "ticket.unfollowed",
    "ticket.snoozed",
    "ticket.woken",
    # About other people's tickets.
    "ticket.linked",
    "ticket.unlinked",
    "ticket.children_solved",
    "ticket.follow_up_refused",
    "ticket.merged",
    "ticket.merge_undone",
    "ticket.split",
    "ticket.message_moved_away",
    "ticket.message_moved_here",
    "ticket.approval_asked",
    "ticket.approval_answered",
    "ticket.approval_passed_on",
)


def history(user: User, ticket: Ticket) -> QuerySet[Change]:
    """The change log, oldest first; requesters see neither notes nor the steps of machines."""
    changes = ticket.changes.select_related("actor")
    if works_on(user, ticket):
        return changes
    for prefix in _DESK_ONLY_PREFIXES:
        changes = changes.exclude(verb__startswith=prefix)
    return changes.exclude(verb__in=DESK_ONLY)


def neighbours(rows: TicketQuerySet, ticket: Ticket) -> tuple[int | None, int | None, int, int]:
    """Numbers of the previous and next ticket in a view, position (from 1) and total.

    Position 0 where the ticket is not in the view; the total is cut at `MOST_NEIGHBOURS`.
    Queries: 1.
    """
    numbers = list(rows.values_list("number", flat=True)[:MOST_NEIGHBOURS])
    if ticket.number not in numbers:
        return None, numbers[0] if numbers else None, 0, len(numbers)
    i = numbers.index(ticket.number)
    before = numbers[i - 1] if i else None
    after = numbers[i + 1] if i + 1 < len(numbers) else None
    return before, after, i + 1, len(numbers)


def last_answers(ticket_ids: Sequence[int]) -> dict[int, Message]:
    """Ticket id -> the desk's last public answer, with its author. Queries: 1."""
    rows = Message.objects.filter(
        ticket_id__in=ticket_ids, kind=MessageKind.PUBLIC, from_requester=False
    ).select_related("author", "ticket__requester")
    newest = rows.order_by("ticket_id", "-created_at", "-pk").distinct("ticket_id")
    return {row.ticket_id: row for row in newest}


def whole_tickets(tickets: TicketQuerySet) -> TicketQuerySet:
    """`tickets` with everything that the API shows of them. Queries: 2 when read."""
    rows = tickets.with_row_relations().select_related("organization")
    rows = rows.annotate(merged_into_number=F("merged_into__number"))
    return rows.defer("search", "type__workflow").prefetch_related("tags")


def whole_ticket(ticket: Ticket) -> Ticket:
    """A ticket that came through the gate, read afresh with all the API shows. Queries: 2."""
    return whole_tickets(Ticket.objects.filter(pk=ticket.pk)).get()
