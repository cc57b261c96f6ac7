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
from ai.autonomy_selectors import access_backtest, backtest_page, kept_models, replayed
from ai.engine.llm import prompt
from ai.models import Backtest, TrainedModel
from ai.routes import PROVIDERS, is_set_up
from ai.trials import MODEL, PROMPT, RULE, Trial, from_json
from ai.views.autonomy import led
from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from tickets.actions.base import InvalidChange
from tickets.models import Category
from tickets.views.frame import back, desk_page, told

_OF_SORTING = {"field", "new", "accuracy"}


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
    context = {
        "desks": [(one, runs, kept_models(one.pk)) for one, runs in backtest_page(request.user)],
        "services": [name for name in PROVIDERS if is_set_up(name)],
        "prompt": prompt("draft"),
        "nav_key": "ai",
    }
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
            trial=_trial(request),
        )
    except InvalidChange as refusal:
        return told(request, back(request, reverse("ai:backtests")), str(refusal))
    transaction.on_commit(lambda: backtest_task.delay(organization_id, run.pk))
    return redirect("ai:backtest", backtest_id=run.pk)


def _trial(request: DeskRequest) -> Trial:
    """What the form asks to try beside. Raises `InvalidChange`."""
    given = request.POST
    kind = given.get("trial", "")
    if kind == MODEL:
        chosen = {name: given.get(f"model_{name}", "") for name in TrainedModel.Kind.values}
        versions = tuple((name, int(text)) for name, text in chosen.items() if _is_number(text))
        return Trial(kind=MODEL, models=versions)
    if kind == RULE:
        floor = given.get("near", "").strip().replace(",", ".")
        try:
            near = float(floor) if floor else None
        except ValueError:
            raise InvalidChange(_("A likeness is a number like 0.6."), "near") from None
        return Trial(kind=RULE, floor=near, solved=given.get("solved") == "1")
    if kind == PROMPT:
        text = given.get("prompt", "").strip().replace("\r\n", "\n")
        # The usual one, untouched, is kept as the usual one: it may change with a release.
        return Trial(
            kind=PROMPT,
            route=given.get("route", ""),
            prompt="" if text == prompt("draft") else text,
        )
    return Trial(kind=kind)


def _is_number(text: str) -> bool:
    return text.isdigit() and len(text) < 9


@require_GET
@desk_page
def page(request: DeskRequest, backtest_id: int) -> HttpResponse:
    """One run: its figures, and every answer beside what people wrote. Queries: 4."""
    led(request)
    run = access_backtest(request.user, backtest_id)
    wrong_only = request.GET.get("wrong") == "1"
    context = {
        "run": run,
        "lines": lines_of(run, run.report),
        "tried": lines_of(run, run.report.get("tried", {})),
        "sorting": sorting_of(run),
        "trial": trial_words(run),
        "rows": replayed(run, wrong_only=wrong_only),
        "wrong_only": wrong_only,
        "nav_key": "ai",
    }
    return render(request, "ai/backtest.html", context)


def lines_of(run: Backtest, report: dict[str, Any]) -> list[Figures]:
    """A report as lines: all, drafts, by confidence, by category. Queries: 1."""
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


def sorting_of(run: Backtest) -> list[Figures]:
    """How tickets would have been sorted, now and as tried: sure ones, and of these right ones."""
    names = dict(TrainedModel.Kind.choices)
    lines = []
    pairs = ((_("now"), run.report), (_("as tried"), run.report.get("tried", {})))
    for who, report in pairs:
        for one in report.get("sorting", ()):
            which = _("tickets new to the models") if one["new"] else _("all tickets")
            name = f"{names[one['field']]}, {which}, {who}"
            lines.append(_line(name, {k: v for k, v in one.items() if k not in _OF_SORTING}))
    return lines


def trial_words(run: Backtest) -> str:
    """What was tried, in words; "" for nothing."""
    trial = from_json(run.trial)
    if trial.kind == MODEL:
        names = dict(TrainedModel.Kind.choices)
        return ", ".join(f"{names[kind]} {version}" for kind, version in trial.models)
    if trial.kind == RULE:
        parts = [_("likeness from %(floor)s") % {"floor": trial.floor}] if trial.floor else []
        return ", ".join([*parts, _("with what solved other tickets")] if trial.solved else parts)
    return trial.route


def _line(name: str, found: dict[str, Any]) -> Figures:
    return Figures(name, **{key: value for key, value in found.items() if key != "floor"})
