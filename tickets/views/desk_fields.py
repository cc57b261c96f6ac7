"""A ticket's custom fields at the desk."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor
from tickets.actions.fields import InvalidFields
from tickets.actions.triage import Edit, edit_ticket
from tickets.field_forms import edit_form
from tickets.field_selectors import field_rules, shown_fields
from tickets.views.desk_ticket import fields_context, ticket_context
from tickets.views.frame import back, desk_page, told


@require_POST
@desk_page
def edit(request: DeskRequest, number: int) -> HttpResponse:
    """Save the details; what does not fit is said beside its field, and nothing is lost."""
    ticket = access_ticket(request.user, number, need="work", lock=True)
    rules = field_rules(ticket.organization_id)
    form = edit_form(rules, ticket, request.POST)
    if form.is_valid():
        try:
            ticket = edit_ticket(
                ticket=ticket,
                actor=Actor.person(request.user),
                edit=Edit(custom_fields=form.values()),
            )
        except InvalidFields as refusal:
            form.show(refusal)
    if form.errors:
        lines = shown_fields(rules, ticket, request.user, empty=True)
        context = {"ticket": ticket, "fields": lines, "fields_form": form}
        if request.htmx:
            return render(request, "desk/_fields.html", context, status=422)
        page = ticket_context(request, ticket) | context
        return render(request, "desk/ticket.html", page, status=422)
    if not request.htmx:
        return told(request, back(request, reverse("desk:ticket", args=[number])), _("Saved"))
    answer = render(request, "desk/_fields.html", fields_context(request, ticket))
    return told(request, answer, _("Saved"))
