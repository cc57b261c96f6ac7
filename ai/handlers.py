"""What this app does when something happened in the domain: write a row, nudge a worker."""

from collections.abc import Sequence

from django.db import transaction

from ai.actions.decide import settle_by_hand
from ai.actions.incidents import hear_answer
from ai.actions.queue import enqueue, enqueue_opened
from ai.events import ProposalsChanged, SurgeChanged
from ai.models import Enrichment, IndexEntry
from ai.staleness import drafts_citing
from ai.tasks import enrich, enrich_many, index_fill, index_objects
from ai.waiting import count_again
from omnidesk.core.events import on, on_batch
from omnidesk.core.tenancy import organization_scope
from tickets.choices import ActorKind
from tickets.events import (
    ArticleChanged,
    MessageReceived,
    ReprocessRequested,
    StatusChanged,
    TicketClassified,
    TicketDeleted,
    TicketOpened,
    TicketsImported,
    TicketsMerged,
)
from tickets.live import desk_group, tell, ticket_group
from tickets.models import Ticket

SETTLED = {"solved", "closed"}


def _read(organization_id: int, ticket_id: int, trigger: str, message_id: int | None) -> None:
    with organization_scope(organization_id):
        row = enqueue(
            organization_id=organization_id,
            ticket_id=ticket_id,
            trigger=trigger,
            message_id=message_id,
        )
    enrich.delay(organization_id, row.pk)


@on_batch(TicketOpened, scoped=True)
def read_new_tickets(events: Sequence[TicketOpened]) -> None:
    """Read tickets as soon as they are there."""
    organization_id = events[0].organization_id
    ids = enqueue_opened(
        organization_id=organization_id,
        messages={event.ticket_id: event.message_id for event in events},
    )

    def nudge() -> None:
        if len(ids) == 1:
            enrich.delay(organization_id, ids[0])
        else:
            enrich_many.delay(organization_id, ids)

    transaction.on_commit(nudge, robust=True)


@on(MessageReceived)
def read_new_message(event: MessageReceived) -> None:
    """Read again with what the requester added."""
    _read(
        event.organization_id, event.ticket_id, Enrichment.Trigger.MESSAGE.value, event.message_id
    )


@on(ReprocessRequested)
def read_again(event: ReprocessRequested) -> None:
    """Read again because somebody asked."""
    _read(event.organization_id, event.ticket_id, Enrichment.Trigger.REPROCESS.value, None)


@on(MessageReceived)
def take_an_answer(event: MessageReceived) -> None:
    """A yes or no to an incident's question."""
    with organization_scope(event.organization_id):
        hear_answer(ticket_id=event.ticket_id, message_id=event.message_id)


@on(SurgeChanged)
def tell_the_desk(event: SurgeChanged) -> None:
    """The desk's pages fetch their card of surges again."""
    tell([desk_group(event.organization_id)], {"type": "surge"})


@on(ProposalsChanged)
def count_proposals(event: ProposalsChanged) -> None:
    """The navigation shows how many wait."""
    count_again(event.organization_id)


@on(TicketClassified)
def settle_suggestion(event: TicketClassified) -> None:
    """A person decided the field by the property menu: their choice answers the suggestion."""
    if event.by != ActorKind.PERSON:
        return
    with organization_scope(event.organization_id):
        ticket = Ticket.objects.filter(pk=event.ticket_id).first()
        if ticket is not None:
            settle_by_hand(ticket=ticket, field=event.field)


@on(StatusChanged)
def learn_resolution(event: StatusChanged) -> None:
    """A settled ticket's last answer becomes findable; a reopened one's is none any more."""
    if (event.old_category in SETTLED) != (event.new_category in SETTLED):
        index_objects.delay(event.organization_id, IndexEntry.Kind.TICKET.value, [event.ticket_id])


@on(ArticleChanged)
def index_article(event: ArticleChanged) -> None:
    """An article is found by its newest text, or not at all."""
    index_objects.delay(event.organization_id, IndexEntry.Kind.ARTICLE.value, [event.article_id])


@on(ArticleChanged)
def mark_drafts(event: ArticleChanged) -> None:
    """Pages with a draft that quotes the article show that it is out of date."""
    with organization_scope(event.organization_id):
        tickets = [draft.ticket for draft in drafts_citing("article", event.article_id)]
    for ticket in tickets:
        news = {"type": "ticket.changed", "ticket": ticket.number, "version": ticket.version}
        tell([ticket_group(ticket.pk)], {**news, "verbs": []})


@on(TicketsMerged)
def index_merged(event: TicketsMerged) -> None:
    """Answers moved between two tickets: each is found by its own again."""
    ids = [event.winner_id, event.loser_id]
    index_objects.delay(event.organization_id, IndexEntry.Kind.TICKET.value, ids)


@on(TicketDeleted)
def index_or_forget(event: TicketDeleted) -> None:
    """What lies in the bin is not found."""
    index_objects.delay(event.organization_id, IndexEntry.Kind.TICKET.value, [event.ticket_id])


@on(TicketsImported)
def index_import(event: TicketsImported) -> None:
    """Thousands of rows at once: the filler takes them in batches."""
    index_fill.delay([event.organization_id], recent_only=False)
