"""What hangs on a ticket: one look instead of a query for every panel that is mostly empty."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet

from omnidesk.accounts.models import User
from omnidesk.core.statements import Statement
from tickets.models import (
    ChecklistItem,
    Draft,
    Rating,
    SubmittedTicket,
    Tag,
    Ticket,
    TimeEntry,
    Timer,
)


@dataclass(frozen=True, slots=True)
class Attached:
    """The names of the tags in order, and which panels have something to read."""

    tags: tuple[str, ...]
    checklist: bool
    family: bool
    rating: bool
    times: bool
    timer: bool
    drafts: bool


def attached(ticket: Ticket, user: User) -> Attached:
    """What hangs on `ticket`, and whether `user` writes on it or has a timer on any. Queries: 1."""
    [(names, checklist, child, parent, *rest)] = _ATTACHED.rows(ticket.pk, user.pk)
    return Attached(tuple(sorted(names)), checklist, child or parent, *rest)


def _attached(ticket_id: int, user_id: int) -> "QuerySet[Ticket, tuple[Any, ...]]":
    here = OuterRef("pk")
    tags = Tag.objects.filter(tickets=here).order_by("name").values("name")
    opened_by = SubmittedTicket.objects.filter(ticket=here)
    opened = SubmittedTicket.objects.filter(submission__ticket=here)
    return (
        Ticket.objects.filter(pk=ticket_id)
        .order_by()
        .values_list(
            ArraySubquery(tags),
            Exists(ChecklistItem.objects.filter(ticket=here)),
            Exists(opened_by),
            Exists(opened),
            Exists(Rating.objects.filter(ticket=here, rated_at__isnull=False)),
            Exists(TimeEntry.objects.filter(ticket=here)),
            Exists(Timer.objects.filter(person=user_id)),
            Exists(Draft.objects.filter(ticket=here, person=user_id)),
        )
    )


_ATTACHED: Final = Statement(_attached)
