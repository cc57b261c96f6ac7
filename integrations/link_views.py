"""Tickets in other systems: the panel on a ticket, and the page of all links."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from integrations.actions.linking import decide_conflict, pass_on, try_again
from integrations.link_selectors import balances, link_page, ticket_links
from integrations.links import FieldConflict, LinkState
from integrations.models import Channel, ExternalLink
from integrations.tasks import nudge_link
from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.models import Ticket
from tickets.views.frame import desk_page, told


@require_GET
@desk_page
def links(request: DeskRequest) -> HttpResponse:
    """What is linked, behind, in conflict."""
    state = request.GET.get("state", "")
    state = state if state in LinkState.values else ""
    text = request.GET.get("q", "").strip()[:100]
    context = {
        "balances": balances(request.user),
        "page": link_page(request.user, state=state, text=text, number=request.GET.get("page")),
        "states": LinkState.choices,
        "state": state,
        "text": text,
        "nav_key": "channels",
    }
    return render(request, "integrations/links.html", context)


@require_GET
@desk_page
def elsewhere(request: DeskRequest, number: int) -> HttpResponse:
    """The panel on a ticket; empty where no other system is connected."""
    return _panel(request, access_ticket(request.user, number, need="work"))


@require_POST
@desk_page
def pass_ticket(request: DeskRequest, number: int, channel_id: int) -> HttpResponse:
    """Have the ticket made in another system."""
    ticket = access_ticket(request.user, number, need="work")
    channel = Channel.objects.filter(pk=channel_id).first()
    if channel is None or channel.organization_id != ticket.organization_id:
        raise Http404
    try:
        nudge_link(pass_on(ticket=ticket, channel=channel, actor=Actor.person(request.user)))
        words = _("It is being passed on to %(name)s.") % {"name": channel.name}
    except InvalidChange as problem:
        words = str(problem)
    return _after(request, ticket, words)


@require_POST
@desk_page
def decide(request: DeskRequest, conflict_id: int, keep: str) -> HttpResponse:
    """Settle a conflict: use ours, or keep theirs."""
    conflict = FieldConflict.objects.select_related("link__ticket").filter(pk=conflict_id).first()
    if conflict is None or conflict.link.ticket is None:
        raise Http404
    ticket = access_ticket(request.user, conflict.link.ticket.number, need="work")
    try:
        nudge_link(decide_conflict(conflict=conflict, keep=keep, user_id=request.user.pk))
        words = _("Decided. Both sides get it in a moment.")
    except InvalidChange as problem:
        words = str(problem)
    return _after(request, ticket, words)


@require_POST
@desk_page
def look(request: DeskRequest, link_id: int) -> HttpResponse:
    """Look at a link now, and hand over again what was refused."""
    link = ExternalLink.objects.select_related("ticket").filter(pk=link_id).first()
    if link is None or link.ticket is None:
        raise Http404
    ticket = access_ticket(request.user, link.ticket.number, need="work")
    nudge_link(try_again(link=link))
    return _after(request, ticket, _("A worker looks at it now."))


def _after(request: DeskRequest, ticket: Ticket, words: str) -> HttpResponse:
    if request.htmx:
        return told(request, _panel(request, ticket), words)
    return told(request, redirect(reverse("desk:ticket", args=[ticket.number])), words)


def _panel(request: DeskRequest, ticket: Ticket) -> HttpResponse:
    context = {"elsewhere": ticket_links(ticket), "ticket": ticket}
    return render(request, "integrations/_elsewhere.html", context)
