"""Why a mail is on a ticket: what matched, who may speak, the original; and moving it."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from integrations.actions.rethreading import rethread, undo_rethread
from integrations.mail_selectors import why_of
from integrations.models import Receipt, Rethreading
from omnidesk.accounts.requests import DeskRequest
from tickets.access import TicketNotFound, access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.models import Ticket
from tickets.views.frame import desk_page, told


@require_GET
@desk_page
def why(request: DeskRequest, message_id: int) -> HttpResponse:
    """The page of one mail."""
    receipt, ticket = _of(request, message_id)
    return _page(request, receipt, ticket)


@require_GET
@desk_page
def original(request: DeskRequest, message_id: int) -> HttpResponse:
    """The mail's bytes as they came, never opened by the browser."""
    receipt, _ticket = _of(request, message_id)
    response = HttpResponse(bytes(receipt.raw), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="mail-{receipt.pk}.eml"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@desk_page
def move(request: DeskRequest, message_id: int) -> HttpResponse:
    """To the ticket whose number was typed, or to a new one."""
    receipt, ticket = _of(request, message_id)
    typed = request.POST.get("to", "").strip().removeprefix("#")[:20]
    seen = request.POST.get("seen_on", "")
    try:
        to = None if "new" in request.POST else _named(request, typed)
        done = rethread(
            receipt=receipt,
            actor=Actor.person(request.user),
            seen_on=int(seen) if seen.isdigit() and len(seen) < 19 else 0,
            to=to,
        )
    except InvalidChange as problem:
        return _page(request, receipt, ticket, typed=typed, error=str(problem))
    words = _("The mail is on ticket %(number)d now.") % {"number": done.to_ticket.number}
    return told(request, redirect(reverse("integrations:why", args=[message_id])), words)


@require_POST
@desk_page
def undo(request: DeskRequest, rethreading_id: int) -> HttpResponse:
    """Put the mail back."""
    row = Rethreading.objects.select_related("receipt", "message__ticket").filter(
        pk=rethreading_id
    ).first()  # fmt: skip
    if row is None:
        raise Http404
    access_ticket(request.user, row.message.ticket.number, need="work")
    try:
        back = undo_rethread(rethreading=row, actor=Actor.person(request.user))
        words = _("The mail is back on ticket %(number)d.") % {"number": back.number}
    except InvalidChange as problem:
        words = str(problem)
    return told(request, redirect(reverse("integrations:why", args=[row.message_id])), words)


def _of(request: DeskRequest, message_id: int) -> tuple[Receipt, Ticket]:
    rows = Receipt.objects.filter(message_id=message_id).select_related(
        "channel", "message__ticket"
    )
    receipt = rows.order_by("pk").first()
    if receipt is None or receipt.message is None:
        raise Http404
    return receipt, access_ticket(request.user, receipt.message.ticket.number, need="work")


def _named(request: DeskRequest, typed: str) -> Ticket:
    try:
        return access_ticket(request.user, typed, need="work")
    except TicketNotFound:
        raise InvalidChange(_("Enter the number of a ticket that you may see."), "to") from None


def _page(
    request: DeskRequest, receipt: Receipt, ticket: Ticket, *, typed: str = "", error: str = ""
) -> HttpResponse:
    context = {
        "why": why_of(receipt), "ticket": ticket, "typed": typed, "error": error,
        "nav_key": "tickets",
    }  # fmt: skip
    return render(request, "integrations/why.html", context, status=422 if error else 200)
