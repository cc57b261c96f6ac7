"""Snoozing a ticket from its page: what is offered, doing it, waking it."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.snooze import snooze, wake
from tickets.models import Ticket
from tickets.snooze_times import offers
from tickets.views.desk_ticket import render_part
from tickets.views.frame import back, desk_page, told

REPLY, OWN = "reply", "own"


@require_GET
@desk_page
def menu(request: DeskRequest, number: int) -> HttpResponse:
    """The times on offer, fetched when the menu opens; a page of its own without script."""
    ticket = access_ticket(request.user, number, need="work")
    template = "desk/_snooze_form.html" if request.htmx else "desk/snooze.html"
    return render(request, template, _offered(ticket))


def _offered(ticket: Ticket) -> dict[str, Any]:
    zone = timezone.get_current_timezone_name()
    return {"ticket": ticket, "offers": offers(ticket, zone=zone)}


@require_POST
@desk_page
def act(request: DeskRequest, number: int) -> HttpResponse:
    """Snooze until a time, until an answer; or wake."""
    ticket = access_ticket(request.user, number, need="work")
    actor = Actor.person(request.user)
    undo = reverse("desk:snooze", args=[number]) + "?until=now"
    wanted = request.POST.get("until") or request.GET.get("until", "")
    try:
        if wanted == "now":
            wake(ticket=ticket, actor=actor)
            text, undo = _("Ticket %d is awake") % ticket.number, ""
        else:
            until = None if wanted == REPLY else _moment(request, wanted)
            snooze(ticket=ticket, actor=actor, until=until)
            text = _said(ticket, until)
    except InvalidChange as refusal:
        if wanted == OWN and refusal.field:
            return _refused(request, ticket, str(refusal))
        text, undo = str(refusal), ""
    if not request.htmx:
        return told(request, back(request, reverse("desk:ticket", args=[number])), text)
    ticket = access_ticket(request.user, number, need="work")
    return told(request, render_part(request, ticket, "head"), text, undo)


def _refused(request: DeskRequest, ticket: Ticket, problem: str) -> HttpResponse:
    """The field for one's own time with what was typed and what is wrong with it."""
    wrong = {"own_problem": problem, "own_given": request.POST.get("at", "")}
    if not request.htmx:
        return render(request, "desk/snooze.html", _offered(ticket) | wrong, status=422)
    answer = render(request, "desk/_snooze_own.html", {"ticket": ticket, **wrong}, status=422)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#snooze-own", "outerHTML"
    return answer


def _moment(request: DeskRequest, wanted: str) -> datetime:
    """A row's moment, or what was typed, in the reader's zone."""
    text = request.POST.get("at", "") if wanted == OWN else wanted
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise InvalidChange(_("Enter a date and a time."), "until")
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def _said(ticket: Ticket, until: datetime | None) -> str:
    if until is None:
        return _("Ticket %d is snoozed until there is an answer") % ticket.number
    when = date_format(timezone.localtime(until), "SHORT_DATETIME_FORMAT")
    return _("Ticket %(number)d is snoozed until %(time)s") % {
        "number": ticket.number, "time": when,
    }  # fmt: skip
