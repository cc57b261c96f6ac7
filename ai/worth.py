"""What the tables know of objects that a search found: solved, helpful, fresh, the same."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from ai.db import release
from ai.engine.ranking import TOLD, Key, Worth, ranked
from ai.engine.retrieve import Found
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tickets.choices import StatusCategory
from tickets.linking import LinkKind

# One statement, and written out: it is asked for every key that somebody types into a search, and
# to put four querysets into SQL takes longer than to answer them. Row security guards each part.
# A row: what it tells of, id, settled, since when, its twin, helped, failed, opened.
_TOLD = """
SELECT 'ticket', id, status_category = ANY(%(settled)s),
    coalesce(resolved_at, last_activity_at), 0::bigint, 0::bigint, 0::bigint, 0
FROM tickets_ticket WHERE id = ANY(%(tickets)s)
UNION ALL
SELECT 'twin', loser_id, false, NULL, winner_id, 0, 0, 0 FROM tickets_merge
WHERE undone_at IS NULL AND (loser_id = ANY(%(tickets)s) OR winner_id = ANY(%(tickets)s))
UNION ALL
SELECT 'twin', source_id, false, NULL, target_id, 0, 0, 0 FROM tickets_ticketlink
WHERE kind = %(duplicate)s AND (source_id = ANY(%(tickets)s) OR target_id = ANY(%(tickets)s))
"""
_WRITTEN = """
SELECT 'article', a.id, false, a.updated_at, 0::bigint, count(f.id) FILTER (WHERE f.helped),
    count(f.id) FILTER (WHERE NOT f.helped), a.opened_count
FROM tickets_article a
LEFT JOIN tickets_articlefeedback f ON f.article_id = a.id AND f.version = a.version
WHERE a.id = ANY(%(articles)s) GROUP BY a.id
UNION ALL
SELECT 'document', id, false, updated_at, 0, 0, 0, 0 FROM ai_document
WHERE id = ANY(%(documents)s)
"""
_SETTLED = [StatusCategory.SOLVED.value, StatusCategory.CLOSED.value]
_Row = tuple[str, int, bool, datetime | None, int, int, int, int]


def by_worth(found: Sequence[Found], most: int | None = None) -> list[Found]:
    """The best (`most`, or all) by nearness and worth, best first, doubles once. Queries: 1."""
    return ranked(found, worths_of(found), most)


def worths_of(found: Sequence[Found]) -> dict[Key, Worth]:
    """What the tables know of these objects, of one or more searches. Queries: 1."""
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
    rows = _rows(tickets, articles, documents)
    twins: dict[int, int] = {}
    for _what, pk, _settled, _at, twin, *_votes in (row for row in rows if row[0] == "twin"):
        # A ticket -> what it was merged into or is a duplicate of; one that has some: itself.
        twins |= {pk: twin, twin: twin}
    worths: dict[Key, Worth] = {}
    moment = now()
    for what, pk, settled, at, _twin, helped, failed, opened in rows:
        if at is None:
            continue
        age = moment - at
        if what == "ticket":
            told = Worth(settled=settled, age=age, twins=str(twins.get(pk, "")))
            worths |= {(kind, pk): told for kind in TOLD}
        else:
            worths[what, pk] = Worth(helped=helped, failed=failed, opened=opened, age=age)
    return worths


def _rows(
    tickets: Iterable[int], articles: Iterable[int], documents: Iterable[int]
) -> Sequence[_Row]:
    named = {"tickets": [*tickets], "articles": [*articles], "documents": [*documents]}
    parts = [_TOLD] if named["tickets"] else []
    parts += [_WRITTEN] if named["articles"] or named["documents"] else []
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(parts),
            {**named, "settled": _SETTLED, "duplicate": LinkKind.DUPLICATE.value},
        )
        rows: Sequence[_Row] = cursor.fetchall()
    return rows
