"""What an agent does to a ticket: answer, note, set a property."""

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.errors import BadInput
from tickets.access import access_ticket, readable_messages
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.macros import apply_macro
from tickets.actions.reply import add_note, reply
from tickets.actions.types import stage_status
from tickets.choices import MessageKind, StatusCategory
from tickets.forms import MessageForm, all_errors, new_files
from tickets.macro_selectors import macro_for
from tickets.models import MacroUse, Message, Ticket
from tickets.views.desk_links import offer_children
from tickets.views.desk_ticket import render_part, ticket_context
from tickets.views.desk_values import Change, apply_value, may_return, value_now
from tickets.views.frame import back, desk_page, told


@require_POST
@desk_page
def message(request: DeskRequest, number: int) -> HttpResponse:
    """Send a reply or add a note; stops when somebody else wrote meanwhile."""
    ticket = access_ticket(request.user, number, need="work")
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused(request, ticket, all_errors(form))
    kind = _kind(request)
    newer = _written_since(request, ticket, form.cleaned_data["seen"])
    if newer and not form.cleaned_data["anyway"]:
        return _conflict(request, ticket, newer)
    try:
        with transaction.atomic():
            _write(request, ticket, form, kind)
            used = _use_macro(request, ticket, form.cleaned_data["macro"])
    except BadInput as refusal:
        return _refused(request, ticket, str(refusal))
    return _sent(request, ticket, kind, used)


def _use_macro(request: DeskRequest, ticket: Ticket, pk: int | None) -> MacroUse | None:
    if pk is None:
        return None
    macro = macro_for(request.user, ticket, pk)
    return apply_macro(macro=macro, ticket=ticket, user=request.user)


def _write(request: DeskRequest, ticket: Ticket, form: MessageForm, kind: str) -> None:
    values = form.cleaned_data
    actor, files = Actor.person(request.user), new_files(values["attachments"])
    if kind == "internal":
        add_note(ticket=ticket, actor=actor, text=values["text"], files=files)
        return
    after = stage_status(ticket, StatusCategory.SOLVED, actor) if values["resolve"] else None
    reply(ticket=ticket, actor=actor, text=values["text"], files=files, status_after=after)


def _written_since(request: DeskRequest, ticket: Ticket, seen: int | None) -> list[Message]:
    if seen is None:
        return []
    messages = readable_messages(request.user, ticket).exclude(kind=MessageKind.SYSTEM)
    return list(messages.filter(pk__gt=seen).exclude(author=request.user))


def _sent(
    request: DeskRequest, ticket: Ticket, kind: str, used: MacroUse | None = None
) -> HttpResponse:
    text = _("Note added") if kind == "internal" else _("Reply to %d is on its way") % ticket.number
    if not request.htmx:
        return told(request, back(request, reverse("desk:ticket", args=[ticket.number])), text)
    ticket = access_ticket(request.user, ticket.number, need="work")
    answer = render_part(request, ticket, "conversation")
    undo = ""
    if used is not None and used.before:
        undo = reverse("desk:macro_undo", args=[ticket.number, used.pk])
    if kind != "internal":
        answer = offer_children(request, ticket, answer)
    return told(request, answer, text, undo, event="composer:sent")


def _conflict(request: DeskRequest, ticket: Ticket, newer: list[Message]) -> HttpResponse:
    """Show what came in between and ask; the text stays in the composer."""
    context = {"ticket": ticket, "newer": newer, "text": request.POST.get("text", "")}
    if request.htmx:
        answer = render(request, "desk/_conflict.html", context)
        return _into_composer(answer)
    page = ticket_context(request, ticket) | context | {"kind": _kind(request)}
    return render(request, "desk/ticket.html", page, status=409)


def _kind(request: DeskRequest) -> str:
    """Which tab of the composer was open; without script a button of its own says "note"."""
    note = "as_note" in request.POST or request.POST.get("kind") == "internal"
    return "internal" if note else "public"


def _refused(request: DeskRequest, ticket: Ticket, problem: str) -> HttpResponse:
    context = {"ticket": ticket, "problem": problem, "text": request.POST.get("text", "")}
    if request.htmx:
        return _into_composer(render(request, "desk/_problem.html", context))
    page = ticket_context(request, ticket) | context | {"kind": _kind(request)}
    return render(request, "desk/ticket.html", page, status=422)


def _into_composer(response: HttpResponse) -> HttpResponse:
    response["HX-Retarget"] = "#composer-problem"
    response["HX-Reswap"] = "innerHTML"
    return response


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
