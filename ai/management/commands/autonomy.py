"""`manage.py autonomy`: the levels of categories, and the switch of the whole installation."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from ai.actions.switch import allow_again, stop_all, switch_now
from ai.autonomy_selectors import Line, lines_of
from omnidesk.accounts.models import Organization
from omnidesk.core.tenancy import organization_scope


class Command(BaseCommand):
    """Shows what may be sent by itself; stops all of it or allows it again."""

    help = "Automatic answers: show the levels, stop everything at once, or allow it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do; without a word, show."""
        parser.add_argument("what", nargs="?", choices=["status", "stop", "go"], default="status")
        parser.add_argument("--reason", default="", help="why it is stopped, for whoever looks")

    def handle(self, *args: Any, **options: Any) -> None:
        """Throw the switch first, then say how it stands."""
        console = Console()
        if options["what"] == "stop":
            count = stop_all(user=None, reason=options["reason"])
            console.print(f"Stopped. Answers that waited and are not sent: {count}.")
            return
        if options["what"] == "go":
            allow_again(user=None)
        switch = switch_now()
        if not settings.AI_AUTOMATIC:
            console.print("OMNIDESK_AI_AUTOMATIC forbids automatic answers.")
        if switch.stopped_at is not None:
            console.print(f"Stopped since {switch.stopped_at:%Y-%m-%d %H:%M} UTC. {switch.reason}")
        else:
            console.print("Allowed: categories that may send do.")
        if options["what"] == "status":
            for one in Organization.objects.filter(is_active=True):
                with organization_scope(one.pk):
                    console.print(_table(one, lines_of(one.pk)))


def _table(organization: Organization, lines: list[Line]) -> Table:
    table = Table(title=organization.name, title_justify="left")
    for name in ("category", "level", "tickets", "answers", "judged", "right", "at least"):
        table.add_column(name, justify="left" if name in {"category", "level"} else "right")
    for line in lines:
        found = line.standing
        table.add_row(
            line.category.name,
            line.level,
            str(line.recorded),
            str(line.answered),
            str(found.cases),
            f"{found.precision:.2f}" if found.cases else "",
            f"{found.bound:.2f}" if found.cases else "",
        )
    return table
