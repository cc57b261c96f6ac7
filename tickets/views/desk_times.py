"""The agreed times of a ticket, in the context panel and refetched by themselves."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.setup_selectors import setup_of
from tickets.sla_selectors import clock_panel
from tickets.views.frame import desk_page


@require_GET
@desk_page
def times(request: DeskRequest, number: int) -> HttpResponse:
    """Every clock with what is left of it, and why."""
    ticket = access_ticket(request.user, number, need="work")
    setup = setup_of(request.user, ticket.organization_id)
    context = {"ticket": ticket, "times": clock_panel(ticket, setup)}
    return render(request, "desk/_times.html", context)
