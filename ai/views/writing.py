"""A ticket summed up, a message translated: beside the ticket, or as pages of their own."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST

from ai import client
from ai.engine.summary import summarize
from ai.routes import has_service
from ai.writing import asked_summary, asked_translation, conversation_lines
from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket, readable_messages
from tickets.models import Ticket
from tickets.views.frame import desk_page


@require_http_methods(["GET", "POST"])
@desk_page
def summary(request: DeskRequest, number: int) -> HttpResponse:
    """In the ticket's own words at once; by a model outside when somebody asks for it (POST)."""
    ticket = access_ticket(request.user, number, need="work")
    lines = conversation_lines(request.user, ticket)
    context: dict[str, Any] = {
        "ticket": ticket,
        "summary": summarize(lines, is_settled=ticket.is_settled),
        "has_model": has_service("summary"),
        "nav_key": "open",
    }
    if request.method == "POST":
        context["written"] = _write(asked_summary(request.user, ticket, lines, _language(request)))
    return _page(request, "ai/summary.html", context)


@require_POST
@desk_page
def translation(request: DeskRequest, number: int, message_id: int) -> HttpResponse:
    """One message in the reader's language, by a model outside alone."""
    ticket: Ticket = access_ticket(request.user, number, need="work")
    message = readable_messages(request.user, ticket).filter(pk=message_id).first()
    if message is None:
        raise Http404
    asked = asked_translation(ticket, message, _language(request))
    context = {"ticket": ticket, "message": message, "written": _write(asked), "nav_key": "open"}
    return _page(request, "ai/translation.html", context)


def _language(request: DeskRequest) -> str:
    return (get_language() or "en").partition("-")[0]


def _write(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return client.write(asked)
    except client.AiUnavailable:
        return {"reason": "away"}


def _page(request: DeskRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, f"{template}#part" if request.htmx else template, context)
