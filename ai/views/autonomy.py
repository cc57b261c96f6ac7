"""What categories may do by themselves: levels, evidence, the switch; and a waiting answer."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from ai.actions import autonomy as actions
from ai.actions.automatic import stop_answer
from ai.actions.switch import allow_again, stop_all, switch_now
from ai.autonomy_selectors import access_category, answer_on, autonomy_desks, category_page
from ai.models import Autonomy
from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import InvalidChange
from tickets.views.frame import back, desk_page, told


def led(request: DeskRequest) -> None:
    """Leads alone. Raises `PermissionDenied`."""
    if not request.user.is_lead:
        raise PermissionDenied(_("Only a lead sees this."))


@require_GET
@desk_page
def index(request: DeskRequest) -> HttpResponse:
    """Every category with its level and its evidence."""
    led(request)
    context = {
        "desks": autonomy_desks(request.user),
        "switch": switch_now(),
        "forbidden": not settings.AI_AUTOMATIC,
        "nav_key": "ai",
    }
    return render(request, "ai/autonomy.html", context)


@require_GET
@desk_page
def category(request: DeskRequest, category_id: int) -> HttpResponse:
    """One category: what it answered beside what people wrote, and how its level came about."""
    led(request)
    found = access_category(request.user, category_id)
    line, cases, changes = category_page(found)
    context = {"line": line, "cases": cases, "changes": changes, "nav_key": "ai"}
    return render(request, "ai/autonomy_category.html", context)


@require_POST
@desk_page
def rise(request: DeskRequest, category_id: int) -> HttpResponse:
    """A lead approves the next level."""

    def act() -> Autonomy:
        return actions.raise_level(
            category=access_category(request.user, category_id), user=request.user
        )

    return _move(request, act)


@require_POST
@desk_page
def fall(request: DeskRequest, category_id: int) -> HttpResponse:
    """A lead lowers the level."""

    def act() -> Autonomy:
        return actions.lower_level(
            category=access_category(request.user, category_id),
            user=request.user,
            words=request.POST.get("reason", ""),
        )

    return _move(request, act)


def _move(request: DeskRequest, act: Callable[[], Autonomy]) -> HttpResponse:
    led(request)
    try:
        row = act()
        text = _("Level: %(level)s") % {"level": row.get_level_display()}
    except InvalidChange as refusal:
        text = str(refusal)
    return told(request, back(request, reverse("ai:autonomy")), text)


@require_POST
@desk_page
def switch(request: DeskRequest) -> HttpResponse:
    """Stop all automatic answers of the installation, or allow them again."""
    if not request.user.is_superuser:
        raise PermissionDenied(_("Only an administrator of the installation can do this."))
    if request.POST.get("to") == "stop":
        count = stop_all(user=request.user, reason=request.POST.get("reason", ""))
        text = ngettext(
            "Stopped. %(n)d answer that waited is not sent.",
            "Stopped. %(n)d answers that waited are not sent.",
            count,
        ) % {"n": count}
    else:
        allow_again(user=request.user)
        text = _("Automatic answers are allowed again")
    return told(request, back(request, reverse("ai:autonomy")), text)


@require_POST
@desk_page
def stop(request: DeskRequest, number: int) -> HttpResponse:
    """An agent stops the answer that waits on a ticket."""
    ticket = access_ticket(request.user, number, need="work")
    answer = answer_on(ticket)
    if answer is None:
        raise Http404
    try:
        stop_answer(answer=answer, user=request.user)
        text = _("Stopped, nothing is sent")
    except InvalidChange as refusal:
        text = str(refusal)
    target = "ai:panel" if request.htmx else "desk:ticket"
    return told(request, back(request, reverse(target, args=[number])), text)
