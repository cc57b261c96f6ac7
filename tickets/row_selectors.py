"""A list's rows read as one table: what they point to stands in the setups that a page has anyway.

Seven joins make four hundred objects of fifty rows, a third of what a list costs. A row's status,
category, type, team and agent come from its organization's setup; what that leaves out (a
category put away, an agent who left) is read by its number.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import Model

from omnidesk.accounts.models import Team, User
from tickets.models import Category, Status, Ticket, TicketQuerySet, TicketType
from tickets.setup_selectors import Setup, setups

# Everything that a row, a line of the table or a card shows, and what they are sorted by.
_SHOWN = (
    "number", "subject", "language", "version", "source", "organization", "priority",
    "status", "status_category", "category", "type", "team", "assignee", "ai_verdict",
    "message_count", "created_at", "last_activity_at", "resolved_at", "next_due", "sla_paused_at",
    "snoozed_at", "requester__name", "requester__email", "requester__site",
)  # fmt: skip
_RELATIONS: tuple[tuple[str, type[Model], Callable[[Setup], Iterable[Model]]], ...] = (
    ("status", Status, lambda setup: setup.statuses),
    ("category", Category, lambda setup: setup.categories),
    ("type", TicketType, lambda setup: setup.types),
    ("team", Team, lambda setup: setup.teams),
    ("assignee", User, lambda setup: setup.agents),
)


def lean_rows(tickets: TicketQuerySet, *more: str) -> TicketQuerySet:
    """`tickets` with what a row shows, and `more`; wants `put_relations`. Adds no query."""
    return tickets.select_related(None).select_related("requester").only(*_SHOWN, *more)


def put_relations(user: User, tickets: Sequence[Ticket]) -> None:
    """Give each its status, category, type, team and agent, where they were not read with it.

    Queries: 0; one for each of these kinds of which a setup leaves some out.
    """
    found = setups(user, {ticket.organization_id for ticket in tickets})
    for name, model, members in _RELATIONS:
        known: dict[Any, Model] = {one.pk: one for setup in found for one in members(setup)}
        key = f"{name}_id"
        bare = [ticket for ticket in tickets if name not in ticket._state.fields_cache]
        wanted = {getattr(ticket, key) for ticket in bare} - {None}
        missing = wanted - known.keys()
        if missing:
            known |= model._default_manager.in_bulk(missing)
        for ticket in bare:
            # One that is gone since the rows were read is nobody.
            setattr(ticket, name, known.get(getattr(ticket, key)))
