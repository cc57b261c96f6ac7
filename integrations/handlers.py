"""What this app does when something happened in the domain."""

from integrations.actions.hooks import queue_calls
from integrations.actions.linking import NEWS, mark_news, pass_on_new
from integrations.actions.outbound import queue_delivery
from integrations.models import Step
from integrations.tasks import deliver, deliver_call, poll_link
from omnidesk.core.events import on
from omnidesk.core.tenancy import organization_scope
from tickets.events import ReplyQueued, TicketChanged, TicketOpened


@on(ReplyQueued)
def put_into_the_outbox(event: ReplyQueued) -> None:
    """Write the delivery row, then nudge a worker; the sweep finds what gets lost here."""
    with organization_scope(event.organization_id):
        delivery = queue_delivery(event.message_id)
    if delivery is not None and delivery.state == Step.QUEUED:
        deliver.delay(event.organization_id, delivery.pk)


@on(TicketChanged)
def tell_other_systems(event: TicketChanged) -> None:
    """Make the ticket's links due; what the federation wrote itself is no news to it."""
    if NEWS.isdisjoint(event.verbs):
        return
    with organization_scope(event.organization_id):
        due = mark_news(ticket_id=event.ticket_id, version=event.version)
    for organization_id, link_id in due:
        poll_link.delay(organization_id, link_id)


@on(TicketOpened)
def pass_on_what_opens(event: TicketOpened) -> None:
    """Channels that want every ticket get those that were opened here."""
    with organization_scope(event.organization_id):
        due = pass_on_new(ticket_id=event.ticket_id, source=event.source)
    for organization_id, link_id in due:
        poll_link.delay(organization_id, link_id)


@on(TicketChanged)
def tell_outgoing_webhooks(event: TicketChanged) -> None:
    """A row for every endpoint that wants it, then nudge; the sweep finds what gets lost here."""
    with organization_scope(event.organization_id):
        calls = queue_calls(event.organization_id, ticket_id=event.ticket_id)
    for call in calls:
        deliver_call.delay(event.organization_id, call.pk)
