"""The AI's panel beside a ticket, and what an agent answers there."""

from collections.abc import Callable

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ai.actions import decide
from ai.models import Suggestion
from ai.selectors import panel_of
from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.triage import request_reprocess
from tickets.models import Ticket
from tickets.views.frame import back, desk_page, told

Decision = Callable[..., Suggestion]


@require_GET
@desk_page
def panel(request: DeskRequest, number: int) -> HttpResponse:
    """The panel's inside; without htmx, a page of its own."""
    ticket = access_ticket(request.user, number, need="work")
    return _render(request, ticket)


@require_POST
@desk_page
def accept(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """Take the proposed value."""
    return _decide(request, number, pk, decide.accept_suggestion, _("Accepted"))


@require_POST
@desk_page
def correct(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """Take another value; the correction becomes an example."""
    value = request.POST.get("value", "")
    return _decide(request, number, pk, decide.correct_suggestion, _("Corrected"), value=value)


@require_POST
@desk_page
def reject(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """Say no."""
    return _decide(request, number, pk, decide.reject_suggestion, _("Rejected"))


@require_POST
@desk_page
def use(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """Note that the draft went into the reply; the page's script has copied it."""
    return _decide(request, number, pk, decide.use_draft, "")


@require_POST
@desk_page
def undo(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """Take a decision back."""
    return _decide(request, number, pk, decide.undo_decision, _("Taken back"))


@require_POST
@desk_page
def again(request: DeskRequest, number: int) -> HttpResponse:
    """Have the ticket read again."""
    ticket = access_ticket(request.user, number, need="work", lock=True)
    request_reprocess(ticket=ticket, actor=Actor.person(request.user))
    return _answer(request, access_ticket(request.user, number, need="work"), "")


def _decide(
    request: DeskRequest, number: int, pk: int, decision: Decision, text: str, **values: str
) -> HttpResponse:
    ticket = access_ticket(request.user, number, need="work", lock=True)
    suggestion = Suggestion.objects.filter(ticket=ticket, pk=pk).first()
    if suggestion is None:
        raise Http404
    undo_url = reverse("ai:undo", args=[number, pk]) if decision is not decide.undo_decision else ""
    try:
        decision(suggestion=suggestion, user=request.user, **values)
    except InvalidChange as refusal:
        text, undo_url = str(refusal), ""
    return _answer(request, access_ticket(request.user, number, need="work"), text, undo_url)


def _answer(request: DeskRequest, ticket: Ticket, text: str, undo_url: str = "") -> HttpResponse:
    if request.htmx:
        response = _render(request, ticket)
    else:
        response = back(request, reverse("desk:ticket", args=[ticket.number]))
    return told(request, response, text, undo_url) if text else response


def _render(request: DeskRequest, ticket: Ticket) -> HttpResponse:
    template = "ai/panel.html#part" if request.htmx else "ai/panel.html"
    found = panel_of(request.user, ticket)
    return render(request, template, {"panel": found, "ticket": ticket, "nav_key": "open"})
