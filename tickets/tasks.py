"""Background work of the domain: one call, nothing else."""

from celery import shared_task

from omnidesk.core.tasks import ScopelessTask
from tickets.actions import followup


@shared_task(name="tickets.follow_up", base=ScopelessTask, time_limit=300, soft_time_limit=280)  # type: ignore[untyped-decorator]
def follow_up() -> int:
    """Remind, solve and close what is due; returns how many steps were taken."""
    return followup.sweep()
