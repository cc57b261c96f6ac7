"""What hangs together with a ticket: the panel, the dialog behind L, solving children."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.children import open_children, solve_children
from tickets.actions.links import link_tickets, unlink_tickets
from tickets.link_selectors import candidates, linked_tickets, standing_merges
from tickets.linking import Relation
from tickets.models import Ticket, TicketLink
from tickets.views.frame import back, desk_page, part_wanted, told


@require_GET
@desk_page
def panel(request: DeskRequest, number: int) -> HttpResponse:
    """Links and merges in the context pane. Queries: 3 (ticket, links, merges)."""
    return _panel(request, access_ticket(request.user, number, need="work"))


def _panel(request: DeskRequest, ticket: Ticket) -> HttpResponse:
    context = {
        "ticket": ticket,
        "linked": linked_tickets(ticket),
        "merges": standing_merges(ticket),
    }
    return render(request, "desk/_links.html", context)


@require_http_methods(["GET", "POST"])
@desk_page
def link(request: DeskRequest, number: int) -> HttpResponse:
    """Find a ticket and link it; `?q=` searches, without it those that may be the same."""
    ticket = access_ticket(request.user, number, need="work")
    if request.method == "GET":
        if part_wanted(request) == "link-found":
            return render(request, "desk/_link_found.html", _dialog(request, ticket))
        return show_dialog(request, ticket)
    try:
        other = access_ticket(request.user, _chosen(request), need="work")
        link_tickets(
            ticket=ticket,
            actor=Actor.person(request.user),
            other=other,
            relation=request.POST.get("relation", ""),
        )
    except InvalidChange as refusal:
        return show_dialog(request, ticket, problem=str(refusal))
    words = {"one": number, "other": other.number}
    return _done(request, ticket, _("%(one)d and %(other)d are linked") % words)


def _chosen(request: DeskRequest) -> str:
    chosen = request.POST.get("ticket", "")
    if not chosen:
        raise InvalidChange(_("Choose a ticket."), "ticket")
    return chosen


def _dialog(request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    words = (request.POST or request.GET).get("q", "").replace("\x00", "").strip()[:200]
    return {
        "ticket": ticket,
        "words": words,
        "found": candidates(request.user, ticket, words),
        "relations": Relation.choices,
    }


def show_dialog(request: DeskRequest, ticket: Ticket, problem: str = "") -> HttpResponse:
    """The dialog, or without script the page, with what was wrong."""
    context = _dialog(request, ticket) | {"problem": problem}
    context["relation"] = request.POST.get("relation", Relation.RELATED)
    template = "desk/_link_dialog.html" if request.htmx else "desk/link.html"
    return render(request, template, context, status=422 if problem else 200)


def _done(request: DeskRequest, ticket: Ticket, text: str, undo: str = "") -> HttpResponse:
    """The dialog closes: its place is empty again, and everything live is read anew."""
    if not request.htmx:
        return told(request, back(request, reverse("desk:ticket", args=[ticket.number])), text)
    return told(request, HttpResponse(), text, undo, event="live:resync")


@require_POST
@desk_page
def unlink(request: DeskRequest, number: int, link_id: int) -> HttpResponse:
    """Take a link away."""
    ticket = access_ticket(request.user, number, need="work")
    text = _("Link removed")
    try:
        unlink_tickets(ticket=ticket, actor=Actor.person(request.user), link=TicketLink(pk=link_id))
    except InvalidChange as refusal:
        text = str(refusal)
    if request.htmx:
        return told(request, _panel(request, ticket), text)
    return told(request, back(request, reverse("desk:ticket", args=[number])), text)


@require_http_methods(["GET", "POST"])
@desk_page
def children(request: DeskRequest, number: int) -> HttpResponse:
    """Offer to solve what hangs on a ticket, and do so with a message for everybody or without."""
    ticket = access_ticket(request.user, number, need="work")
    if request.method == "GET":
        context = {"ticket": ticket, "children": open_children(ticket)}
        template = "desk/_children_dialog.html" if request.htmx else "desk/children.html"
        return render(request, template, context)
    text = request.POST.get("text", "")
    try:
        done = solve_children(ticket=ticket, actor=Actor.person(request.user), text=text)
    except InvalidChange as refusal:
        return _done(request, ticket, str(refusal))
    count = len(done.numbers)
    words = ngettext("%d ticket solved", "%d tickets solved", count) % count
    refused = [f"{child}: {why}" for child, why in done.refused.items()]
    return _done(request, ticket, " · ".join([words, *refused]))


def offer_children(request: DeskRequest, ticket: Ticket, response: HttpResponse) -> HttpResponse:
    """Add the dialog to an answer that solved a ticket on which others hang. Queries: 1."""
    waiting = open_children(ticket) if ticket.is_settled else []
    if waiting:
        context = {"ticket": ticket, "children": waiting}
        dialog = render_to_string("desk/_children_dialog.html", context, request)
        slot = f'<div id="ticket-dialog" hx-swap-oob="innerHTML">{dialog}</div>'
        response.content = response.content + slot.encode()
    return response
