"""Background work of the domain: ids in, one action, nothing else."""

from celery import shared_task

from omnidesk.core.tasks import ScopelessTask, TenantTask
from omnidesk.core.tenancy import system_scope
from tickets.actions.heed import forget_facts, heed_ticket, lost_tickets


@shared_task(name="tickets.notice", base=TenantTask)  # type: ignore[untyped-decorator]
def notice(organization_id: int, ticket_id: int) -> int:
    """Tell people of a ticket's latest changes; returns how many were told."""
    return heed_ticket(ticket_id=ticket_id)


@shared_task(name="tickets.sweep_notices", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_notices() -> int:
    """Find changes that nobody was told of; returns how many tickets had some."""
    with system_scope():
        lost = lost_tickets()
        forget_facts()
    for organization_id, ticket_id in lost:
        notice.delay(organization_id, ticket_id)
    return len(lost)
