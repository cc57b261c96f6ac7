"""Reads of drafts: one's own on a ticket, and what waits to be sent."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from tickets.choices import MessageKind
from tickets.models import Attachment, BulkChange, Draft, Ticket, TicketQuerySet

MOST_AT_ONCE = 500


def own_drafts(user: User, ticket: Ticket) -> list[Draft]:
    """A person's drafts on a ticket, the held ones included. Queries: 1, 2 where there are some."""
    rows = Draft.objects.filter(ticket=ticket, person=user)
    return list(rows.select_related("status_after").prefetch_related("attachments"))


def draft_files(user: User, ticket: Ticket, kind: MessageKind) -> list[int]:
    """Ids of the files in a person's draft. Queries: 1."""
    files = Attachment.objects.filter(
        draft__ticket=ticket, draft__person=user, draft__kind=kind, draft__send_at=None
    )
    return list(files.values_list("pk", flat=True))


def with_draft(tickets: TicketQuerySet, user: User) -> TicketQuerySet:
    """`has_draft`: whether `user` has begun to write on it. Adds a subquery, no query."""
    own = Draft.objects.filter(ticket=OuterRef("pk"), person=user)
    return tickets.annotate(has_draft=Exists(own))


def own_answers(user: User, ids: Sequence[int]) -> list[BulkChange]:
    """One's own answers to several, for writing them again. Queries: 1."""
    rows = BulkChange.objects.filter(pk__in=ids, actor=user, field__in=BulkChange.ANSWERS)
    return list(rows.order_by("pk"))


def held_and_due() -> list[tuple[int, int]]:
    """(organization, draft) of held messages whose time has come, oldest first. Queries: 1."""
    due = Draft.objects.filter(send_at__lte=now()).order_by("send_at")
    return list(due.values_list("organization_id", "pk")[:MOST_AT_ONCE])
