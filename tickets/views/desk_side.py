"""Beside a ticket: who follows it, and what else waits on people."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor
from tickets.actions.watch import follow, unfollow
from tickets.models import Ticket
from tickets.notice_selectors import followers
from tickets.views.frame import back, desk_page, told


def side_context(request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    """What the part shows. Queries: 1 (followers)."""
    people = list(followers(ticket))
    return {
        "ticket": ticket,
        "followers": people,
        "i_follow": any(one.pk == request.user.pk for one in people),
    }


@require_GET
@desk_page
def side(request: DeskRequest, number: int) -> HttpResponse:
    """The part of the context panel that is fetched by itself."""
    ticket = access_ticket(request.user, number, need="work")
    return render(request, "desk/_side.html", side_context(request, ticket))


@require_POST
@desk_page
def follow_ticket(request: DeskRequest, number: int) -> HttpResponse:
    """Follow the ticket, or no longer."""
    ticket = access_ticket(request.user, number, need="work")
    act = unfollow if request.POST.get("do") == "unfollow" else follow
    act(ticket=ticket, actor=Actor.person(request.user), user=request.user)
    text = _("You follow this ticket") if act is follow else _("You no longer follow this ticket")
    if request.htmx:
        part = render(request, "desk/_side.html", side_context(request, ticket))
        return told(request, part, text)
    return told(request, back(request, reverse("desk:ticket", args=[number])), text)
