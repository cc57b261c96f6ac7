"""A ticket's checklist at the desk."""

from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.checklists import (
    add_item,
    attach_template,
    move_item,
    remove_item,
    tick_item,
)
from tickets.models import Ticket
from tickets.setup_selectors import setup_of
from tickets.views.desk_ticket import checklist_context, ticket_context
from tickets.views.frame import back, desk_page


@require_POST
@desk_page
def change(request: DeskRequest, number: int) -> HttpResponse:
    """`do` says what: add, or tick, untick, up, down, remove, attach with an id."""
    ticket = access_ticket(request.user, number, need="work", lock=True)
    extra: dict[str, Any] = {}
    try:
        with transaction.atomic():
            _apply(request, ticket)
    except InvalidChange as refusal:
        extra = {
            "checklist_problem": str(refusal),
            "checklist_wrong": refusal.field == "text",
            "checklist_given": request.POST,
        }
    status = 422 if extra else 200
    if request.htmx:
        context = checklist_context(request, ticket) | extra
        return render(request, "desk/_checklist.html", context, status=status)
    if not extra:
        return back(request, reverse("desk:ticket", args=[number]))
    page = ticket_context(request, ticket) | extra
    return render(request, "desk/ticket.html", page, status=status)


def _apply(request: DeskRequest, ticket: Ticket) -> None:
    what, _colon, given = request.POST.get("do", "").partition(":")
    actor, pk = Actor.person(request.user), int(given) if given.isdecimal() else 0
    pk = pk if pk < 2**63 else 0
    if what == "add":
        text, required = request.POST.get("text", ""), "required" in request.POST
        add_item(ticket=ticket, actor=actor, text=text, required=required)
    elif what in {"tick", "untick"}:
        tick_item(ticket=ticket, actor=actor, item_id=pk, done=what == "tick")
    elif what in {"up", "down"}:
        move_item(ticket=ticket, actor=actor, item_id=pk, by=-1 if what == "up" else 1)
    elif what == "remove":
        remove_item(ticket=ticket, actor=actor, item_id=pk)
    elif what == "attach":
        lists = setup_of(request.user, ticket.organization_id).checklists
        template = next((t for t in lists if t.pk == pk), None)
        if template is None:
            raise Http404
        attach_template(ticket=ticket, actor=actor, template=template)
    else:
        raise Http404
