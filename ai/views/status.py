"""The AI page: what was learned, how good it is, what waits, what it covers."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ai import client
from ai.actions.training import roll_back, start_training
from ai.models import TrainedModel
from ai.status_selectors import status_page
from ai.tasks import train as train_task
from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from tickets.actions.base import InvalidChange
from tickets.views.frame import back, desk_page, told


@require_GET
@desk_page
def status(request: DeskRequest) -> HttpResponse:
    """The page for each organization the agent works in."""
    try:
        worker = client.status()
    except client.AiUnavailable:
        worker = None
    context = {
        "worker": worker,
        "desks": status_page(request.user),
        "nav_key": "ai",
    }
    return render(request, "ai/status.html", context)


@require_POST
@desk_page
def rollback(request: DeskRequest) -> HttpResponse:
    """Put the models that answered before back; leads and administrators may."""
    organization_id = _led(request, _("Only a lead can put models back."))
    kind = request.POST.get("kind", "")
    try:
        done = roll_back(organization_id=organization_id, user=request.user, kind=kind)
        names = dict(TrainedModel.Kind.choices)
        versions = ", ".join(f"{names[row.kind]} {row.left} → {row.now}" for row in done)
        text = _("Put back: %(versions)s") % {"versions": versions}
    except InvalidChange as refusal:
        text = str(refusal)
    return told(request, back(request, reverse("ai:status")), text)


def _led(request: DeskRequest, refusal: str) -> int:
    """The organization that the form names, where the person leads it."""
    value = request.POST.get("organization", "")
    organization_id = int(value) if value.isdigit() and len(value) < 19 else 0
    if not request.user.has_role(organization_id, Role.LEAD):
        raise PermissionDenied(refusal)
    return organization_id


@require_POST
@desk_page
def train(request: DeskRequest) -> HttpResponse:
    """Have the models learn now; leads and administrators may."""
    organization_id = _led(request, _("Only a lead can start a training."))
    training = start_training(organization_id=organization_id, user=request.user)
    transaction.on_commit(lambda: train_task.delay(organization_id, training.pk))
    return told(request, back(request, reverse("ai:status")), _("The training has begun"))
