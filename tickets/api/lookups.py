"""From names in a body to rows of one organization; unknown names list the valid ones."""

from collections.abc import Iterable
from typing import Any, NoReturn

from django.db.models import Q
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Organization, Team, User
from tickets.access import home_organization
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.types import stage_status, workflow_of
from tickets.choices import StatusCategory
from tickets.models import Category, PendingReason, Status, Ticket, TicketType
from tickets.setup_selectors import agents_of

MOST_LISTED = 50


def category_of(organization_id: int, given: str | int | None) -> Category | None:
    """A category by name or id."""
    if given is None:
        return None
    rows = Category.objects.filter(organization_id=organization_id)
    wanted = Q(pk=given) if isinstance(given, int) else Q(name__iexact=given)
    found = rows.filter(wanted).select_related("default_team").first()
    return found or _refuse("category", rows.filter(is_active=True).values_list("name", flat=True))


def team_of(organization_id: int, given: str | int | None) -> Team | None:
    """A team by short name, name or id."""
    if given is None:
        return None
    rows = Team.objects.filter(organization_id=organization_id)
    wanted = Q(pk=given) if isinstance(given, int) else Q(slug=given) | Q(name__iexact=given)
    found = rows.filter(wanted).first()
    return found or _refuse("team", rows.filter(is_active=True).values_list("slug", flat=True))


def status_of(ticket: Ticket, given: str, actor: Actor) -> Status:
    """A status by key, or what a stage (open, pending, solved, closed) means for the ticket."""
    rows = Status.objects.filter(organization_id=ticket.organization_id)
    found = rows.filter(key=given).first()
    if found is None and given in StatusCategory.values:
        found = stage_status(ticket, StatusCategory(given), actor)
    return found or _refuse("status", workflow_of(ticket).stages)


def type_of(organization_id: int, given: str | int) -> TicketType:
    """A ticket type by key or id."""
    rows = TicketType.objects.filter(organization_id=organization_id, is_active=True)
    found = rows.filter(Q(pk=given) if isinstance(given, int) else Q(key=given)).first()
    return found or _refuse("type", rows.values_list("key", flat=True))


def reason_of(organization_id: int, given: str | int | None) -> PendingReason | None:
    """What a pending ticket waits for, by key or id."""
    if given is None:
        return None
    rows = PendingReason.objects.filter(organization_id=organization_id)
    found = rows.filter(Q(pk=given) if isinstance(given, int) else Q(key=given)).first()
    listed = rows.filter(is_active=True).values_list("key", flat=True)
    return found or _refuse("pending_reason", listed)


def assignee_of(organization_id: int, given: str | int | None) -> User | None:
    """An agent by address or id."""
    if given is None:
        return None
    agents = agents_of(organization_id)
    wanted = Q(pk=given) if isinstance(given, int) else Q(email=given.lower())
    # Superusers work everywhere without being members.
    found = agents.filter(wanted).first() or (
        User.objects.filter(wanted, is_superuser=True, is_active=True).first()
    )
    return found or _refuse("assignee", agents.values_list("email", flat=True))


def organization_of(user: User, given: str) -> Organization:
    """One of the person's organizations by short name; without one, their home."""
    if not given:
        return home_organization(user)
    rows = Organization.objects.filter(pk__in=user.visible_organization_ids(), is_active=True)
    found = rows.filter(slug=given).first()
    return found or _refuse("organization", rows.values_list("slug", flat=True))


def _refuse(field: str, known: Iterable[Any]) -> NoReturn:
    names = [str(name) for name in known]
    listed = ", ".join(names[:MOST_LISTED]) or _("(there are none yet)")
    raise InvalidChange(_("Not known here. One of: %(known)s.") % {"known": listed}, field)
