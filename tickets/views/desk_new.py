"""An agent opens a ticket for somebody: after a call, or from the corridor."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from omnidesk.accounts.actions import find_or_create_requester
from omnidesk.accounts.requests import DeskRequest
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Body, Triage, open_ticket
from tickets.choices import Source
from tickets.forms import DeskTicketForm, new_files, show_refusal
from tickets.models import Ticket
from tickets.views.desk_duplicates import link_chosen
from tickets.views.frame import desk_page, told


@require_http_methods(["GET", "POST"])
@desk_page
def new(request: DeskRequest) -> HttpResponse:
    """The form, and the ticket it opens."""
    organizations = sorted(request.user.staffed_organization_ids())
    form = DeskTicketForm(request.POST or None, request.FILES or None, organizations=organizations)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                ticket = _open(request, form)
        except InvalidChange as refusal:
            show_refusal(form, refusal)
        else:
            answer = redirect("desk:ticket", number=ticket.number)
            return told(request, answer, _("Ticket %d opened") % ticket.number)
    status = 422 if form.is_bound else 200
    return render(request, "desk/new.html", {"form": form, "nav_key": "new"}, status=status)


def _open(request: DeskRequest, form: DeskTicketForm) -> Ticket:
    values = form.cleaned_data
    organization = values["organization"]
    if organization.pk not in request.user.staffed_organization_ids():
        raise PermissionDenied
    requester = find_or_create_requester(organization_id=organization.pk, email=values["requester"])
    ticket = open_ticket(
        organization_id=organization.pk,
        requester=requester,
        subject=values["subject"],
        body=Body(text=values["text"], files=new_files(values["attachments"])),
        source=Source(values["source"]),
        actor=Actor.person(request.user),
        triage=Triage(category=values["category"], urgency=values["urgency"]),
    )
    link_chosen(request, ticket)
    return ticket
