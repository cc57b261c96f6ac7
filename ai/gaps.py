"""What is missing: rows that the AI should have read or indexed, and has not."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from ai.engine.embed import PACKAGED_MODEL
from ai.models import Document, Enrichment, IndexEntry
from omnidesk.core.clock import now
from tickets.choices import AiState
from tickets.models import Article, Message, Ticket, TicketQuerySet

# What is younger may still be on its way by its own event.
GRACE = timedelta(seconds=10)
# Older messages were imported, or written while nobody was there: no draft is waited for.
LONGEST_SILENCE = timedelta(days=1)
RECENT = timedelta(hours=1)
# Raise it when texts are put together in another way: everything is embedded again.
FORM = 4


def index_form() -> str:
    """Model and form of texts now in use; entries of another one count as missing."""
    model: str = settings.EMBEDDING_MODEL or PACKAGED_MODEL
    return f"{FORM} {model}"[-120:]


def unread_tickets() -> TicketQuerySet:
    """Tickets that wait for the AI without a row in its queue."""
    rows = Enrichment.objects.filter(ticket=OuterRef("pk")).live()
    waiting = Ticket.objects.alive().filter(ai_state=AiState.PENDING, updated_at__lt=now() - GRACE)
    return waiting.filter(~Exists(rows)).order_by("pk")


def unheard_messages() -> QuerySet[Message]:
    """Messages of requesters that no row of the queue is about."""
    rows = Enrichment.objects.filter(message=OuterRef("pk"))
    moment = now()
    recent = Message.objects.filter(
        from_requester=True,
        is_opening=False,
        created_at__gte=moment - LONGEST_SILENCE,
        created_at__lt=moment - GRACE,
        ticket__deleted_at=None,
    )
    # A ticket that waits to be read is read with all its messages.
    listening = recent.exclude(ticket__ai_state__in=[AiState.OFF, AiState.PENDING])
    return listening.filter(~Exists(rows)).order_by("pk")


def stale_tickets(*, recent_only: bool) -> TicketQuerySet:
    """Tickets that the vector store lacks or knows in an older form, newest first."""
    tickets = Ticket.objects.alive()
    if recent_only:
        tickets = tickets.filter(updated_at__gte=now() - RECENT)
    return tickets.filter(~_fresh(IndexEntry.Kind.TICKET.value)).order_by("-pk")


def stale_articles() -> QuerySet[Article]:
    """Published articles that the vector store lacks or knows in an older form."""
    published = Article.objects.filter(state=Article.State.PUBLISHED)
    return published.filter(~_fresh(IndexEntry.Kind.ARTICLE.value)).order_by("pk")


def stale_documents() -> QuerySet[Document]:
    """Documents that were read and that the vector store lacks or knows in an older form."""
    ready = Document.objects.filter(state=Document.State.READY)
    return ready.filter(~_fresh(IndexEntry.Kind.DOCUMENT.value)).order_by("pk")


def orphaned_entries() -> QuerySet[IndexEntry]:
    """Entries whose row is in the bin or gone, not published any more or not readable."""
    ticket = Ticket.objects.alive().filter(pk=OuterRef("object_id"))
    article = Article.objects.filter(pk=OuterRef("object_id"), state=Article.State.PUBLISHED)
    document = Document.objects.filter(pk=OuterRef("object_id"), state=Document.State.READY)
    return IndexEntry.objects.filter(
        Q(kind=IndexEntry.Kind.TICKET) & ~Exists(ticket)
        | Q(kind=IndexEntry.Kind.ARTICLE) & ~Exists(article)
        | Q(kind=IndexEntry.Kind.DOCUMENT) & ~Exists(document)
    )


def _fresh(kind: str) -> Exists:
    entries = IndexEntry.objects.filter(
        organization_id=OuterRef("organization_id"),
        kind=kind,
        object_id=OuterRef("pk"),
        form=index_form(),
        indexed_at__gte=OuterRef("updated_at"),
    )
    return Exists(entries)
