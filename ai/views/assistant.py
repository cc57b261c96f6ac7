"""Talking with the assistant: in the portal, and beside a ticket on the desk."""

import re

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ai import chatting
from ai.access import access_document
from ai.actions.chat import ask, hand_over, start_conversation
from ai.chat_selectors import access_conversation, access_turn, conversations_of, shown_turns
from ai.models import Conversation
from ai.tasks import chat as chat_task
from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.api.limits import take
from tickets.access import access_ticket, home_organization
from tickets.actions.base import InvalidChange
from tickets.models import Ticket
from tickets.views.frame import desk_page, person_page, told

EVENT_ID = re.compile(r"^\d{1,20}-\d{1,20}$")
SHOWN_TURNS = 20
Place = Conversation.Place


def _ask(request: DeskRequest, conversation: Conversation, text: str) -> None:
    """Put the question and have it answered. Raises `InvalidChange`."""
    _count(request)
    turn = ask(conversation=conversation, question=text)
    organization_id, turn_id = conversation.organization_id, turn.pk
    transaction.on_commit(lambda: chat_task.delay(organization_id, turn_id))


def _count(request: DeskRequest) -> None:
    limit = settings.LIMITS["ai"]
    decision = take(f"ai:user:{request.user.pk}", limit) if limit else None
    if decision is not None and not decision.allowed:
        raise InvalidChange(
            _("Too many questions at once. Ask again in %(seconds)d seconds.")
            % {"seconds": decision.reset},
            "question",
        )


# --- Portal ---------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@person_page
def start(request: DeskRequest) -> HttpResponse:
    """A new conversation; the first question comes with the form or from a link's `?q=`."""
    question = request.POST.get("question", request.GET.get("q", ""))
    problem = ""
    if request.method == "POST":
        try:
            with transaction.atomic():
                conversation = start_conversation(
                    organization_id=home_organization(request.user).pk,
                    user=request.user,
                    place=Place.PORTAL,
                )
                _ask(request, conversation, question)
            return redirect("assistant:conversation", conversation.pk)
        except InvalidChange as refusal:
            problem = str(refusal)
    context = {"question": question, "problem": problem, "nav_key": "assistant"}
    return render(request, "assistant/talk.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "POST"])
@person_page
def conversation(request: DeskRequest, conversation_id: int) -> HttpResponse:
    """One conversation of one's own, and its next question. Queries: 6."""
    found = access_conversation(request.user, conversation_id)
    problem = ""
    if request.method == "POST":
        try:
            _ask(request, found, request.POST.get("question", ""))
            return redirect("assistant:conversation", found.pk)
        except InvalidChange as refusal:
            problem = str(refusal)
    turns = list(found.turns.order_by("-pk")[:SHOWN_TURNS])[::-1]
    context = {
        "conversation": found,
        "turns": shown_turns(request.user, turns, desk=False),
        "question": request.POST.get("question", "") if problem else "",
        "problem": problem,
        "nav_key": "assistant",
    }
    return render(request, "assistant/talk.html", context, status=422 if problem else 200)


@require_POST
@person_page
def person(request: DeskRequest, conversation_id: int = 0) -> HttpResponse:
    """Hand the conversation to a person: works with the AI away, and without any question yet."""
    words = request.POST.get("question", "")
    try:
        with transaction.atomic():
            found = (
                access_conversation(request.user, conversation_id)
                if conversation_id
                else start_conversation(
                    organization_id=home_organization(request.user).pk,
                    user=request.user,
                    place=Place.PORTAL,
                )
            )
            ticket = hand_over(conversation=found, user=request.user, words=words)
    except InvalidChange as refusal:
        context = {"question": words, "problem": str(refusal), "nav_key": "assistant"}
        return render(request, "assistant/talk.html", context, status=422)
    answer = redirect("portal:ticket", number=ticket.number)
    return told(request, answer, _("A person takes over. Your number is %d.") % ticket.number)


@require_GET
@person_page
def turn(request: DeskRequest, turn_id: int) -> HttpResponse:
    """One question with its answer, as it is now. Queries: 2-5."""
    found = access_turn(request.user, turn_id)
    desk = chatting.is_desk(found.conversation)
    [shown] = shown_turns(request.user, [found], desk=desk)
    context = {"shown": shown, "desk": desk, "conversation": found.conversation}
    return render(request, "assistant/_turn.html", context)


@require_GET
@person_page
def stream(request: DeskRequest, turn_id: int) -> HttpResponseBase:
    """The answer's sentences as they come, as server-sent events."""
    found = access_turn(request.user, turn_id)
    last = request.headers.get("Last-Event-ID", "")
    return StreamingHttpResponse(
        chatting.listen(found.pk, last if EVENT_ID.match(last) else "0"),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@require_GET
@person_page
def document(request: DeskRequest, document_id: int) -> HttpResponse:
    """A public document as requesters read it: what it says, by place. Queries: 2."""
    row = access_document(request.user, document_id)
    context = {"document": row, "passages": row.passages.all()[:400], "nav_key": "kb"}
    return render(request, "assistant/document.html", context)


# --- Desk -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@desk_page
def copilot(request: DeskRequest, number: int) -> HttpResponse:
    """The assistant beside a ticket: its form and this agent's talk about it. Queries: 7."""
    ticket = access_ticket(request.user, number, need="work")
    problem = ""
    if request.method == "POST":
        try:
            with transaction.atomic():
                _ask(request, _about(request, ticket), request.POST.get("question", ""))
        except InvalidChange as refusal:
            problem = str(refusal)
        if not request.htmx and not problem:
            return redirect(reverse("ai:copilot", args=[number]))
    return _copilot(request, ticket, problem)


def _about(request: DeskRequest, ticket: Ticket) -> Conversation:
    mine = conversations_of(request.user).filter(place=Place.DESK, ticket=ticket).first()
    return mine or start_conversation(
        organization_id=ticket.organization_id,
        user=request.user,
        place=Place.DESK,
        ticket=ticket,
    )


def _copilot(request: DeskRequest, ticket: Ticket, problem: str) -> HttpResponse:
    mine = conversations_of(request.user).filter(place=Place.DESK, ticket=ticket).first()
    turns = list(mine.turns.order_by("-pk")[:SHOWN_TURNS])[::-1] if mine else []
    context = {
        "ticket": ticket,
        "turns": shown_turns(request.user, turns, desk=True),
        "desk": True,
        "problem": problem,
        "question": request.POST.get("question", "") if problem else "",
        "nav_key": "open",
    }
    name = "assistant/copilot.html#part" if _wants_part(request) else "assistant/copilot.html"
    return render(request, name, context, status=422 if problem else 200)


def _wants_part(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))
