"""Counting what is due, once a minute."""

from celery import shared_task

from analytics.rollups import due_days, roll_up_day
from omnidesk.accounts.models import Organization
from omnidesk.core.tenancy import organization_scope


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
