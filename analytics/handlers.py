"""A change on a ticket makes the days stale whose figures it may alter; `/metrics` counts it."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from analytics.rollups import mark_stale, today
from omnidesk.accounts.models import Organization
from omnidesk.core import tally
from omnidesk.core.events import Event, on, on_batch
from omnidesk.core.tenancy import organization_scope
from tickets.choices import StatusCategory
from tickets.events import (
    SlaBreached,
    StatusChanged,
    TicketAssigned,
    TicketChanged,
    TicketDeleted,
    TicketOpened,
    TicketsImported,
)
from tickets.models import Ticket

SETTLED: Final = frozenset({StatusCategory.SOLVED.value, StatusCategory.CLOSED.value})
# How long solving took, as `tickets_resolved_total` says it.
BUCKETS: Final = (
    (timedelta(hours=1), "1h"), (timedelta(hours=4), "4h"), (timedelta(days=1), "1d"),
    (timedelta(days=3), "3d"), (timedelta(days=7), "7d"),
)  # fmt: skip
LONGER: Final = "longer"


@on_batch(TicketChanged, scoped=True)
def today_is_stale(events: Sequence[TicketChanged]) -> None:
    """Whatever happened to tickets happened today."""
    organization = Organization.objects.get(pk=events[0].organization_id)
    mark_stale(organization, {today(organization)})


@on(TicketsImported)
def imported_today(event: TicketsImported) -> None:
    """Unsolved imported tickets add to the backlog."""
    _mark(event, ticket_id=None)


@on(TicketAssigned)
def its_team_may_be_another(event: TicketAssigned) -> None:
    """A ticket counts for the team it has now, also on the day it was opened."""
    _mark(event, ticket_id=event.ticket_id)


@on(TicketDeleted)
def it_no_longer_counts(event: TicketDeleted) -> None:
    """A ticket in the bin was never opened, as far as figures go."""
    _mark(event, ticket_id=event.ticket_id)


def _mark(event: Event, *, ticket_id: int | None) -> None:
    with organization_scope(event.organization_id):
        organization = Organization.objects.get(pk=event.organization_id)
        mark_stale(organization, {today(organization), *_opened_on(organization, ticket_id)})


def _opened_on(organization: Organization, ticket_id: int | None) -> set[date]:
    if ticket_id is None:
        return set()
    opened = Ticket.objects.filter(pk=ticket_id).values_list("created_at", flat=True)
    zone = ZoneInfo(organization.timezone)
    return {moment.astimezone(zone).date() for moment in opened}


@on_batch(TicketOpened, scoped=True)
def count_what_opens(events: Sequence[TicketOpened]) -> None:
    """One more of its category, urgency and source. Queries: 1."""
    rows = Ticket.objects.filter(pk__in=[event.ticket_id for event in events])
    found = rows.values_list("category__name", "urgency", "source")
    _count(tally.TICKETS_CREATED, [(name or "", urgency, by) for name, urgency, by in found])


@on_batch(StatusChanged, scoped=True)
def count_what_is_solved(events: Sequence[StatusChanged]) -> None:
    """One more that took so long; a solved one that is closed was counted. Queries: 1, or 0."""
    ids = {
        event.ticket_id
        for event in events
        if event.new_category in SETTLED and event.old_category not in SETTLED
    }
    if not ids:
        return
    rows = Ticket.objects.filter(pk__in=ids, resolved_at__isnull=False)
    found = rows.values_list("category__name", "created_at", "resolved_at")
    took = [(name or "", _took(done - at)) for name, at, done in found if done is not None]
    _count(tally.TICKETS_RESOLVED, took)


def _took(time: timedelta) -> str:
    return next((name for most, name in BUCKETS if time <= most), LONGER)


@on_batch(SlaBreached, scoped=True)
def count_what_failed(events: Sequence[SlaBreached]) -> None:
    """One more agreed time that failed. Queries: 1."""
    ids = {event.ticket_id for event in events}
    names = dict(Ticket.objects.filter(pk__in=ids).values_list("pk", "category__name"))
    labels = [(names.get(event.ticket_id) or "", event.metric) for event in events]
    _count(tally.SLA_VIOLATIONS, labels)


def _count(metric: tally.Metric, labels: Sequence[tuple[str, ...]]) -> None:
    """Once the handlers' transaction is through: what failed is told again."""

    def count() -> None:
        for values in labels:
            tally.count(metric, *values)

    transaction.on_commit(count, robust=True)
