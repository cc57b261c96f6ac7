"""Moving a card of the board: one step of the ticket's workflow, asking for what it needs."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import add_note
from tickets.actions.types import allowed_moves
from tickets.models import PendingReason, Status, Ticket
from tickets.setup_selectors import setup_of
from tickets.views.desk_values import value_now
from tickets.views.frame import back, desk_page, with_events

# What the dialog can ask for; anything else is filled in on the ticket itself.
ASKED = frozenset({"pending_reason", "note"})


@require_POST
@desk_page
def move(request: DeskRequest, number: int) -> HttpResponse:
    """Give the ticket the status of another column; ask where that needs a reason or a note."""
    ticket = access_ticket(request.user, number, need="work")
    actor = Actor.person(request.user)
    status = _status(request, ticket)
    if status is None:
        return _said(request, ticket, _("This ticket has no such status."))
    undo = reverse("desk:set", args=[number, "status"]) + "?value=" + value_now(ticket, "status")
    needed = _needed(ticket, actor, status, request)
    if needed:
        return _ask(request, ticket, status, needed)
    try:
        with transaction.atomic():
            note = request.POST.get("note", "").strip()
            if note:
                add_note(ticket=ticket, actor=actor, text=note)
            reason = _reason(request, ticket)
            changed = set_status(ticket=ticket, actor=actor, status=status, reason=reason)
    except InvalidChange as refusal:
        return _said(request, ticket, str(refusal))
    words = _("%(number)d: %(status)s") % {"number": number, "status": status}
    if ticket.status.key not in allowed_moves(changed, actor).steps:
        undo = ""
    return _said(request, ticket, words, undo, moved=status.key)


def _status(request: DeskRequest, ticket: Ticket) -> Status | None:
    key = request.POST.get("status", "")
    statuses = setup_of(request.user, ticket.organization_id).statuses
    return next((status for status in statuses if status.key == key), None)


def _reason(request: DeskRequest, ticket: Ticket) -> PendingReason | None:
    key = request.POST.get("reason", "")
    reasons = setup_of(request.user, ticket.organization_id).reasons
    return next((reason for reason in reasons if str(reason.pk) == key), None)


def _needed(ticket: Ticket, actor: Actor, status: Status, request: DeskRequest) -> frozenset[str]:
    """What the step needs and the form does not bring yet, as far as a dialog can ask for it."""
    step = allowed_moves(ticket, actor).steps.get(status.key)
    if step is None or status.pk == ticket.status_id:
        return frozenset()
    needed = ASKED & set(step.requires)
    if status.pending_reason_id is not None or _reason(request, ticket) is not None:
        needed -= {"pending_reason"}
    if request.POST.get("note", "").strip():
        needed -= {"note"}
    return needed


def _ask(
    request: DeskRequest, ticket: Ticket, status: Status, needed: frozenset[str]
) -> HttpResponse:
    asked_before = "asked" in request.POST
    reasons = setup_of(request.user, ticket.organization_id).reasons
    context: dict[str, Any] = {
        "ticket": ticket,
        "status": status,
        "needed": needed,
        "reasons": [reason for reason in reasons if reason.is_active],
        "next": request.POST.get("next", ""),
        "note": request.POST.get("note", ""),
        "missing": asked_before,
    }
    template = "desk/_move_dialog.html" if request.htmx else "desk/move.html"
    return render(request, template, context, status=422 if asked_before else 200)


def _said(
    request: DeskRequest, ticket: Ticket, words: str, undo: str = "", moved: str = ""
) -> HttpResponse:
    if not request.htmx:
        messages.success(request, words)
        return back(request, reverse("desk:ticket", args=[ticket.number]))
    answer = HttpResponse("")
    events: dict[str, dict[str, Any]] = {"toast": {"text": words, "undo": undo}}
    if moved:
        events["board:moved"] = {"number": ticket.number, "status": moved}
    return with_events(answer, **events)
