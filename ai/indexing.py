"""Keeping the vector store like the tables: embedding what it lacks, removing what is gone.

Called by the ai-worker alone. Rows are read and marked in short scopes; no transaction is open
while the model works. Everything may be repeated: the fingerprint of what was embedded decides.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from ai.db import release
from ai.engine.retrieve import document_points, knowledge_points, ticket_points, ticket_text
from ai.engine.store import VectorStore
from ai.engine.types import Point
from ai.gaps import (
    index_form,
    orphaned_entries,
    stale_articles,
    stale_documents,
    stale_tickets,
)
from ai.models import Document, DocumentPassage, IndexEntry
from ai.runtime import Runtime
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from tickets.models import Article, Ticket
from tickets.selectors import last_answers

# Small enough that a ticket waiting for the same model hardly notices.
BATCH = 16
# A "response" is what solved a ticket; its object is the ticket.
RESPONSE = "response"
LONGEST_SIGNATURE = 60
_WORD = re.compile(r"\w+")

# One bulk job at a time: two would only fill the batcher's queue before new tickets.
_bulk = threading.Lock()


@dataclass(frozen=True, slots=True)
class Source:
    """One row as the vector store shall know it; `answer` is what solved a settled ticket."""

    organization_id: int
    kind: str
    object_id: int
    title: str
    body: str
    answer: str
    payload: dict[str, str | int]
    # Of a document: (place, heading, text) of each passage.
    pieces: tuple[tuple[str, str, str], ...] = ()

    def fingerprint(self) -> str:
        """Hash of everything that goes into the store."""
        content = json.dumps([index_form(), asdict(self)], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()

    def points(self, runtime: Runtime) -> list[Point]:
        """The points of this row, embedded."""
        encoder = runtime.batcher
        if self.kind == IndexEntry.Kind.DOCUMENT:
            return document_points(
                encoder,
                self.organization_id,
                self.object_id,
                title=self.title,
                pieces=self.pieces,
                payload=self.payload,
            )
        if self.kind == IndexEntry.Kind.ARTICLE:
            return knowledge_points(
                encoder,
                self.organization_id,
                self.kind,
                self.object_id,
                title=self.title,
                body=self.body,
                payload=self.payload,
            )
        points = ticket_points(
            encoder,
            self.organization_id,
            self.object_id,
            subject=self.title,
            description=self.body,
            payload=self.payload,
        )
        if self.answer:
            points += knowledge_points(
                encoder,
                self.organization_id,
                RESPONSE,
                self.object_id,
                title=self.title,
                body=self.answer,
                payload=self.payload,
            )
        return points


def index_rows(runtime: Runtime, organization_id: int, kind: str, ids: Sequence[int]) -> int:
    """Bring rows of one kind into the store, or out of it. Returns how many changed."""
    by_kind = {
        IndexEntry.Kind.TICKET.value: index_tickets,
        IndexEntry.Kind.ARTICLE.value: index_articles,
        IndexEntry.Kind.DOCUMENT.value: index_documents,
    }
    return by_kind[kind](runtime, organization_id, ids)


def index_tickets(runtime: Runtime, organization_id: int, ticket_ids: Sequence[int]) -> int:
    """Bring tickets into the store; those that cannot be found leave it. Returns how many new."""
    return _index(runtime, organization_id, IndexEntry.Kind.TICKET.value, ticket_ids)


def index_articles(runtime: Runtime, organization_id: int, article_ids: Sequence[int]) -> int:
    """Bring published articles into the store, in passages; the others leave it."""
    return _index(runtime, organization_id, IndexEntry.Kind.ARTICLE.value, article_ids)


def index_documents(runtime: Runtime, organization_id: int, document_ids: Sequence[int]) -> int:
    """Bring documents that were read into the store, one after the other; the others leave it."""
    kind = IndexEntry.Kind.DOCUMENT.value
    return sum(_index(runtime, organization_id, kind, [pk]) for pk in document_ids)


def _index(runtime: Runtime, organization_id: int, kind: str, ids: Sequence[int]) -> int:
    moment = now()
    sources = read_rows(organization_id, kind, ids)
    remove(runtime, organization_id, kind, set(ids) - {one.object_id for one in sources})
    return _store(runtime, organization_id, sources, moment)


def read_rows(organization_id: int, kind: str, ids: Sequence[int]) -> list[Source]:
    """Rows of one kind as they are now; without those that may not be found (any more)."""
    readers = {
        IndexEntry.Kind.TICKET.value: _read_tickets,
        IndexEntry.Kind.ARTICLE.value: _read_articles,
        IndexEntry.Kind.DOCUMENT.value: _read_documents,
    }
    with organization_scope(organization_id):
        return readers[kind](ids)


def _read_tickets(ids: Sequence[int]) -> list[Source]:
    tickets = list(Ticket.objects.alive().filter(pk__in=ids))
    answers = _answers([ticket.pk for ticket in tickets if ticket.is_settled])
    return [_ticket_document(ticket, answers.get(ticket.pk, "")) for ticket in tickets]


def _read_articles(ids: Sequence[int]) -> list[Source]:
    rows = Article.objects.filter(pk__in=ids, state=Article.State.PUBLISHED)
    return [_article_document(article) for article in rows]


def _read_documents(ids: Sequence[int]) -> list[Source]:
    rows = Document.objects.filter(pk__in=ids, state=Document.State.READY)
    return [_read_document(row, list(DocumentPassage.objects.filter(document=row))) for row in rows]


def remove(runtime: Runtime, organization_id: int, kind: str, ids: Iterable[int]) -> None:
    """Take rows out of the store, then forget that they were there."""
    gone = sorted(ids)
    if not gone:
        return
    for object_id in gone:
        for each in kinds_of(kind):
            runtime.store.delete_object(each, object_id)
    with organization_scope(organization_id):
        entries = IndexEntry.objects.filter(organization_id=organization_id, kind=kind)
        entries.filter(object_id__in=gone).delete()


def forget_lost_store(runtime: Runtime) -> None:
    """An empty store beside marks of what lies in it was lost: everything is indexed again."""
    if runtime.store.count():
        return
    with system_scope():
        IndexEntry.objects.all().delete()


def fill(runtime: Runtime, organization_id: int, *, recent_only: bool, limit: int) -> int | None:
    """Index up to `limit` stale rows of each kind; returns how many there were at all.

    Returns None at once when another thread is at it.
    """
    if not _bulk.acquire(blocking=False):
        return None
    try:
        with organization_scope(organization_id):
            own = {"organization_id": organization_id}
            tickets = list(
                stale_tickets(recent_only=recent_only)
                .filter(**own)
                .values_list("pk", flat=True)[:limit]
            )
            articles = list(stale_articles().filter(**own).values_list("pk", flat=True)[:limit])
            papers = list(stale_documents().filter(**own).values_list("pk", flat=True)[:1])
            orphans = list(
                orphaned_entries().filter(**own).values_list("kind", "object_id")[:limit]
            )
        for kind in IndexEntry.Kind.values:
            remove(runtime, organization_id, kind, [pk for found, pk in orphans if found == kind])
        index_articles(runtime, organization_id, articles)
        index_documents(runtime, organization_id, papers)
        index_tickets(runtime, organization_id, tickets)
        # A document is as much work as a whole batch of tickets: there may be another one.
        more = limit if papers else 0
        return len(tickets) + len(articles) + len(orphans) + more
    finally:
        _bulk.release()


def _answers(ticket_ids: Sequence[int]) -> dict[int, str]:
    """What solved each settled ticket, without the names of those involved."""
    if not ticket_ids:
        return {}
    return {
        ticket_id: without_names(
            row.text, [row.author.name if row.author else "", row.ticket.requester.name]
        )
        for ticket_id, row in last_answers(ticket_ids).items()
    }


def without_names(text: str, names: Sequence[str]) -> str:
    """`text` without its greeting and signature: short lines that hold one of these names.

    What solved one person's ticket is quoted to others, who have other names.
    """
    parts = {part for name in names for part in _WORD.findall(name.lower()) if len(part) > 2}
    kept = [
        line
        for line in text.splitlines()
        if len(line) > LONGEST_SIGNATURE or not parts & set(_WORD.findall(line.lower()))
    ]
    return "\n".join(kept).strip()


def _ticket_document(ticket: Ticket, answer: str) -> Source:
    return Source(
        organization_id=ticket.organization_id,
        kind=IndexEntry.Kind.TICKET.value,
        object_id=ticket.pk,
        title=ticket.subject,
        body=ticket.description,
        answer=answer.strip(),
        payload={
            "number": ticket.number,
            "settled": int(ticket.is_settled),
            "category": ticket.category_id or 0,
            "team": ticket.team_id or 0,
            "language": ticket.language,
        },
    )


def _article_document(article: Article) -> Source:
    return Source(
        organization_id=article.organization_id,
        kind=IndexEntry.Kind.ARTICLE.value,
        object_id=article.pk,
        title=article.title,
        body=article.body,
        answer="",
        payload={
            "language": article.language,
            "public": int(article.is_public),
            "category": article.category_id or 0,
        },
    )


def _read_document(row: Document, passages: Sequence[DocumentPassage]) -> Source:
    return Source(
        organization_id=row.organization_id,
        kind=IndexEntry.Kind.DOCUMENT.value,
        object_id=row.pk,
        title=row.title,
        body="",
        answer="",
        payload={"language": row.language, "public": int(row.is_public)},
        pieces=tuple((one.place, one.heading, one.text) for one in passages),
    )


def _store(
    runtime: Runtime, organization_id: int, documents: Sequence[Source], moment: datetime
) -> int:
    """Embed and upsert what changed, then mark all as indexed at `moment`.

    `moment` was before the rows were read: a change since then makes them stale again.
    """
    if not documents:
        return 0
    prints = {d.object_id: d.fingerprint() for d in documents}
    with organization_scope(organization_id):
        rows = IndexEntry.objects.filter(
            organization_id=organization_id, kind=documents[0].kind, object_id__in=prints
        )
        known = {row.object_id: row for row in rows}
    release()
    chunks = {row.object_id: row.chunks for row in known.values()}
    changed = [
        d
        for d in documents
        if d.object_id not in known or known[d.object_id].content_hash != prints[d.object_id]
    ]
    for start in range(0, len(changed), BATCH):
        chunks |= _upsert(runtime, changed[start : start + BATCH], known)
    with organization_scope(organization_id):
        _mark(documents, prints, chunks, moment)
    return len(changed)


def _upsert(
    runtime: Runtime, documents: Sequence[Source], known: dict[int, IndexEntry]
) -> dict[int, int]:
    """Write the points of some rows; returns row -> number of points."""
    points = embed_rows(runtime, documents)
    runtime.store.upsert([point for found in points.values() for point in found])
    for document in documents:
        entry = known.get(document.object_id)
        found = points[document.object_id]
        if entry is not None and entry.chunks > len(found):
            trim(runtime.store, document, found)
    return {object_id: len(found) for object_id, found in points.items()}


def embed_rows(runtime: Runtime, documents: Sequence[Source]) -> dict[int, list[Point]]:
    """The points of each row, by its id."""
    # One call embeds all of them in one batch; what follows finds the vectors remembered.
    runtime.batcher.encode([ticket_text(d.title, d.body) for d in documents if d.kind == "ticket"])
    return {document.object_id: document.points(runtime) for document in documents}


def trim(store: VectorStore, document: Source, points: Sequence[Point]) -> None:
    """Remove passages that the row no longer has."""
    for kind in kinds_of(document.kind):
        keep = sum(1 for point in points if point.kind == kind)
        store.delete_object(kind, document.object_id, keep_chunks=keep)


def kinds_of(kind: str) -> tuple[str, ...]:
    """The kinds of points that a row of this kind may have."""
    return (kind, RESPONSE) if kind == IndexEntry.Kind.TICKET else (kind,)


def _mark(
    documents: Sequence[Source],
    prints: dict[int, str],
    chunks: dict[int, int],
    moment: datetime,
) -> None:
    IndexEntry.objects.bulk_create(
        (
            IndexEntry(
                organization_id=document.organization_id,
                kind=document.kind,
                object_id=document.object_id,
                form=index_form(),
                content_hash=prints[document.object_id],
                chunks=chunks[document.object_id],
                indexed_at=moment,
            )
            for document in documents
        ),
        update_conflicts=True,
        unique_fields=["organization", "kind", "object_id"],
        update_fields=["form", "content_hash", "chunks", "indexed_at"],
    )
