"""`manage.py train`: have the models learn from closed tickets now."""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from ai import client, tasks
from ai.actions.training import roll_back, start_training
from ai.models import TrainedModel, Training
from omnidesk.accounts.models import Organization
from omnidesk.core.tenancy import organization_scope
from tickets.actions.base import InvalidChange

GPU, CPU = "gpu", "cpu"
LOOK_AGAIN_SECONDS = 1.0


class Command(BaseCommand):
    """Trains category, team and urgency models, measures them, and puts the better into use."""

    help = "Learn category, team and urgency from closed tickets and people's corrections."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One organization, or all of them."""
        parser.add_argument("--organization", metavar="SLUG", help="only this organization")
        parser.add_argument(
            "--fine-tune", nargs="?", const=GPU, default="", choices=(GPU, CPU),
            help="tune the sentence model too, as one more voice; needs a GPU (cpu: without one)",
        )  # fmt: skip
        parser.add_argument(
            "--rollback", action="store_true", help="put the models that answered before back"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Have the ai-worker learn, which has most vectors already; without one, do it here."""
        organizations = list(Organization.objects.filter(is_active=True))
        wanted = options["organization"]
        if wanted:
            organizations = [one for one in organizations if one.slug == wanted]
            if not organizations:
                raise CommandError(f"There is no organization {wanted!r}.")
        console = Console()
        if options["rollback"]:
            self._roll_back(organizations, console)
            return
        there = _worker_is_there()
        tune = options["fine_tune"]
        failed = [one.slug for one in organizations if not _train(one, there, console, tune)]
        if failed:
            raise CommandError(f"Training failed for {', '.join(failed)}.")

    def _roll_back(self, organizations: list[Organization], console: Console) -> None:
        """Put earlier models back; the next reading is answered by them."""
        done = 0
        for one in organizations:
            try:
                with organization_scope(one.pk):
                    changed = roll_back(organization_id=one.pk, user=None)
            except InvalidChange as refusal:
                console.print(f"{one.slug}: {refusal}")
                continue
            done += 1
            for row in changed:
                console.print(f"{one.slug}: {row.kind} {row.left} -> {row.now}")
        if not done:
            raise CommandError("Nothing was put back.")


def _worker_is_there() -> bool:
    try:
        client.status()
    except client.AiUnavailable:
        return False
    return True


@cache
def _encoder() -> Any:
    # Loaded when needed: it brings torch, and `help` reads this module.
    return import_module("ai.engine.embed").Embedder(settings.EMBEDDING_MODEL)


def _train(organization: Organization, there: bool, console: Console, tune: str) -> bool:
    with organization_scope(organization.pk):
        training = start_training(organization_id=organization.pk, user=None)
    waits = training.state == Training.State.PENDING
    if there and waits:
        tasks.train.delay(organization.pk, training.pk, tune)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        known: dict[str, Any] = {}

        def show(kind: str, share: float) -> None:
            if kind not in known:
                known[kind] = bars.add_task(f"{organization.slug} {kind}", total=1.0)
            bars.update(known[kind], completed=share)

        if waits and not there:
            import_module("ai.learning").run(
                organization.pk, training.pk, encoder=_encoder(), progress=show, fine_tune=tune
            )
            training = _reload(training)
        if training.is_open:
            who = "the ai-worker learns" if there else "a training is running already"
            bars.print(f"{organization.slug}: {who}; this is its progress.")
            training = _follow(training, lambda share: show("all", share))
    if training.state == Training.State.FAILED:
        console.print(f"{organization.slug}: {training.error}")
        return False
    console.print(_table(organization, training.report))
    return True


def _follow(training: Training, show: Callable[[float], None]) -> Training:
    """Wait for a run of another process, usually the ai-worker's."""
    while training.is_open:
        show(training.progress)
        time.sleep(LOOK_AGAIN_SECONDS)
        training = _reload(training)
    show(1.0)
    return training


def _reload(training: Training) -> Training:
    with organization_scope(training.organization_id):
        return Training.objects.get(pk=training.pk)


def _table(organization: Organization, report: dict[str, Any]) -> Table:
    table = Table(title=organization.name, title_justify="left")
    for name in ("learned", "tickets", "classes", "held out", "accuracy", "macro-F1", "outcome"):
        table.add_column(name, justify="left" if name in {"learned", "outcome"} else "right")
    for kind in TrainedModel.Kind.values:
        row = report[kind]
        metrics = row.get("metrics", {})
        table.add_row(
            kind,
            str(row["examples"]),
            str(row["classes"]),
            str(metrics.get("rows", "")),
            f"{metrics['accuracy']:.3f}" if metrics else "",
            f"{metrics['macro_f1']:.3f}" if metrics else "",
            _outcome(row),
        )
    return table


def _outcome(row: dict[str, Any]) -> str:
    if row["outcome"] == "promoted":
        return "in use"
    if row["outcome"] == "shared":
        return f"shared, from {row['borrowed']} borrowed tickets"
    if row["outcome"] == "kept_old":
        return f"kept the one in use: {row['reason']}"
    return f"too little: needs {row['needed']} decided tickets of two kinds"
