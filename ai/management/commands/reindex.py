"""`manage.py reindex`: build the search index anew while people go on searching."""

import time
from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from ai import client, tasks
from ai.actions.rebuilds import start_rebuild, stop_rebuild
from ai.engine.store import QUANTIZATIONS
from ai.models import Rebuild

LOOK_AGAIN_SECONDS = 1.0


class Command(BaseCommand):
    """Fills a second store from the tables, switches to it, removes the old one."""

    help = "Build the search index anew without interrupting search; goes on where it was killed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How vectors are kept, or what else to do with a rebuild under way."""
        parser.add_argument(
            "--quantization",
            choices=QUANTIZATIONS,
            help="how vectors are kept (as they are now): whole, a byte or a bit for each number",
        )
        parser.add_argument("--stop", action="store_true", help="give up the rebuild under way")

    def handle(self, *args: Any, **options: Any) -> None:
        """Have the ai-worker do it, which owns the store; without one, do it here."""
        console = Console()
        if options["stop"]:
            live = Rebuild.objects.filter(state__in=Rebuild.LIVE).first()
            if live is None or not stop_rebuild(rebuild_id=live.pk, user=None):
                raise CommandError("No rebuild is under way.")
            console.print("Stopped; the index in use stays.")
            return
        row = start_rebuild(user=None, quantization=options["quantization"] or _present())
        there = _worker_is_there()
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
            bar = bars.add_task("search index", total=1.0)
            row = _follow(row, bars, bar) if there else _work(row, bars, bar)
        if row.state == Rebuild.State.DONE:
            console.print(
                f"{row.done} passages, vectors: {row.quantization}. The new index answers."
            )
        else:
            raise CommandError(f"The index in use stays: {row.error or 'not finished'}")


def _present() -> str:
    """How vectors are kept now."""
    newest = Rebuild.objects.filter(state=Rebuild.State.DONE).order_by("-pk").first()
    known: str = newest.quantization if newest else settings.VECTOR_QUANTIZATION
    return known


def _worker_is_there() -> bool:
    try:
        client.status()
    except client.AiUnavailable:
        return False
    return True


def _follow(row: Rebuild, bars: Progress, bar: TaskID) -> Rebuild:
    tasks.rebuild_index.delay()
    while row.is_open:
        bars.update(bar, completed=row.progress)
        time.sleep(LOOK_AGAIN_SECONDS)
        row.refresh_from_db()
    bars.update(bar, completed=row.progress)
    return row


def _work(row: Rebuild, bars: Progress, bar: TaskID) -> Rebuild:
    loaded = import_module("ai.runtime").runtime()
    for _batch in import_module("ai.rebuilding").steps(loaded):
        row.refresh_from_db()
        bars.update(bar, completed=row.progress)
    row.refresh_from_db()
    return row
