"""One answer to several requesters: looked at first, held like any answer, taken back in one."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.errors import BadInput
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.bulk import keep_bulk_answer, take_back_answers
from tickets.actions.drafts import Writing, hold
from tickets.actions.reply import reply
from tickets.actions.types import stage_status
from tickets.automation.filling import filled
from tickets.choices import MessageKind, StatusCategory
from tickets.draft_selectors import own_answers
from tickets.models import BulkChange, Draft, Ticket
from tickets.views.desk_bulk import (
    Outcome,
    done,
    each,
    rehearse,
    template_for,
    undo_url,
    wanted_ids,
    wanted_numbers,
)
from tickets.views.frame import back, desk_page, told, with_events


@require_http_methods(["GET", "POST"])
@desk_page
def answer(request: DeskRequest) -> HttpResponse:
    """Answer several requesters: first who would get what, then send."""
    context = _asked(request)
    if request.method == "GET":
        return render(request, template_for(request, "answer"), context)
    if not context["text"]:
        return _refused(request, context, _("Write a message."))
    try:
        if request.POST.get("send"):
            return _send(request, context)
        context["outcome"] = rehearse(
            request, context["numbers"], "status", lambda ticket: _reply(request, ticket, context)
        )
        context["previews"] = _previews(request, context["outcome"], context["text"])
    except BadInput as refusal:
        return _refused(request, context, str(refusal))
    return render(request, template_for(request, "answer"), context)


def _asked(request: DeskRequest) -> dict[str, Any]:
    """What the form holds; `?again=` brings back an answer that was taken back."""
    given = request.POST if request.method == "POST" else request.GET
    again = wanted_ids(request, "again")
    asked: dict[str, Any] = {
        "numbers": wanted_numbers(request, given),
        "text": given.get("text", "").strip(),
        "resolve": bool(given.get("resolve")),
    }
    for kept in own_answers(request.user, again) if again else ():
        asked["numbers"] += list(kept.after)
        asked |= {"text": kept.text, "resolve": kept.field == BulkChange.ANSWER_AND_SOLVE}
    return {
        **asked,
        "nav_key": "",
        "problem": "",
        "next": given.get("next", ""),
        "seconds": request.user.undo_seconds,
    }


def _refused(request: DeskRequest, context: dict[str, Any], problem: str) -> HttpResponse:
    context["problem"] = problem
    return render(request, template_for(request, "answer"), context, status=422)


def _writing(request: DeskRequest, ticket: Ticket, context: dict[str, Any]) -> Writing:
    if ticket.status_category == StatusCategory.CLOSED:
        raise InvalidChange(_("It is closed."))
    status = None
    if context["resolve"]:
        status = stage_status(ticket, StatusCategory.SOLVED, Actor.person(request.user))
    text = filled(context["text"], ticket, request.user)
    return Writing(kind=MessageKind.PUBLIC, text=text, status=status)


def _reply(request: DeskRequest, ticket: Ticket, context: dict[str, Any]) -> None:
    writing = _writing(request, ticket, context)
    actor = Actor.person(request.user)
    reply(ticket=ticket, actor=actor, text=writing.text, status_after=writing.status)


def _send(request: DeskRequest, context: dict[str, Any]) -> HttpResponse:
    seconds, held = request.user.undo_seconds, list[Draft]()

    def work(ticket: Ticket) -> None:
        if not seconds:
            _reply(request, ticket, context)
            return
        writing = _writing(request, ticket, context)
        held.append(
            hold(ticket=ticket, user=request.user, writing=writing, seconds=seconds, beside=True)
        )

    outcome = each(request, context["numbers"], "status", work)
    if held:
        return _held(request, context, held, outcome)
    sent = len(outcome.done)
    words = ngettext("%d answer is on its way", "%d answers are on their way", sent) % sent
    return done(request, " · ".join([words, *outcome.reasons]))


def _held(
    request: DeskRequest, context: dict[str, Any], held: list[Draft], outcome: Outcome
) -> HttpResponse:
    user, many = request.user, len(held)
    kept = keep_bulk_answer(user=user, text=context["text"], solves=context["resolve"], held=held)
    words = ngettext(
        "%(many)d answer goes out in %(seconds)d seconds",
        "%(many)d answers go out in %(seconds)d seconds",
        many,
    ) % {"many": many, "seconds": user.undo_seconds}
    text = " · ".join([words, *outcome.reasons])
    if not request.htmx:
        return told(request, back(request, reverse("desk:home")), text)
    shown: dict[str, Any] = {
        "text": text,
        "undo": undo_url("desk:bulk_answer_undo", kept),
        "seconds": user.undo_seconds,
        "many": many,
    }
    events: dict[str, dict[str, Any]] = {"held": shown, "live:resync": {}, "bulk:done": {}}
    return with_events(HttpResponse(""), **events)


def _previews(request: DeskRequest, outcome: Outcome, text: str) -> list[tuple[Ticket, str]]:
    """The first two answers as they would leave."""
    tickets = [access_ticket(request.user, one.number, need="work") for one in outcome.done[:2]]
    return [(ticket, filled(text, ticket, request.user)) for ticket in tickets]


@require_POST
@desk_page
def undo(request: DeskRequest) -> HttpResponse:
    """Take an answer to several back, as far as it has not left; its text can be sent anew."""
    ids = wanted_ids(request)
    taken, gone = take_back_answers(user=request.user, ids=ids)
    words = ngettext("%d answer taken back", "%d answers taken back", taken) % taken
    if gone:
        sent = ngettext("%d was sent already", "%d were sent already", gone) % gone
        words = f"{words} · {sent}"
    if not request.htmx:
        return told(request, back(request, reverse("desk:home")), words)
    url = reverse("desk:bulk_answer") + "?" + urlencode([("again", pk) for pk in ids])
    return JsonResponse({"taken": taken > 0, "text": words, "url": url})
