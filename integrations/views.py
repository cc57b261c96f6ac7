"""The channels' page for leads, their alarm strip, and the agents' button to send again."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from integrations.actions.braking import release_brake
from integrations.actions.channels import pause_channel, resume_channel
from integrations.actions.contacts import opted_out, phone_of
from integrations.actions.outbound import channel_for, is_short, send_again
from integrations.models import Channel, Delivery
from integrations.selectors import health, led_channels, troubled
from integrations.tasks import nudge, nudge_look
from integrations.texting.segments import LIMIT
from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from tickets.access import access_ticket
from tickets.actions.base import InvalidChange
from tickets.strips import has_place, keep_place
from tickets.views.frame import back, desk_page, told


@require_GET
@desk_page
def channels(request: DeskRequest) -> HttpResponse:
    """Every channel of the organizations that the person leads, and how it is."""
    if not request.user.is_lead:
        raise PermissionDenied(_("Only a lead sees how the channels are."))
    context = {"lines": health(led_channels(request.user)), "nav_key": "channels"}
    return render(request, "integrations/channels.html", context)


@require_GET
@desk_page
def alerts(request: DeskRequest) -> HttpResponse:
    """The strip on top of the desk's pages while a channel stands still; empty otherwise."""
    found = troubled(request.user) if request.user.is_lead else []
    keep_place(request, "alerts", shown=bool(found))
    return render(
        request, "integrations/_alerts.html", {"troubled": found, "has_place": has_place(request)}
    )


@require_GET
@desk_page
def way(request: DeskRequest, number: int) -> HttpResponse:
    """Under the composer: that the answer leaves as a text message, and how it is counted."""
    ticket = access_ticket(request.user, number, need="read")
    channel = channel_for(ticket)
    if channel is None or not is_short(channel):
        return HttpResponse(status=204)
    context = {
        "channel": channel, "phone": phone_of(ticket), "out": opted_out(ticket), "limit": LIMIT,
    }  # fmt: skip
    return render(request, "integrations/_way.html", context)


@require_POST
@desk_page
def act(request: DeskRequest, channel_id: int, verb: str) -> HttpResponse:
    """Pause, resume or fetch now; back to the page."""
    channel = Channel.objects.filter(pk=channel_id).first()
    if channel is None or not request.user.has_role(channel.organization_id, Role.LEAD):
        raise Http404
    try:
        words = _done(request, channel, verb)
    except InvalidChange as problem:
        words = str(problem)
    return told(request, back(request, reverse("integrations:channels")), words)


def _done(request: DeskRequest, channel: Channel, verb: str) -> str:
    if verb == "pause":
        who = request.user.display_name
        pause_channel(channel=channel, reason=_("Paused by %(who)s.") % {"who": who})
        return _("Paused")
    if verb == "resume":
        resume_channel(channel=channel)
        return _("Works again")
    if verb == "release":
        release_brake(channel=channel)
        return _("Answers go out again")
    if verb == "sync":
        nudge_look(channel)
        return _("A worker fetches what is new.")
    raise Http404


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
