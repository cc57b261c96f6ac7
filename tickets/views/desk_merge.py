"""Merging a ticket into another, taking it apart again, splitting messages off."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket, readable_messages
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.merge import FIELDS, merge_tickets, undo_merge
from tickets.actions.split import split_ticket
from tickets.link_selectors import standing_merge
from tickets.models import Ticket
from tickets.views.desk_links import show_dialog
from tickets.views.desk_ticket import ticket_context
from tickets.views.frame import back, desk_page, told

LABELS: dict[str, Any] = {
    "subject": gettext_lazy("Subject"),
    "requester": gettext_lazy("Requester"),
    "category": gettext_lazy("Category"),
    "urgency": gettext_lazy("Urgency"),
    "impact": gettext_lazy("Impact"),
    "priority": gettext_lazy("Priority"),
    "team": gettext_lazy("Team"),
    "assignee": gettext_lazy("Assignee"),
    "language": gettext_lazy("Language"),
}


@dataclass(frozen=True, slots=True)
class Pick:
    """A field in which two tickets differ, with both values in words."""

    name: str
    label: str
    winner: str
    loser: str
    chosen: str


@require_http_methods(["GET", "POST"])
@desk_page
def merge(request: DeskRequest, number: int) -> HttpResponse:
    """Show what differs between two tickets and pour this one into the other."""
    loser = access_ticket(request.user, number, need="work")
    given = request.POST if request.method == "POST" else request.GET
    wanted = given.get("into") or given.get("ticket") or ""
    if not wanted:
        return show_dialog(request, loser, problem=_("Choose a ticket."))
    winner = access_ticket(request.user, wanted, need="work")
    if request.method == "GET":
        return _show(request, loser, winner)
    picks = {name: request.POST[name] for name in FIELDS if name in request.POST}
    try:
        merge_tickets(loser=loser, winner=winner, actor=Actor.person(request.user), fields=picks)
    except InvalidChange as refusal:
        return _show(request, loser, winner, problem=str(refusal))
    return _merged(request, loser, access_ticket(request.user, winner.number, need="work"))


def _show(request: DeskRequest, loser: Ticket, winner: Ticket, problem: str = "") -> HttpResponse:
    context = {
        "ticket": loser,
        "winner": winner,
        "picks": _picks(loser, winner, request.POST),
        "other_reader": loser.requester_id != winner.requester_id,
        "problem": problem,
    }
    template = "desk/_merge_dialog.html" if request.htmx else "desk/merge.html"
    return render(request, template, context, status=422 if problem else 200)


def _picks(loser: Ticket, winner: Ticket, given: Mapping[str, str]) -> list[Pick]:
    """Fields that both have and that differ; what one lacks it takes from the other anyway.

    `given` is what somebody chose already.
    """
    picks = []
    for name, attribute in FIELDS.items():
        ours, theirs = getattr(winner, attribute), getattr(loser, attribute)
        if ours != theirs and ours not in (None, "") and theirs not in (None, ""):
            words = (_value(winner, name), _value(loser, name))
            chosen = "loser" if given.get(name) == "loser" else "winner"
            picks.append(Pick(name, str(LABELS[name]), *words, chosen=chosen))
    return picks


def _value(ticket: Ticket, name: str) -> str:
    display = getattr(ticket, f"get_{name}_display", None)
    return str(display() if display else getattr(ticket, name))


def _merged(request: DeskRequest, loser: Ticket, winner: Ticket) -> HttpResponse:
    words = {"loser": loser.number, "winner": winner.number}
    text = _("%(loser)d is merged into %(winner)d") % words
    place = reverse("desk:ticket", args=[winner.number])
    if not request.htmx:
        return told(request, redirect(place), text)
    answer = render(request, "desk/_ticket.html", ticket_context(request, winner))
    answer["HX-Retarget"], answer["HX-Reswap"] = "#ticket-panes", "innerHTML"
    answer["HX-Push-Url"] = place
    return told(request, answer, text, reverse("desk:unmerge", args=[loser.number]))


@require_POST
@desk_page
def unmerge(request: DeskRequest, number: int) -> HttpResponse:
    """Take a merged ticket out again."""
    ticket = access_ticket(request.user, number, need="work")
    found = standing_merge(ticket)
    text = _("%(number)d is a ticket of its own again") % {"number": number}
    try:
        if found is None:
            words = _("%(number)d is not merged into another ticket.")
            raise InvalidChange(words % {"number": number})
        undo_merge(merge=found, actor=Actor.person(request.user))
    except InvalidChange as refusal:
        text = str(refusal)
    if request.htmx:
        return told(request, HttpResponse(), text, event="live:resync")
    return told(request, back(request, reverse("desk:ticket", args=[number])), text)


@require_http_methods(["GET", "POST"])
@desk_page
def split(request: DeskRequest, number: int, message_id: int) -> HttpResponse:
    """Make a ticket of a message, with or without what follows it."""
    ticket = access_ticket(request.user, number, need="work")
    message = readable_messages(request.user, ticket).filter(pk=message_id).first()
    problem = "" if message else _("This message is not on this ticket any more.")
    if request.method == "POST" and message is not None:
        try:
            fresh = split_ticket(
                ticket=ticket,
                actor=Actor.person(request.user),
                message=message,
                subject=request.POST.get("subject", ""),
                following=request.POST.get("following") == "on",
            )
        except InvalidChange as refusal:
            problem = str(refusal)
        else:
            return _apart(request, ticket, fresh)
    context: dict[str, Any] = {"ticket": ticket, "message": message, "problem": problem}
    context["subject"] = request.POST.get("subject", ticket.subject)
    context["following"] = request.method == "GET" or request.POST.get("following") == "on"
    template = "desk/_split_dialog.html" if request.htmx else "desk/split.html"
    return render(request, template, context, status=422 if problem else 200)


def _apart(request: DeskRequest, ticket: Ticket, fresh: Ticket) -> HttpResponse:
    text = _("Ticket %d opened") % fresh.number
    place = reverse("desk:ticket", args=[fresh.number])
    if not request.htmx:
        return told(request, redirect(place), text)
    answer = render(request, "desk/_ticket.html", ticket_context(request, fresh))
    answer["HX-Retarget"], answer["HX-Reswap"] = "#ticket-panes", "innerHTML"
    answer["HX-Push-Url"] = place
    return told(request, answer, text)
