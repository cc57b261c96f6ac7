"""What this app does when something happened in the domain."""

from integrations.actions.outbound import queue_delivery
from integrations.models import Step
from integrations.tasks import deliver
from omnidesk.core.events import on
from omnidesk.core.tenancy import organization_scope
from tickets.events import ReplyQueued


@on(ReplyQueued)
def put_into_the_outbox(event: ReplyQueued) -> None:
    """Write the delivery row, then nudge a worker; the sweep finds what gets lost here."""
    with organization_scope(event.organization_id):
        delivery = queue_delivery(event.message_id)
    if delivery is not None and delivery.state == Step.QUEUED:
        deliver.delay(event.organization_id, delivery.pk)
