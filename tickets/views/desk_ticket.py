"""One ticket for an agent: beside its view, by its number, and in live parts."""

from collections.abc import Sequence
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
from tickets.attached_selectors import Attached, attached
from tickets.choices import MessageKind, Priority
from tickets.copies import last_copies
from tickets.desk_selectors import listing
from tickets.draft_selectors import own_drafts
from tickets.duplicate_selectors import expects_duplicates
from tickets.field_forms import edit_form
from tickets.field_selectors import shown_fields
from tickets.fields import in_words
from tickets.form_selectors import Family, checklist_of, family_of
from tickets.models import Draft, Message, Rating, RatingSettings, Ticket
from tickets.portal_selectors import requester_facts
from tickets.row_selectors import put_relations
from tickets.selectors import (
    MOST_NEIGHBOURS,
    conversation,
    history,
    neighbours,
)
from tickets.setup_selectors import setup_of
from tickets.sla_selectors import clock_panel
from tickets.time_selectors import time_spent
from tickets.timeline import Names, timeline
from tickets.views.desk_list import find_view, list_context
from tickets.views.desk_status import status_menu
from tickets.views.frame import desk_page, part_wanted

PARTS = ("head", "conversation", "field_values", "composer")


@require_GET
@desk_page
def in_view(request: DeskRequest, view: str, number: int) -> HttpResponse:
    """A ticket beside the view it was opened from; previous and next follow that view."""
    ticket = _opened(request, number)
    place = find_view(request, view)
    context = ticket_context(request, ticket) | {"view": place, "nav_key": place.key}
    rows = listing(request.user, place, request.GET).rows(request.user)
    context["place"] = neighbours(rows, ticket)
    context["query"] = request.GET.urlencode()
    if part_wanted(request) == "ticket-panes":
        return render(request, "desk/_ticket.html", context)
    found = context["place"][3]
    around = list_context(
        request, place, layout="split", total=found if found < MOST_NEIGHBOURS else None
    )
    return render(request, "desk/ticket.html", around | context)


@require_GET
@desk_page
def direct(request: DeskRequest, number: int) -> HttpResponse:
    """A ticket by its number, without a list."""
    ticket = _opened(request, number)
    return render(request, "desk/ticket.html", ticket_context(request, ticket))


@require_GET
@desk_page
def part(request: DeskRequest, number: int, part: str) -> HttpResponse:
    """One part of a ticket, refetched when it changed."""
    if part not in PARTS:
        raise Http404
    ticket = _opened(request, number)
    return render_part(request, ticket, part)


def _opened(request: DeskRequest, number: int) -> Ticket:
    """The ticket with its relations. Queries: 1; one for each kind that its setup leaves out."""
    ticket = access_ticket(request.user, number, need="work", lean=True)
    put_relations(request.user, [ticket])
    return ticket


def render_part(request: DeskRequest, ticket: Ticket, part: str) -> HttpResponse:
    """`head`, `conversation` or `field_values` as a fragment."""
    if part == "field_values":
        return render(request, "desk/_field_values.html", fields_context(request, ticket))
    context = head_context(request, ticket)
    if part == "composer":
        context |= conversation_context(request, ticket, context["names"])
        context |= composer_context(request, ticket, context["spoken"], context["drafts"])
    elif part == "conversation":
        context |= conversation_context(request, ticket, context["names"])
    return render(request, f"desk/_{part}.html", context)


def head_context(
    request: DeskRequest, ticket: Ticket, on: Attached | None = None
) -> dict[str, Any]:
    """Title and property menus. Queries: 1 (tags), none with what hangs `on` the ticket."""
    setup = setup_of(request.user, ticket.organization_id)
    tags = on.tags if on else ticket.tags.values_list("name", flat=True)
    return {
        "ticket": ticket,
        "choices": setup,
        "status_menu": status_menu(ticket, Actor.person(request.user), setup),
        "ticket_priorities": Priority.choices,
        "tags": sorted(tags),
        "solved_status": next((s for s in setup.statuses if s.category == "solved"), None),
        "names": Names.of(setup.statuses, setup.agents, setup.reasons, setup.types),
    }


def fields_context(request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    """The ticket's custom fields, those that wait for a value included. Queries: 0."""
    rules = setup_of(request.user, ticket.organization_id).rules
    return {
        "ticket": ticket,
        "fields": shown_fields(rules, ticket, request.user, empty=True),
        "fields_form": edit_form(rules, ticket),
    }


def checklist_context(
    request: DeskRequest, ticket: Ticket, on: Attached | None = None
) -> dict[str, Any]:
    """The steps and the lists that may be added. Queries: 1, none where no step hangs `on` it."""
    items = checklist_of(ticket) if on is None or on.checklist else []
    there = {item.template_id for item in items}
    lists = setup_of(request.user, ticket.organization_id).checklists
    return {
        "ticket": ticket,
        "checklist": items,
        "checklist_done": sum(item.done_at is not None for item in items),
        "checklist_templates": [t for t in lists if t.pk not in there],
    }


def time_context(
    request: DeskRequest, ticket: Ticket, on: Attached | None = None
) -> dict[str, Any]:
    """Time on the ticket and the reader's timer. Queries: 2, or those of them that find some."""
    spent = time_spent(
        ticket,
        request.user,
        entries=on is None or on.times,
        timer=on is None or on.timer,
    )
    return {"time": spent, "user": request.user}


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


def extras_context(request: DeskRequest, ticket: Ticket, on: Attached) -> dict[str, Any]:
    """What hangs on a ticket beside its conversation.

    Queries: 0 where nothing does; checklist 1, time 1, timer 1, rating 2, the request's other
    tickets 2.
    """
    return {
        "family": family_of(ticket) if on.family else Family(None, []),
        **checklist_context(request, ticket, on),
        **time_context(request, ticket, on),
        **(rating_words(ticket) if on.rating else {}),
    }


def conversation_context(
    request: DeskRequest, ticket: Ticket, names: Names, on: Attached | None = None
) -> dict[str, Any]:
    """Messages, event lines and what the reader sent that waits.

    Queries: 4 (messages, files, changes, drafts), and their files; 3 where none hangs `on` it.
    """
    messages = conversation(request.user, ticket)
    log = list(history(request.user, ticket))
    drafts = own_drafts(request.user, ticket) if on is None or on.drafts else []
    return {
        "items": timeline(messages, log, names),
        "spoken": messages,
        "last_message": max((message.pk for message in messages), default=0),
        "last_change": max((change.pk for change in log), default=0),
        "log": log,
        "drafts": drafts,
        "held": [draft for draft in drafts if draft.send_at is not None],
    }


def composer_context(
    request: DeskRequest, ticket: Ticket, messages: Sequence[Message], drafts: Sequence[Draft]
) -> dict[str, Any]:
    """What stands in the composer: the reader's drafts, who gets a copy. Queries: 0."""
    written = {draft.kind: draft for draft in drafts if draft.send_at is None}
    reply, note = written.get(MessageKind.PUBLIC), written.get(MessageKind.INTERNAL)
    copies = reply.cc if reply is not None and reply.cc is not None else last_copies(messages)
    return {
        "ticket": ticket,
        "reply_draft": reply,
        "note_draft": note,
        "cc": ", ".join(copies),
        "here": request.path,
        "reply_hint": _("Reply to %(name)s") % {"name": ticket.requester.get_short_name()},
    }


def ticket_context(request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    """Everything the ticket panes show.

    Queries: 6 (what hangs on it, messages, files, changes, the requester's other tickets,
    clocks) and those of `extras_context`.
    """
    on = attached(ticket, request.user)
    head = head_context(request, ticket, on)
    fields = fields_context(request, ticket)
    head["names"] = replace(head["names"], fields={f.key: f.label for f in fields["fields"]})
    facts = requester_facts(desk_tickets(request.user), ticket)
    talk = conversation_context(request, ticket, head["names"], on)
    return {
        **head,
        **fields,
        **extras_context(request, ticket, on),
        **talk,
        **composer_context(request, ticket, talk["spoken"], talk["drafts"]),
        "facts": facts,
        "expects_duplicates": expects_duplicates(ticket),
        "times": clock_panel(ticket, head["choices"], talk["log"]),
    }
