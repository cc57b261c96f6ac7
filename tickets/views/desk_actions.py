"""What an agent does to one ticket: set a property."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.views.desk_links import offer_children
from tickets.views.desk_ticket import render_part
from tickets.views.desk_values import Change, apply_value, may_return, value_now
from tickets.views.frame import back, desk_page, told


@require_POST
@desk_page
def set_field(request: DeskRequest, number: int, field: str) -> HttpResponse:
    """Set status, assignee, team, priority, urgency, category or tags."""
    ticket = access_ticket(request.user, number, need="work")
    value = request.POST.get("value", request.GET.get("value", ""))
    undo = reverse("desk:set", args=[number, field]) + "?value=" + value_now(ticket, field)
    try:
        change = apply_value(ticket, Actor.person(request.user), field, value)
    except InvalidChange as refusal:
        change, undo = Change(ticket, str(refusal)), ""
    if field == "status" and not may_return(change.ticket, Actor.person(request.user), ticket):
        undo = ""
    if request.htmx:
        head = render_part(request, change.ticket, "head")
        if field == "status" and change.ticket.version != ticket.version:
            head = offer_children(request, change.ticket, head)
        return told(request, head, change.text, undo)
    return told(request, back(request, reverse("desk:ticket", args=[number])), change.text)
