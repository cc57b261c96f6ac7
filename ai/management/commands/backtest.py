"""`manage.py backtest`: what would be answered to past tickets, beside what people wrote."""

import time
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ai import automatic_tasks, client
from ai.actions.backtests import start_backtest
from ai.autonomy_selectors import replayed
from ai.models import Backtest
from ai.trials import MODEL, NOTHING, PROMPT, RULE, Trial
from omnidesk.accounts.models import Organization
from omnidesk.core.tenancy import organization_scope
from tickets.actions.base import InvalidChange
from tickets.models import Category

LOOK_AGAIN_SECONDS = 1.0
LONGEST_SHOWN = 1_000


class Command(BaseCommand):
    """Replays solved tickets through the present pipeline; changes and sends nothing."""

    help = "Replay solved tickets: how many would be answered, how often right, at what cost."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose tickets, how many, and whether the texts are wanted."""
        parser.add_argument("--organization", metavar="SLUG", help="only this organization")
        parser.add_argument("--tickets", type=int, default=200, help="newest solved ones (200)")
        parser.add_argument(
            "--show", type=int, default=0, metavar="N", help="print N answers beside people's"
        )
        parser.add_argument("--wrong", action="store_true", help="of these, only the wrong ones")
        tried = parser.add_argument_group("tried beside the present answers (one of them)")
        tried.add_argument(
            "--model", action="append", default=[], metavar="KIND=VERSION",
            help="a stored version sorts: category=3 (may be repeated)",
        )  # fmt: skip
        tried.add_argument(
            "--near", type=float, metavar="COSINE", help="articles from this likeness on answer"
        )
        tried.add_argument(
            "--solved", action="store_true", help="what solved other tickets answers as well"
        )
        tried.add_argument(
            "--service", default="", metavar="NAME[:MODEL]",
            help="a service writes: anthropic:claude-sonnet-5-5",
        )  # fmt: skip
        tried.add_argument(
            "--prompt", default="", metavar="FILE", help="what the service is told (the usual)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Have the ai-worker replay, which owns the vectors; without one, do it here."""
        organizations = list(Organization.objects.filter(is_active=True))
        if wanted := options["organization"]:
            organizations = [one for one in organizations if one.slug == wanted]
            if not organizations:
                raise CommandError(f"There is no organization {wanted!r}.")
        console, trial = Console(), _trial(options)
        for one in organizations:
            run = self._run(one, options["tickets"], trial, console)
            if run.state == Backtest.State.FAILED:
                raise CommandError(f"{one.slug}: {run.error}")
            with organization_scope(one.pk):
                _print(one, run, console)
                self._show(run, options, console)

    def _run(
        self, organization: Organization, most: int, trial: Trial, console: Console
    ) -> Backtest:
        with organization_scope(organization.pk):
            try:
                run = start_backtest(
                    organization_id=organization.pk, user=None, most=most, trial=trial
                )
            except InvalidChange as refusal:
                raise CommandError(str(refusal)) from None
        there = _worker_is_there()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                   TimeRemainingColumn())  # fmt: skip
        with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
            bar = bars.add_task(organization.slug, total=None)
            if there:
                automatic_tasks.backtest.delay(organization.pk, run.pk)
                return _follow(run, lambda share: bars.update(bar, completed=share, total=1))
            import_module("ai.backtesting").run(
                import_module("ai.runtime").runtime(),
                organization.pk,
                run.pk,
                lambda done, of: bars.update(bar, completed=done, total=of),
            )
        return _reload(run)

    def _show(self, run: Backtest, options: dict[str, Any], console: Console) -> None:
        for one in replayed(run, wrong_only=options["wrong"])[: options["show"]]:
            console.rule(f"{one.ticket.number} {one.ticket.subject}", align="left")
            _show_answer(one.row, "now", console)
            if "tried" in one.row:
                _show_answer(one.row["tried"], "tried", console)
            console.print("--- people wrote:")
            console.print(one.written[:LONGEST_SHOWN], markup=False)


def _worker_is_there() -> bool:
    try:
        client.status()
    except client.AiUnavailable:
        return False
    return True


def _follow(run: Backtest, show: Any) -> Backtest:
    while run.is_open:
        show(run.progress)
        time.sleep(LOOK_AGAIN_SECONDS)
        run = _reload(run)
    show(1.0)
    return run


def _reload(run: Backtest) -> Backtest:
    with organization_scope(run.organization_id):
        return Backtest.objects.get(pk=run.pk)


def _trial(options: dict[str, Any]) -> Trial:
    """What the options ask to try. Raises `CommandError` where they contradict each other."""
    is_rule = options["near"] is not None or options["solved"]
    is_prompt = bool(options["service"] or options["prompt"])
    if is_rule + is_prompt + bool(options["model"]) > 1:
        raise CommandError("Try one thing at a time: models, a rule, or a service.")
    if options["model"]:
        return Trial(kind=MODEL, models=tuple(_version(one) for one in options["model"]))
    if is_rule:
        return Trial(kind=RULE, floor=options["near"], solved=options["solved"])
    if not is_prompt:
        return NOTHING
    try:
        text = Path(options["prompt"]).read_text(encoding="utf-8") if options["prompt"] else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{options['prompt']}: {error}") from None
    return Trial(kind=PROMPT, route=options["service"], prompt=text.strip())


def _version(text: str) -> tuple[str, int]:
    kind, _sep, version = text.partition("=")
    if not version.isdigit():
        raise CommandError(f"{text!r} is no model like category=3.")
    return kind, int(version)


def _show_answer(row: dict[str, Any], name: str, console: Console) -> None:
    if row["text"]:
        console.print(f"--- {name}: {row['outcome']}, confidence {row['confidence']:.2f}")
        console.print(row["text"], markup=False)
    else:
        console.print(f"--- {name}: nothing ({row.get('reason', '')})")


def _print(organization: Organization, run: Backtest, console: Console) -> None:
    console.print(_table(organization, run.report))
    if tried := run.report.get("tried"):
        words = ", ".join(f"{key} {value}" for key, value in run.trial.items() if key != "prompt")
        console.print(_table(organization, tried, f"tried ({words}): "))
        console.print(_sorting(run.report, tried))
    else:
        console.print(_sorting(run.report, {}))


def _sorting(present: dict[str, Any], tried: dict[str, Any]) -> Table:
    """How surely and rightly tickets would have been sorted, now and as tried."""
    table = Table(title="sorting of the same tickets", title_justify="left")
    for name in ("field", "tickets", "", "number", "right", "likely", "of these right", "at least"):
        table.add_column(name, justify="left" if name in {"field", "tickets", ""} else "right")
    for who, report in (("now", present), ("tried", tried)):
        for one in report.get("sorting", ()):
            which = "new to the models" if one["new"] else "all"
            table.add_row(
                one["field"], which, who, str(one["tickets"]), f"{one['accuracy']:.2f}",
                f"{one['coverage']:.2f}", f"{one['precision']:.2f}", f"{one['bound']:.2f}",
            )  # fmt: skip
    return table


def _table(organization: Organization, report: dict[str, Any], words: str = "") -> Table:
    title = (
        f"{organization.name}: {words}{report['tickets']} tickets, {report['seconds']:.1f} s, "
        f"{report['milliseconds']} ms each, ${report['cost_usd']:.4f}"
    )
    table = Table(title=title, title_justify="left")
    names = ("answers", "tickets", "answered", "coverage", "compared", "precision", "at least")
    for name in names:
        table.add_column(name, justify="left" if name == "answers" else "right", no_wrap=True)
    categories = dict(
        Category.objects.filter(organization_id=organization.pk).values_list("pk", "name")
    )
    table.add_row("automatic", *_cells(report["all"]))
    for one in report["floors"]:
        table.add_row(f"  surer than {one['floor']}", *_cells(one))
    table.add_row("drafts", *_cells(report["drafts"]))
    for key, one in report["categories"].items():
        name = categories.get(int(key), key) if key else "no category"
        table.add_row(f"  {name}", *_cells(one))
    return table


def _cells(one: dict[str, Any]) -> list[str]:
    shares = [f"{one['precision']:.2f}", f"{one['bound']:.2f}"] if one["judged"] else ["", ""]
    return [str(one["tickets"]), str(one["answered"]), f"{one['coverage']:.2f}",
            str(one["judged"]), *shares]  # fmt: skip
