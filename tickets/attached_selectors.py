"""What hangs on a ticket: one look instead of a query for every panel that is mostly empty."""

from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef

from omnidesk.accounts.models import User
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
    here = OuterRef("pk")
    tags = Tag.objects.filter(tickets=here).order_by("name").values("name")
    opened_by = SubmittedTicket.objects.filter(ticket=here)
    opened = SubmittedTicket.objects.filter(submission__ticket=here)
    row = (
        Ticket.objects.filter(pk=ticket.pk)
        .order_by()
        .values_list(
            ArraySubquery(tags),
            Exists(ChecklistItem.objects.filter(ticket=here)),
            Exists(opened_by),
            Exists(opened),
            Exists(Rating.objects.filter(ticket=here, rated_at__isnull=False)),
            Exists(TimeEntry.objects.filter(ticket=here)),
            Exists(Timer.objects.filter(person=user)),
            Exists(Draft.objects.filter(ticket=here, person=user)),
        )
        .get()
    )
    names, checklist, child, parent, *rest = row
    return Attached(tuple(sorted(names)), checklist, child or parent, *rest)
