"""A ticket summed up, a message translated: beside the ticket, or as pages of their own."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST

from ai.engine.writing import STYLES
from ai.routes import has_service
from ai.summing import summed_up, translated, write
from ai.writing import MOST_CHARACTERS, TRANSLATE, asked_rewriting
from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket, readable_messages
from tickets.models import Ticket
from tickets.views.frame import desk_page


@require_http_methods(["GET", "POST"])
@desk_page
def summary(request: DeskRequest, number: int) -> HttpResponse:
    """In the ticket's own words at once; by a model outside when somebody asks for it (POST).

    What a model wrote is kept: it is asked again only once the ticket says something else.
    """
    ticket = access_ticket(request.user, number, need="work")
    found = summed_up(request.user, ticket, _language(request), by_model=request.method == "POST")
    context: dict[str, Any] = {
        "ticket": ticket,
        "summary": found.own,
        "written": found.written,
        "kept": found.kept,
        "doubts": found.doubts,
        "has_model": has_service("summary"),
        "nav_key": "open",
    }
    return _page(request, "ai/summary.html", context)


@require_POST
@desk_page
def translation(request: DeskRequest, number: int, message_id: int) -> HttpResponse:
    """One message in the reader's language, by a model outside alone."""
    ticket: Ticket = access_ticket(request.user, number, need="work")
    message = readable_messages(request.user, ticket).filter(pk=message_id).first()
    if message is None:
        raise Http404
    written = translated(ticket, message, _language(request))
    context = {"ticket": ticket, "message": message, "written": written, "nav_key": "open"}
    return _page(request, "ai/translation.html", context)


@require_POST
@desk_page
def rewriting(request: DeskRequest, number: int) -> HttpResponse:
    """What stands in the composer, written anew: shown first, taken and given back by a click."""
    ticket = access_ticket(request.user, number, need="work")
    text, style = request.POST.get("text", ""), request.POST.get("style", "")
    if style not in {*STYLES, TRANSLATE} or (style == TRANSLATE and not ticket.language):
        raise Http404
    if len(text) > MOST_CHARACTERS:
        written = {"reason": "long"}
    elif text.strip():
        written = write(asked_rewriting(request.user, ticket, text, style))
    else:
        written = {"reason": "empty"}
    context = {
        "ticket": ticket,
        "written": written,
        "before": text,
        "origin": request.POST.get("suggestion", ""),
    }
    return render(request, "ai/_rewriting.html", context)


def _language(request: DeskRequest) -> str:
    return (get_language() or "en").partition("-")[0]


def _page(request: DeskRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, f"{template}#part" if request.htmx else template, context)
