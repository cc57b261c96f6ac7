"""What the tables know of objects that a search found: solved, helpful, fresh, the same."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Count, F, Q

from ai.db import release
from ai.engine.ranking import TOLD, Key, Worth, ranked
from ai.engine.retrieve import Found
from ai.models import Document
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tickets.linking import LinkKind
from tickets.models import Article, Merge, Ticket, TicketLink


def by_worth(found: Sequence[Found]) -> list[Found]:
    """Best first by nearness and worth, doubles once. Queries: at most 4."""
    return ranked(found, worths_of(found))


def worths_of(found: Sequence[Found]) -> dict[Key, Worth]:
    """What the tables know of these objects, of one or more searches. Queries: at most 4."""
    if not found:
        return {}
    with organization_scope({int(one.hits[0].payload["organization_id"]) for one in found}):
        worths = _worths(found)
    release()
    return worths


def _worths(found: Sequence[Found]) -> dict[Key, Worth]:
    tickets = {one.object_id for one in found if one.kind in TOLD}
    articles = {one.object_id for one in found if one.kind == "article"}
    documents = {one.object_id for one in found if one.kind == "document"}
    worths: dict[Key, Worth] = {}
    if tickets:
        told = _tickets(tickets)
        worths |= {(kind, pk): worth for kind in TOLD for pk, worth in told.items()}
    if articles:
        worths |= {("article", pk): worth for pk, worth in _articles(articles).items()}
    if documents:
        rows = Document.objects.filter(pk__in=documents).values_list("pk", "updated_at")
        moment = now()
        worths |= {("document", pk): Worth(age=moment - at) for pk, at in rows}
    return worths


def _tickets(ids: Iterable[int]) -> dict[int, Worth]:
    twins = _twins(ids)
    moment = now()
    found = {}
    # A description may be a megabyte, and the search vector as much again.
    for row in Ticket.objects.filter(pk__in=ids).only(
        "status_category", "resolved_at", "last_activity_at"
    ):
        at: datetime = row.resolved_at or row.last_activity_at
        found[row.pk] = Worth(
            settled=row.is_settled, age=moment - at, twins=str(twins.get(row.pk, ""))
        )
    return found


def _twins(ids: Iterable[int]) -> dict[int, int]:
    """Ticket -> what it was merged into or is a duplicate of; a ticket that has some: itself."""
    merged = Merge.objects.filter(Q(loser__in=ids) | Q(winner__in=ids), undone_at__isnull=True)
    alike = TicketLink.objects.filter(
        Q(source__in=ids) | Q(target__in=ids), kind=LinkKind.DUPLICATE
    )
    pairs = merged.order_by().values_list("loser", "winner").union(
        alike.order_by().values_list("source", "target"), all=True
    )  # fmt: skip
    return {pk: target for source, target in pairs for pk in (source, target)}


def _articles(ids: Iterable[int]) -> dict[int, Worth]:
    current = Q(feedback__version=F("version"))
    rows = (
        Article.objects.filter(pk__in=ids)
        .only("opened_count", "updated_at")
        .annotate(
            helped=Count("feedback", filter=current & Q(feedback__helped=True)),
            failed=Count("feedback", filter=current & Q(feedback__helped=False)),
        )
    )
    moment = now()
    return {
        row.pk: Worth(
            helped=row.helped,
            failed=row.failed,
            opened=row.opened_count,
            age=moment - row.updated_at,
        )
        for row in rows
    }
