"""A change on a ticket makes the days stale whose figures it may alter; nothing is counted here."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from analytics.rollups import mark_stale, today
from omnidesk.accounts.models import Organization
from omnidesk.core.events import Event, on, on_batch
from omnidesk.core.tenancy import organization_scope
from tickets.events import TicketAssigned, TicketChanged, TicketDeleted, TicketsImported
from tickets.models import Ticket


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
