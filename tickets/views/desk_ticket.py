"""One ticket for an agent: beside its view, by its number, and in live parts."""

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket, desk_tickets
from tickets.actions.base import Actor
from tickets.choices import Priority
from tickets.desk_selectors import ordered, wanted_filter
from tickets.field_forms import edit_form
from tickets.field_selectors import field_rules, shown_fields
from tickets.fields import in_words
from tickets.form_selectors import checklist_of, checklist_templates, family_of
from tickets.models import Rating, RatingSettings, Ticket
from tickets.portal_selectors import requester_facts
from tickets.selectors import conversation, history, neighbours, ticket_rows, triage_choices
from tickets.sla_selectors import clock_panel
from tickets.time_selectors import time_spent
from tickets.timeline import Names, timeline
from tickets.views.desk_list import find_view, list_context
from tickets.views.desk_status import status_menu
from tickets.views.frame import desk_page, part_wanted

PARTS = ("head", "conversation", "field_values")


@require_GET
@desk_page
def in_view(request: DeskRequest, view: str, number: int) -> HttpResponse:
    """A ticket beside the view it was opened from; previous and next follow that view."""
    ticket = access_ticket(request.user, number, need="work")
    place = find_view(request, view)
    context = ticket_context(request, ticket) | {"view": place, "nav_key": place.key}
    rows = ticket_rows(request.user, place, wanted_filter(request.GET))
    context["place"] = neighbours(ordered(rows, request.GET.get("sort", "")), ticket)
    context["query"] = request.GET.urlencode()
    if part_wanted(request) == "ticket-panes":
        return render(request, "desk/_ticket.html", context)
    return render(
        request, "desk/ticket.html", list_context(request, place, layout="split") | context
    )


@require_GET
@desk_page
def direct(request: DeskRequest, number: int) -> HttpResponse:
    """A ticket by its number, without a list."""
    ticket = access_ticket(request.user, number, need="work")
    return render(request, "desk/ticket.html", ticket_context(request, ticket))


@require_GET
@desk_page
def part(request: DeskRequest, number: int, part: str) -> HttpResponse:
    """One part of a ticket, refetched when it changed."""
    if part not in PARTS:
        raise Http404
    ticket = access_ticket(request.user, number, need="work")
    return render_part(request, ticket, part)


def render_part(request: DeskRequest, ticket: Ticket, part: str) -> HttpResponse:
    """`head`, `conversation` or `field_values` as a fragment."""
    if part == "field_values":
        return render(request, "desk/_field_values.html", fields_context(request, ticket))
    context = head_context(request, ticket)
    if part == "conversation":
        context |= conversation_context(request, ticket, context["names"])
    return render(request, f"desk/_{part}.html", context)


def head_context(request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    """Title and property menus.

    Queries: 7 (statuses, reasons, types, categories, teams, agents, tags).
    """
    choices = triage_choices(ticket.organization_id)
    return {
        "ticket": ticket,
        "choices": choices,
        "status_menu": status_menu(ticket, Actor.person(request.user), choices),
        "ticket_priorities": Priority.choices,
        "tags": sorted(ticket.tags.values_list("name", flat=True)),
        "solved_status": next((s for s in choices.statuses if s.category == "solved"), None),
        "names": Names.of(choices.statuses, choices.agents, choices.reasons, choices.types),
    }


def fields_context(request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    """The ticket's custom fields, those that wait for a value included. Queries: 1."""
    rules = field_rules(ticket.organization_id)
    return {
        "ticket": ticket,
        "fields": shown_fields(rules, ticket, request.user, empty=True),
        "fields_form": edit_form(rules, ticket),
    }


def checklist_context(ticket: Ticket) -> dict[str, Any]:
    """The steps and the lists that may be added. Queries: 2."""
    items = checklist_of(ticket)
    there = {item.template_id for item in items}
    return {
        "ticket": ticket,
        "checklist": items,
        "checklist_done": sum(item.done_at is not None for item in items),
        "checklist_templates": [t for t in checklist_templates(ticket) if t.pk not in there],
    }


def time_context(request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    """Time on the ticket and the reader's timer. Queries: 2."""
    return {"time": time_spent(ticket, request.user), "user": request.user}


def rating_words(ticket: Ticket) -> dict[str, Any]:
    """The requester's rating, if there is one, in words. Queries: 1 (2 where it was rated)."""
    rating = Rating.objects.filter(ticket=ticket, rated_at__isnull=False).first()
    if rating is None:
        return {}
    settings = RatingSettings.objects.filter(organization_id=ticket.organization_id).first()
    language = get_language() or "en"
    reasons = settings.reasons if settings else []
    labels = {one["value"]: in_words(one["label"], language, one["value"]) for one in reasons}
    two = settings is None or settings.scale == RatingSettings.Scale.TWO
    words = {5: _("Good"), 1: _("Bad")} if two else {}
    of_five = _("%(score)d of 5") % {"score": rating.score or 0}
    return {
        "rating": rating,
        "rating_words": words.get(rating.score or 0, of_five),
        "rating_why": [labels.get(value, value) for value in rating.reasons],
    }


def extras_context(request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    """What hangs on a ticket beside its conversation. Queries: 7."""
    return {
        "family": family_of(ticket),
        **checklist_context(ticket),
        **time_context(request, ticket),
        **rating_words(ticket),
    }


def conversation_context(request: DeskRequest, ticket: Ticket, names: Names) -> dict[str, Any]:
    """Messages and event lines. Queries: 3 (messages, files, changes)."""
    messages = conversation(request.user, ticket)
    items = timeline(messages, history(request.user, ticket), names)
    return {"items": items, "last_message": messages[-1].pk if messages else 0}


def ticket_context(request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    """Everything the ticket panes show. Queries: 13 (head, fields, conversation, requester)."""
    head = head_context(request, ticket)
    fields = fields_context(request, ticket)
    head["names"] = replace(head["names"], fields={f.key: f.label for f in fields["fields"]})
    facts = requester_facts(desk_tickets(request.user), ticket)
    return {
        **head,
        **fields,
        **extras_context(request, ticket),
        **conversation_context(request, ticket, head["names"]),
        "facts": facts,
        "times": clock_panel(ticket),
        "here": request.path,
        "reply_hint": _("Reply to %(name)s") % {"name": ticket.requester.get_short_name()},
    }
