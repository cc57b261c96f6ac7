"""What an agent does to a ticket: set a property, of one or of many at once."""

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.views.desk_links import offer_children
from tickets.views.desk_ticket import render_part
from tickets.views.desk_values import Change, apply_value, may_return, value_now
from tickets.views.frame import back, desk_page, told

MOST_AT_ONCE = 200


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


@require_POST
@desk_page
def bulk(request: DeskRequest) -> HttpResponse:
    """Set one property of several tickets; each that cannot take it is named."""
    field, _colon, value = request.POST.get("do", "").partition(":")
    actor = Actor.person(request.user)
    done, failed = 0, []
    for number in request.POST.getlist("number")[:MOST_AT_ONCE]:
        try:
            with transaction.atomic():
                ticket = access_ticket(request.user, number, need="work")
                apply_value(ticket, actor, field, value)
            done += 1
        except InvalidChange as refusal:
            failed.append(f"{number}: {refusal}")
    text = ngettext("%d ticket changed", "%d tickets changed", done) % done
    response = back(request, reverse("desk:home"))
    return told(request, response, " · ".join([text, *failed]))
