"""One ticket for its requester: where it stands, what was said, an answer."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket, writes_on
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Body, receive_message
from tickets.actions.keeping import forget_form
from tickets.actions.lifecycle import set_status
from tickets.actions.ratings import rate
from tickets.actions.types import stage_status
from tickets.choices import Source, StatusCategory
from tickets.field_selectors import field_rules, shown_fields
from tickets.forms import AnswerForm, all_errors, chosen_files, new_files
from tickets.models import Ticket
from tickets.selectors import conversation
from tickets.status_selectors import problem_behind
from tickets.views.frame import part_wanted, person_page, told
from tickets.views.portal_kept import ANSWER, kept_context
from tickets.views.portal_rating import given_rating, rating_context


@require_GET
@person_page
def ticket(request: DeskRequest, number: int) -> HttpResponse:
    """The conversation as its requester may read it. Queries: 6."""
    found = access_ticket(request.user, number)
    part = part_wanted(request) == "talk"
    context = _context(request, found)
    if part:
        return render(request, "portal/_talk.html", context)
    if context["answers"]:
        context |= kept_context(request, found.organization_id, f"{ANSWER}-{number}")
    return render(request, "portal/ticket.html", context)


def _context(request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    messages = [m for m in conversation(request.user, ticket) if m.kind == "public"]
    rules = field_rules(ticket.organization_id)
    return {
        "ticket": ticket,
        "conversation": messages,
        "fields": shown_fields(rules, ticket, request.user),
        "problem_behind": problem_behind(ticket),
        "nav_key": "tickets",
        "answers": writes_on(request.user, ticket),
        "rate_url": reverse("portal:rate", args=[ticket.number]),
        **(rating_context(ticket) if ticket.requester_id == request.user.pk else {}),
    }


@require_POST
@person_page
def answer(request: DeskRequest, number: int) -> HttpResponse:
    """Add the requester's next message; a solved ticket opens again."""
    found = access_ticket(request.user, number, need="write")
    form = AnswerForm(request.POST, request.FILES)
    try:
        if not form.is_valid():
            raise InvalidChange(all_errors(form), "text")
        values = form.cleaned_data
        message = receive_message(
            ticket=found,
            author=request.user,
            body=Body(text=values["text"], files=new_files(values["attachments"])),
            source=Source.PORTAL,
            actor=Actor.person(request.user),
        )
    except InvalidChange as refusal:
        context = _context(request, found) | {"problem": str(refusal), "text": form["text"].value()}
        context |= kept_context(request, found.organization_id, f"{ANSWER}-{number}", form)
        context["again"] = chosen_files(request)
        return render(request, "portal/ticket.html", context, status=422)
    kept = f"{ANSWER}-{number}"
    forget_form(person=request.user, organization_id=found.organization_id, form=kept)
    # A merged ticket's answer lands on another ticket, a late one opens a new one.
    where = message.ticket.number if message.ticket.requester_id == request.user.pk else number
    return told(request, redirect("portal:ticket", number=where), _("Sent to the service desk"))


@require_POST
@person_page
def solved(request: DeskRequest, number: int) -> HttpResponse:
    """The requester says that it works."""
    found = access_ticket(request.user, number, need="write")
    actor = Actor.person(request.user)
    text = _("Good to know. If it comes back, answer here and we go on.")
    try:
        status = stage_status(found, StatusCategory.SOLVED, actor)
        if status is None:
            raise InvalidChange(_("Only the service desk can settle this ticket."))
        set_status(ticket=found, actor=actor, status=status)
    except InvalidChange as refusal:
        text = str(refusal)
    return told(request, redirect("portal:ticket", number=number), text)


@require_POST
@person_page
def rated(request: DeskRequest, number: int) -> HttpResponse:
    """Rate one's own ticket."""
    found = access_ticket(request.user, number, need="write")
    if found.requester_id != request.user.pk:
        raise Http404
    given = given_rating(request)
    text = _("Noted. You may change it for seven days.")
    try:
        rate(ticket=found, actor=Actor.person(request.user), **given)
    except InvalidChange as refusal:
        text = str(refusal)
        context = _context(request, found)
        if context.get("rating_open"):
            context |= {"rating_problem": text, "rating": given}
            return render(request, "portal/ticket.html", context, status=422)
    return told(request, redirect("portal:ticket", number=number), text)
