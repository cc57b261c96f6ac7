"""What this app does when something happened in the domain."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import transaction

from integrations.actions.hooks import queue_calls
from integrations.actions.linking import NEWS, mark_news, pass_on_new
from integrations.actions.outbound import queue_delivery
from integrations.models import Step
from integrations.tasks import deliver, deliver_call, poll_link
from omnidesk.core.events import on, on_batch
from omnidesk.core.tenancy import organization_scope
from tickets.events import ReplyQueued, TicketChanged, TicketOpened


@on(ReplyQueued)
def put_into_the_outbox(event: ReplyQueued) -> None:
    """Write the delivery row, then nudge a worker; the sweep finds what gets lost here."""
    with organization_scope(event.organization_id):
        delivery = queue_delivery(event.message_id)
    if delivery is not None and delivery.state == Step.QUEUED:
        deliver.delay(event.organization_id, delivery.pk)


@on_batch(TicketChanged, scoped=True)
def tell_other_systems(events: Sequence[TicketChanged]) -> None:
    """Make the tickets' links due; what the federation wrote itself is no news to it."""
    for event in events:
        if not NEWS.isdisjoint(event.verbs):
            _nudge(poll_link, mark_news(ticket_id=event.ticket_id, version=event.version))


@on_batch(TicketOpened, scoped=True)
def pass_on_what_opens(events: Sequence[TicketOpened]) -> None:
    """Channels that want every ticket get those that were opened here."""
    sources = {event.ticket_id: event.source for event in events}
    _nudge(poll_link, pass_on_new(events[0].organization_id, sources=sources))


@on_batch(TicketChanged, scoped=True)
def tell_outgoing_webhooks(events: Sequence[TicketChanged]) -> None:
    """A row for every endpoint that wants it, then nudge; the sweep finds what gets lost here."""
    ids = {event.ticket_id for event in events}
    calls = queue_calls(events[0].organization_id, ticket_ids=ids)
    _nudge(deliver_call, [(call.organization_id, call.pk) for call in calls])


def _nudge(task: Any, rows: Iterable[tuple[int, int]]) -> None:
    for organization_id, pk in rows:
        transaction.on_commit(_nudging(task, organization_id, pk), robust=True)


def _nudging(task: Any, organization_id: int, pk: int) -> Callable[[], None]:
    def nudge() -> None:
        task.delay(organization_id, pk)

    return nudge
