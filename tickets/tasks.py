"""The domain's background work: sweeps over rows that wait for their time."""

from celery import shared_task

from omnidesk.core.tasks import ScopelessTask
from omnidesk.core.tenancy import organization_scope, system_scope
from tickets.actions.sla_sweep import replan_some, sweep_due
from tickets.sla_selectors import organizations_to_sweep

# One run never holds a worker for ever: the next one goes on.
MOST_BATCHES = 400


@shared_task(name="tickets.sweep_clocks", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_clocks() -> int:
    """Tell failures, warn and escalate wherever a clock is due; returns how many tickets."""
    with system_scope():
        waiting = organizations_to_sweep()
    done = 0
    for organization_id in waiting:
        for _batch in range(MOST_BATCHES):
            if not _replanned(organization_id):
                break
        for _batch in range(MOST_BATCHES):
            count = _swept(organization_id)
            done += count
            if not count:
                break
    return done


def _replanned(organization_id: int) -> bool:
    with organization_scope(organization_id):
        return replan_some(organization_id=organization_id)


def _swept(organization_id: int) -> int:
    with organization_scope(organization_id):
        return sweep_due(organization_id=organization_id)
