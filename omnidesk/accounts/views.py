"""A person's own sessions: where they are signed in, and signing out there."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from omnidesk.accounts.devices import devices_of, sign_out_there
from omnidesk.accounts.models import User


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def devices(request: HttpRequest) -> HttpResponse:
    """Every session with its device; POST `end` ends one of them, `others` all but this one."""
    user = cast("User", request.user)
    if request.method == "GET":
        return render(request, "account/devices.html", {"devices": devices_of(request, user)})
    wanted, here = request.POST.get("end", ""), request.session.session_key
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        count = sign_out_there(user=user, keeping=here, pk=int(wanted))
    elif wanted == "others":
        count = sign_out_there(user=user, keeping=here)
    else:
        count = 0
    ended = ngettext("Signed out on %d device", "Signed out on %d devices", count) % count
    messages.success(request, ended if count else _("Nobody is signed in there any more."))
    return redirect("account_devices")
