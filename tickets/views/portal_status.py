"""The status page, and following what it tells."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.clock import now
from tickets.actions.status_page import follow_notice, unfollow_notice
from tickets.status_selectors import access_notice, status_page
from tickets.views.frame import person_page, told


@require_GET
@person_page
def status(request: DeskRequest) -> HttpResponse:
    """Known problems, planned work, what is over, the last days. Queries: 4."""
    context = {**status_page(request.user), "checked": now(), "nav_key": "status"}
    return render(request, "portal/status.html", context)


@require_POST
@person_page
def follow(request: DeskRequest, pk: int) -> HttpResponse:
    """ "This affects me too", or not any more."""
    notice = access_notice(request.user, pk)
    if request.POST.get("do") == "stop":
        unfollow_notice(notice=notice, user=request.user)
        text = _("You get no more updates about this.")
    else:
        follow_notice(notice=notice, user=request.user)
        text = _("Noted. You get each update by e-mail.")
    if request.htmx:
        context = {"notice": notice, "follows": request.POST.get("do") != "stop"}
        return told(request, render(request, "portal/_follow.html", context), text)
    return told(request, redirect("portal:status"), text)
