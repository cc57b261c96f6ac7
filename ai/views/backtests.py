"""Backtests: the present answers replayed over past tickets, for leads."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ai.actions.backtests import start_backtest
from ai.automatic_tasks import backtest as backtest_task
from ai.autonomy_selectors import access_backtest, backtest_page, replayed
from ai.models import Backtest
from ai.views.autonomy import led
from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from tickets.actions.base import InvalidChange
from tickets.models import Category
from tickets.views.frame import back, desk_page, told


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the report."""

    name: str
    tickets: int = 0
    answered: int = 0
    coverage: float = 0.0
    judged: int = 0
    precision: float = 0.0
    bound: float = 0.0


@require_GET
@desk_page
def index(request: DeskRequest) -> HttpResponse:
    """The last runs of each desk."""
    led(request)
    context = {"desks": backtest_page(request.user), "nav_key": "ai"}
    return render(request, "ai/backtests.html", context)


@require_POST
@desk_page
def start(request: DeskRequest) -> HttpResponse:
    """Replay now; one run at a time for each desk."""
    value = request.POST.get("organization", "")
    organization_id = int(value) if value.isdigit() and len(value) < 19 else 0
    if not request.user.has_role(organization_id, Role.LEAD):
        raise PermissionDenied(_("Only a lead can start a backtest."))
    most = request.POST.get("most", "")
    try:
        run = start_backtest(
            organization_id=organization_id,
            user=request.user,
            most=int(most) if most.isdigit() and len(most) < 9 else 0,
        )
    except InvalidChange as refusal:
        return told(request, back(request, reverse("ai:backtests")), str(refusal))
    transaction.on_commit(lambda: backtest_task.delay(organization_id, run.pk))
    return redirect("ai:backtest", backtest_id=run.pk)


@require_GET
@desk_page
def page(request: DeskRequest, backtest_id: int) -> HttpResponse:
    """One run: its figures, and every answer beside what people wrote. Queries: 4."""
    led(request)
    run = access_backtest(request.user, backtest_id)
    wrong_only = request.GET.get("wrong") == "1"
    context = {
        "run": run,
        "lines": lines_of(run),
        "rows": replayed(run, wrong_only=wrong_only),
        "wrong_only": wrong_only,
        "nav_key": "ai",
    }
    return render(request, "ai/backtest.html", context)


def lines_of(run: Backtest) -> list[Figures]:
    """The report as lines: all, drafts, by confidence, by category. Queries: 1."""
    report: dict[str, Any] = run.report
    if not report.get("all"):
        return []
    names = dict(
        Category.objects.filter(organization_id=run.organization_id).values_list("pk", "name")
    )
    lines = [
        _line(_("Automatic answers"), report["all"]),
        _line(_("Drafts (may quote solved tickets)"), report["drafts"]),
    ]
    for one in report["floors"]:
        words = _("Automatic answers, confidence from %(floor)s") % {"floor": one["floor"]}
        lines.append(_line(words, one))
    for key, one in report["categories"].items():
        known = names.get(int(key), _("Deleted category")) if key else _("No category")
        lines.append(_line(known, one))
    return lines


def _line(name: str, found: dict[str, Any]) -> Figures:
    return Figures(name, **{key: value for key, value in found.items() if key != "floor"})
