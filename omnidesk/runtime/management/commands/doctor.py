"""`manage.py doctor`: what is configured, what answers, what is missing."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from kombu.exceptions import OperationalError
from rich.console import Console
from rich.table import Table

from omnidesk.runtime import checkup
from omnidesk.runtime.checkup import MISSING, OFF, OK, WARNING, Finding

STYLES = {OK: "green", OFF: "dim", WARNING: "yellow", MISSING: "bold red"}
QUEUES = ("default", "deliver", "ai", "index")
PING_SECONDS = 1.5


class Command(BaseCommand):
    """One row a part. Starts nothing and changes nothing."""

    help = "Show what OmniDesk needs and what it has. Exit code 1 if something required is missing."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add --json."""
        parser.add_argument("--json", action="store_true", help="Write JSON instead of a table.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings; exit 1 if one of them is `missing`."""
        findings = list(checkup.parts())
        findings += _django_parts({finding.name: finding.state for finding in findings})
        healthy = all(finding.state != MISSING for finding in findings)
        if options["json"]:
            rows = [asdict(finding) for finding in findings]
            self.stdout.write(json.dumps({"healthy": healthy, "findings": rows}, indent=1))
        else:
            self._print_table(findings)
        if not healthy:
            sys.exit(1)

    def _print_table(self, findings: list[Finding]) -> None:
        console = Console(highlight=False, soft_wrap=True)
        table = Table(box=None, pad_edge=False)
        for heading in ("part", "state", "detail"):
            table.add_column(heading, overflow="fold" if heading == "detail" else "ellipsis")
        for finding in findings:
            style = STYLES[finding.state]
            table.add_row(finding.name, f"[{style}]{finding.state}[/]", finding.detail)
        with console.capture() as captured:
            console.print(table)
        self.stdout.write(captured.get().rstrip())


def _django_parts(states: dict[str, str]) -> Iterator[Finding]:
    yield _migrations(is_reachable=states["postgresql"] == OK)
    yield _workers(is_reachable=states["redis"] == OK)


def _migrations(*, is_reachable: bool) -> Finding:
    if not is_reachable:
        return Finding("migrations", OFF, "not checked: no database")
    try:
        executor = MigrationExecutor(connection)
        loader: MigrationLoader = executor.loader
        pending = executor.migration_plan(loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Finding("migrations", MISSING, str(error).splitlines()[0])
    if pending:
        first = pending[0][0]
        return Finding(
            "migrations",
            MISSING,
            f"{len(pending)} to apply, first {first.app_label}.{first.name}; run manage.py migrate",
        )
    return Finding("migrations", OK, "all applied")


def _workers(*, is_reachable: bool) -> Finding:
    if not is_reachable:
        return Finding("workers", OFF, "not checked: no Redis")
    try:
        answer = current_app.control.inspect(timeout=PING_SECONDS).active_queues() or {}
    except (OperationalError, OSError) as error:
        return Finding("workers", WARNING, f"no answer: {error}")
    served = {queue["name"] for queues in answer.values() for queue in queues}
    names = ", ".join(sorted(answer)) or "none answers"
    idle = [queue for queue in QUEUES if queue not in served]
    if idle:
        return Finding("workers", WARNING, f"{names}; nobody serves {', '.join(idle)}")
    return Finding("workers", OK, names)
