"""Counting what is due, once a minute; answering simulations."""

from celery import shared_task

from analytics.rollups import due_days, roll_up_day
from analytics.simulating import due_simulations, run
from omnidesk.accounts.models import Organization
from omnidesk.core.tasks import ScopelessTask
from omnidesk.core.tenancy import organization_scope, system_scope


@shared_task(name="analytics.roll_up")  # type: ignore[untyped-decorator]
def roll_up() -> int:
    """Count every due day of every organization, each in a transaction; returns how many."""
    counted = 0
    for organization in Organization.objects.filter(is_active=True):
        with organization_scope(organization.pk):
            days = due_days(organization)
        for day in days:
            with organization_scope(organization.pk):
                roll_up_day(organization, day)
            counted += 1
    return counted


@shared_task(name="analytics.simulate", base=ScopelessTask)  # type: ignore[untyped-decorator]
def simulate(organization_id: int, pk: int) -> str:
    """Answer one simulation; returns the state it ends in."""
    return run(organization_id, pk)


@shared_task(name="analytics.sweep_simulations", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_simulations() -> int:
    """Give out simulations that were never begun or whose worker died; returns how many."""
    with system_scope():
        due = due_simulations()
    for organization_id, pk in due:
        simulate.delay(organization_id, pk)
    return len(due)
