"""The search index of the installation: how it is kept, and building it anew."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ai.actions.rebuilds import start_rebuild, stop_rebuild
from ai.models import Rebuild
from ai.tasks import rebuild_index
from omnidesk.accounts.requests import DeskRequest
from tickets.actions.base import InvalidChange
from tickets.views.frame import back, desk_page, told

SHOWN = 10


def _owned(request: DeskRequest) -> None:
    """The index holds every organization's texts. Raises `PermissionDenied`."""
    if not request.user.is_superuser:
        raise PermissionDenied(_("Only an administrator of the installation can do this."))


@require_GET
@desk_page
def index(request: DeskRequest) -> HttpResponse:
    """The last rebuilds, the progress of the one under way, and the form. Queries: 1."""
    _owned(request)
    rows = list(Rebuild.objects.select_related("requested_by")[:SHOWN])
    done = next((row for row in rows if row.state == Rebuild.State.DONE), None)
    present = done.quantization if done else settings.VECTOR_QUANTIZATION
    context = {
        "rows": rows,
        "live": next((row for row in rows if row.is_open), None),
        "present": present,
        "choices": Rebuild.Quantization.choices,
        "nav_key": "ai",
    }
    template = "ai/index.html#state" if request.htmx else "ai/index.html"
    return render(request, template, context)


@require_POST
@desk_page
def start(request: DeskRequest) -> HttpResponse:
    """Build anew; one at a time."""
    _owned(request)
    try:
        start_rebuild(user=request.user, quantization=request.POST.get("quantization", ""))
    except InvalidChange as refusal:
        return told(request, back(request, reverse("ai:index")), str(refusal))
    transaction.on_commit(rebuild_index.delay)
    return told(request, back(request, reverse("ai:index")), _("The search index is being rebuilt"))


@require_POST
@desk_page
def stop(request: DeskRequest) -> HttpResponse:
    """Give up the one under way; search goes on with the index in use."""
    _owned(request)
    value = request.POST.get("rebuild", "")
    rebuild_id = int(value) if value.isdigit() and len(value) < 19 else 0
    stopped = stop_rebuild(rebuild_id=rebuild_id, user=request.user)
    if stopped:
        transaction.on_commit(rebuild_index.delay)
    text = _("Stopped; the index in use stays.") if stopped else _("It had ended already.")
    return told(request, back(request, reverse("ai:index")), text)
