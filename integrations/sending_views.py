"""How an answer was sent: every try with the far side's words, and sending it once more."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from integrations.actions.outbound import may_again
from integrations.models import Delivery
from integrations.sending_selectors import log_of
from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.views.frame import desk_page


@require_GET
@desk_page
def sending(request: DeskRequest, message_id: int) -> HttpResponse:
    """The page of one answer."""
    rows = Delivery.objects.select_related("message__ticket", "channel")
    delivery = rows.filter(message_id=message_id).first()
    if delivery is None:
        raise Http404
    ticket = access_ticket(request.user, delivery.message.ticket.number, need="work")
    context = {
        "delivery": delivery, "ticket": ticket, "lines": log_of(delivery),
        "may_again": may_again(delivery),
    }  # fmt: skip
    return render(request, "integrations/sending.html", context)
