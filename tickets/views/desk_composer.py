"""The composer's sending: at once or held, with what is done beside it, and taking it back."""

import json
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from omnidesk.accounts.actions import set_writing
from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.errors import BadInput
from tickets.access import access_ticket
from tickets.actions.base import Actor
from tickets.actions.drafts import Writing, hold, send_now, take_back
from tickets.actions.types import stage_status
from tickets.choices import MessageKind, StatusCategory
from tickets.copies import read_copies
from tickets.desk_selectors import listing
from tickets.draft_selectors import draft_files
from tickets.forms import MessageForm, WritingForm, all_errors, chosen_files, new_files
from tickets.macro_selectors import macro_for
from tickets.models import Draft, MacroUse, Ticket
from tickets.selectors import neighbours
from tickets.send_doubts import send_doubts
from tickets.setup_selectors import setup_of
from tickets.since import Newer, newer_than
from tickets.timeline import Names, describe
from tickets.views.desk_links import offer_children
from tickets.views.desk_list import find_view
from tickets.views.desk_ticket import ticket_context
from tickets.views.desk_values import chosen_status
from tickets.views.frame import back, desk_page, told, with_events


@require_POST
@desk_page
def message(request: DeskRequest, number: int) -> HttpResponse:
    """Send a reply or add a note; stops when the ticket changed meanwhile."""
    ticket = access_ticket(request.user, number, need="work")
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused(request, ticket, all_errors(form))
    seen = form.cleaned_data["seen"], form.cleaned_data["seen_change"]
    newer = newer_than(request.user, ticket, *seen)
    is_note = _kind(request) == MessageKind.INTERNAL
    doubts = [] if is_note else send_doubts(ticket, form.cleaned_data["suggestion"])
    if (newer or doubts) and not form.cleaned_data["anyway"]:
        return _conflict(request, ticket, newer, doubts)
    try:
        writing = _writing(request, ticket, form)
        onward = _next_ticket(request, ticket, form.cleaned_data)
        if writing.kind == MessageKind.PUBLIC and request.user.undo_seconds:
            seconds = request.user.undo_seconds
            held = hold(ticket=ticket, user=request.user, writing=writing, seconds=seconds)
            return _held(request, ticket, held, onward)
        used = send_now(ticket=ticket, user=request.user, writing=writing)
    except BadInput as refusal:
        return _refused(request, ticket, str(refusal))
    return _sent(request, ticket, writing.kind, used, onward)


def _writing(request: DeskRequest, ticket: Ticket, form: MessageForm) -> Writing:
    """What the form asks for. Raises `BadInput` for a choice that is not there, a wrong address."""
    values, actor = form.cleaned_data, Actor.person(request.user)
    kind = _kind(request)
    status = reason = None
    if values["then"]:
        status, reason = chosen_status(ticket, actor, values["then"])
    elif values["resolve"] and kind == MessageKind.PUBLIC:
        status = stage_status(ticket, StatusCategory.SOLVED, actor)
    cc = None
    if kind == MessageKind.PUBLIC and "cc" in request.POST:
        cc = read_copies(values["cc"], requester=ticket.requester.email)
    pk = values["macro"]
    return Writing(
        kind=kind,
        text=values["text"],
        cc=cc,
        files=new_files(values["attachments"]),
        attachment_ids=draft_files(request.user, ticket, kind),
        status=status,
        reason=reason,
        macro=macro_for(request.user, ticket, pk) if pk else None,
    )


def _next_ticket(request: DeskRequest, ticket: Ticket, values: dict[str, Any]) -> str:
    """URL of the view's ticket after this one where the person wants it, else "". Queries: 0, 1.

    Asked before the answer changes the ticket's place.
    """
    try:
        view = find_view(request, values["view"])
    except Http404:
        return ""
    _keep_choice(request, opens_next=values["go_next"])
    if not values["go_next"]:
        return ""
    query = QueryDict(values["query"])
    after = neighbours(listing(request.user, view, query).rows(request.user), ticket)[1]
    if after is None:
        return ""
    url = reverse("desk:view_ticket", args=[view.key, after])
    return f"{url}?{query.urlencode()}" if query else url


def _keep_choice(request: DeskRequest, *, opens_next: bool) -> None:
    user = request.user
    if user.opens_next != opens_next:
        set_writing(user=user, undo_seconds=user.undo_seconds, opens_next=opens_next)


def _held(request: DeskRequest, ticket: Ticket, draft: Draft, onward: str) -> HttpResponse:
    undo = reverse("desk:take_back", args=[ticket.number, draft.pk])
    seconds = request.user.undo_seconds
    text = _("Reply to %(number)d goes out in %(seconds)d seconds")
    text %= {"number": ticket.number, "seconds": seconds}
    if not request.htmx:
        return told(request, _gone_on(request, ticket, onward), text)
    answer = _onward(request, ticket, onward)
    shown = {"text": text, "undo": undo, "seconds": seconds, "number": ticket.number}
    return with_events(
        answer, held=shown, **{"composer:sent": {"ticket": ticket.number, "held": True}}
    )


def _sent(
    request: DeskRequest, ticket: Ticket, kind: MessageKind, used: MacroUse | None, onward: str
) -> HttpResponse:
    note = kind == MessageKind.INTERNAL
    text = _("Note added") if note else _("Reply to %d is on its way") % ticket.number
    if not request.htmx:
        return told(request, _gone_on(request, ticket, onward), text)
    answer = _onward(request, ticket, onward)
    undo = ""
    if used is not None and used.before:
        undo = reverse("desk:macro_undo", args=[ticket.number, used.pk])
    if not note and not onward:
        answer = offer_children(request, access_again(request, ticket), answer)
    emptied = {"composer:sent": {"ticket": ticket.number}}
    return with_events(answer, toast={"text": text, "undo": undo}, **emptied)


def _gone_on(request: DeskRequest, ticket: Ticket, onward: str) -> HttpResponse:
    if onward:
        return redirect(onward)
    return back(request, reverse("desk:ticket", args=[ticket.number]))


def _onward(request: DeskRequest, ticket: Ticket, onward: str) -> HttpResponse:
    """Nothing to show, or the way to the next ticket.

    The page asks for the conversation once it hears `composer:sent`: drawn here, it would keep
    the change back from everybody else, who hear of it when this request's transaction ends.
    """
    answer = HttpResponse()
    if not onward:
        answer["HX-Reswap"] = "none"
        return answer
    way = {"path": onward, "target": "#ticket-panes", "swap": "innerHTML"}
    answer["HX-Location"] = json.dumps(way)
    return answer


def access_again(request: DeskRequest, ticket: Ticket) -> Ticket:
    """The ticket as it is after the change."""
    return access_ticket(request.user, ticket.number, need="work")


def _conflict(
    request: DeskRequest, ticket: Ticket, newer: Newer, doubts: list[str]
) -> HttpResponse:
    """Show what came in between and ask; the text stays in the composer."""
    setup = setup_of(request.user, ticket.organization_id)
    names = Names.of(setup.statuses, setup.agents, setup.reasons, setup.types)
    lines = [line for change in newer.changes if (line := describe(change, names))]
    typed = {"text": request.POST.get("text", ""), "typed_cc": request.POST.get("cc", "")}
    typed["typed_suggestion"] = request.POST.get("suggestion", "")
    context = {"ticket": ticket, "newer": newer, "lines": lines, "doubts": doubts, **typed}
    if request.htmx:
        answer = render(request, "desk/_conflict.html", context)
        return _into_composer(answer)
    context |= {"kind": _kind(request).value, "again": chosen_files(request)}
    page = ticket_context(request, ticket) | context
    return render(request, "desk/ticket.html", page, status=409)


def _kind(request: DeskRequest) -> MessageKind:
    """Which tab of the composer was open; without script a button of its own says "note"."""
    note = "as_note" in request.POST or request.POST.get("kind") == "internal"
    return MessageKind.INTERNAL if note else MessageKind.PUBLIC


def _refused(request: DeskRequest, ticket: Ticket, problem: str) -> HttpResponse:
    typed = {"text": request.POST.get("text", ""), "typed_cc": request.POST.get("cc", "")}
    context = {"ticket": ticket, "problem": problem, **typed}
    if request.htmx:
        return _into_composer(render(request, "desk/_problem.html", context))
    page = ticket_context(request, ticket) | context | {"kind": _kind(request).value}
    return render(request, "desk/ticket.html", page, status=422)


def _into_composer(response: HttpResponse) -> HttpResponse:
    response["HX-Retarget"] = "#composer-problem"
    response["HX-Reswap"] = "innerHTML"
    return response


@require_POST
@desk_page
def undo(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """Take a held message back into the composer, unless it is gone already."""
    ticket = access_ticket(request.user, number, need="work")
    draft = take_back(draft_id=pk, user=request.user)
    text = _("Taken back. Your text is in the composer.") if draft else _("It was sent already.")
    here = reverse("desk:ticket", args=[ticket.number])
    if not request.htmx:
        return told(request, back(request, here), text)
    return JsonResponse({"taken": draft is not None, "text": text, "url": here})


@require_http_methods(["GET", "POST"])
@desk_page
def preferences(request: DeskRequest) -> HttpResponse:
    """How a person sends: how long it can be taken back, what opens afterwards."""
    user = request.user
    start = {"undo_seconds": user.undo_seconds, "opens_next": user.opens_next}
    form = WritingForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        set_writing(user=user, **form.cleaned_data)
        return told(request, redirect("desk:writing"), _("Saved"))
    status = 422 if form.is_bound else 200
    context = {"form": form, "nav_key": "writing"}
    return render(request, "desk/writing.html", context, status=status)


@require_POST
@desk_page
def opens_next(request: DeskRequest) -> HttpResponse:
    """The choice in the composer's menu, kept when it is made."""
    _keep_choice(request, opens_next=request.POST.get("go_next") == "on")
    return HttpResponse(status=204)
