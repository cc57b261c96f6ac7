"""For leads: the tickets that will probably be late, and one click for what would help."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.models import User
from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.forecast import forecast_clocks
from tickets.actions.triage import assign, set_priority
from tickets.choices import Priority
from tickets.models import Ticket
from tickets.rescue_selectors import at_risk, led_organizations
from tickets.sla_forecast import NEEDED
from tickets.sla_rescue import Move
from tickets.templatetags.desk import priority_name
from tickets.views.desk_side import is_id
from tickets.views.frame import back, desk_page, told


@require_GET
@desk_page
def page(request: DeskRequest) -> HttpResponse:
    """The tickets most likely to fail, the worst first."""
    if not led_organizations(request.user):
        raise PermissionDenied(_("Only leads can see this page."))
    context = {"nav_key": "risk", "risk": at_risk(request.user), "needed": NEEDED}
    return render(request, "desk/at_risk.html", context)


@require_POST
@desk_page
def rescue(request: DeskRequest, number: int) -> HttpResponse:
    """Do what would help: the same actions as on the ticket itself."""
    ticket = access_ticket(request.user, number, need="work")
    if not request.user.has_role(ticket.organization_id, Role.LEAD):
        raise PermissionDenied(_("Only leads can see this page."))
    move, to = request.POST.get("do", ""), request.POST.get("to", "")
    try:
        text = _done(ticket, Actor.person(request.user), move, to)
        forecast_clocks(organization_id=ticket.organization_id, ticket_ids=[ticket.pk])
    except InvalidChange as refusal:
        text = str(refusal)
    return told(request, back(request, reverse("desk:at_risk")), text)


def _done(ticket: Ticket, actor: Actor, move: str, to: str) -> str:
    if ticket.is_settled:
        raise InvalidChange(_("This ticket is solved already."))
    if move == Move.ASSIGN:
        people = User.objects.filter(
            is_active=True, memberships__organization_id=ticket.organization_id
        )
        person = people.filter(pk=int(to)).first() if is_id(to) else None
        if person is None:
            raise InvalidChange(_("This person is not there any more."), "to")
        assign(ticket=ticket, actor=actor, assignee=person)
        return _("Assigned to %(name)s") % {"name": person.display_name}
    if move == Move.RAISE:
        levels = Priority.values
        if to not in levels or levels.index(to) <= levels.index(ticket.priority):
            raise InvalidChange(_("The priority was changed meanwhile."), "to")
        set_priority(ticket=ticket, actor=actor, priority=to)
        return _("Priority raised to %(priority)s") % {"priority": priority_name(to)}
    raise InvalidChange(_("Choose one of the list."), "do")
