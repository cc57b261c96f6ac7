"""Time on a ticket, and a month of it as a file."""

import csv
from datetime import date
from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.models import Organization
from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from tickets.access import access_ticket
from tickets.actions.base import InvalidChange
from tickets.actions.timekeeping import add_time, remove_time, start_timer, stop_timer
from tickets.models import Ticket
from tickets.time_selectors import month_rows
from tickets.views.desk_ticket import ticket_context, time_context
from tickets.views.frame import back, desk_page


@require_POST
@desk_page
def change(request: DeskRequest, number: int) -> HttpResponse:
    """`do` says what: add, start, stop, or remove with an id."""
    ticket = access_ticket(request.user, number, need="work", lock=True)
    extra: dict[str, Any] = {}
    try:
        with transaction.atomic():
            _apply(request, ticket)
    except InvalidChange as refusal:
        wrong = refusal.field == "minutes"
        extra = {"time_problem": str(refusal), "time_wrong": wrong, "time_given": request.POST}
    status = 422 if extra else 200
    if request.htmx:
        context = {"ticket": ticket, **time_context(request, ticket), **extra}
        return render(request, "desk/_time.html", context, status=status)
    if not extra:
        return back(request, reverse("desk:ticket", args=[number]))
    page = ticket_context(request, ticket) | extra
    return render(request, "desk/ticket.html", page, status=status)


def _apply(request: DeskRequest, ticket: Ticket) -> None:
    what, _colon, given = request.POST.get("do", "").partition(":")
    note, billable = request.POST.get("note", ""), "billable" in request.POST
    person = request.user
    if what == "add":
        minutes = request.POST.get("minutes", "")
        number = (
            int(minutes) if minutes.isascii() and minutes.isdecimal() and len(minutes) < 6 else 0
        )
        add_time(ticket=ticket, person=person, minutes=number, note=note, billable=billable)
    elif what == "start":
        start_timer(ticket=ticket, person=person)
    elif what == "stop":
        stop_timer(person=person, note=note, billable=billable)
    elif what == "remove":
        pk = int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else 0
        remove_time(ticket=ticket, person=person, entry_id=pk)
    else:
        raise Http404


class _Echo:
    """A file that hands back what is written into it."""

    def write(self, value: str) -> str:
        return value


@require_GET
@desk_page
def export(request: DeskRequest, slug: str, year: int, month: int) -> StreamingHttpResponse:
    """A month of an organization's time as CSV; for leads. Queries: 2."""
    if not (1 <= month <= 12 and 2000 <= year <= 2200):
        raise Http404
    places = Organization.objects.filter(pk__in=request.user.staffed_organization_ids())
    organization = places.filter(slug=slug).first()
    if organization is None or not request.user.has_role(organization.pk, Role.LEAD):
        raise Http404
    writer = csv.writer(_Echo())
    # Read inside the request's scope: a stream would be read after it ended.
    lines = [writer.writerow(row) for row in month_rows(organization, date(year, month, 1))]
    response = StreamingHttpResponse(iter(lines), content_type="text/csv; charset=utf-8")
    name = f"time-{organization.slug}-{year}-{month:02}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
