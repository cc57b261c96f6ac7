"""The one button that agents have here: send an answer again."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from integrations.actions.outbound import send_again
from integrations.models import Delivery
from integrations.tasks import nudge
from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import InvalidChange


@login_required
@require_POST
def again(request: DeskRequest, message_id: int) -> HttpResponse:
    """Queue a failed or uncertain answer once more; back to its ticket."""
    delivery = Delivery.objects.filter(message_id=message_id).select_related("message__ticket")
    found = delivery.first()
    if found is None:
        raise Http404
    ticket = access_ticket(request.user, found.message.ticket.number, need="work")
    try:
        nudge(send_again(found.pk))
    except InvalidChange as problem:
        messages.warning(request, str(problem))
    else:
        messages.info(request, _("Sending again."))
    if request.htmx:
        return HttpResponse(status=204)
    return redirect("desk:ticket", ticket.number)
