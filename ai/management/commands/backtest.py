"""`manage.py backtest`: what would be answered to past tickets, beside what people wrote."""

import time
from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ai import automatic_tasks, client
from ai.actions.backtests import start_backtest
from ai.autonomy_selectors import replayed
from ai.models import Backtest
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

    def handle(self, *args: Any, **options: Any) -> None:
        """Have the ai-worker replay, which owns the vectors; without one, do it here."""
        organizations = list(Organization.objects.filter(is_active=True))
        if wanted := options["organization"]:
            organizations = [one for one in organizations if one.slug == wanted]
            if not organizations:
                raise CommandError(f"There is no organization {wanted!r}.")
        console = Console()
        for one in organizations:
            run = self._run(one, options["tickets"], console)
            if run.state == Backtest.State.FAILED:
                raise CommandError(f"{one.slug}: {run.error}")
            with organization_scope(one.pk):
                console.print(_table(one, run.report))
                self._show(run, options, console)

    def _run(self, organization: Organization, most: int, console: Console) -> Backtest:
        with organization_scope(organization.pk):
            try:
                run = start_backtest(organization_id=organization.pk, user=None, most=most)
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
            console.print(f"{one.row['outcome']}, confidence {one.row['confidence']:.2f}")
            console.print(one.row["text"], markup=False)
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


def _table(organization: Organization, report: dict[str, Any]) -> Table:
    title = (
        f"{organization.name}: {report['tickets']} tickets, {report['seconds']:.1f} s, "
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
