"""Import tickets from a CSV file."""

import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from omnidesk.accounts.actions import find_or_create_requester
from omnidesk.accounts.models import Organization, User
from omnidesk.core.tenancy import organization_scope
from tickets.actions.bulk_import import Importer
from tickets.csv_rows import (
    BadRow,
    Columns,
    GoodRow,
    UnreadableFile,
    find_encoding,
    read_rows,
    with_values,
)
from tickets.field_selectors import field_rules, is_member
from tickets.fields import FieldRule

CHUNK = 1000
SHOWN_PROBLEMS = 10


class Tally:
    """What has been counted so far, and the first few problems."""

    def __init__(self) -> None:
        self.rows = self.written = self.bad = 0
        self.problems: list[BadRow] = []

    def note(self, problem: BadRow) -> None:
        """Count a bad row; only the first ones are kept."""
        self.bad += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(problem)


class Command(BaseCommand):
    """Bulk import: resumable, idempotent, sends no mail."""

    help = (
        "Import tickets from a CSV file (.csv or .csv.gz) into an organization. The same row is "
        "imported once, however often the command runs; an interrupted import goes on where it "
        "stopped. Nobody gets a mail."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """File, columns and the organization."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--subject", required=True, metavar="COLUMN")
        parser.add_argument(
            "--description", required=True, metavar="COLUMN", help="may be the subject's column"
        )
        parser.add_argument("--category", default="", metavar="COLUMN")
        parser.add_argument("--team", default="", metavar="COLUMN")
        parser.add_argument(
            "--field",
            action="append",
            default=[],
            metavar="KEY=COLUMN",
            help="a custom field and its column; may be given several times",
        )
        parser.add_argument(
            "--closed",
            action="store_true",
            help="import them as closed: material for the AI to learn from",
        )
        parser.add_argument(
            "--organization", default="", metavar="SHORT_NAME", help="needed if there are several"
        )
        parser.add_argument(
            "--requester",
            default="",
            metavar="EMAIL",
            help="whose tickets they become; by default a person made for the import",
        )
        parser.add_argument("--dry-run", action="store_true", help="read and count, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file in chunks, each written in a transaction of its own."""
        organization = self._organization(options["organization"])
        columns = Columns(
            subject=options["subject"],
            description=options["description"],
            category=options["category"],
            team=options["team"],
            fields=tuple(map(_pair, options["field"])),
        )
        started = time.perf_counter()
        try:
            if find_encoding(options["file"]) == "cp1252":
                self.stdout.write("The file is not UTF-8; it is read as Windows-1252.")
            tally = self._run(organization, columns, options)
        except UnreadableFile as error:
            raise CommandError(str(error)) from None
        self._report(tally, time.perf_counter() - started, dry=options["dry_run"])

    def _organization(self, slug: str) -> Organization:
        known = list(Organization.objects.order_by("slug"))
        if slug:
            found = [organization for organization in known if organization.slug == slug]
        else:
            found = known
        if len(found) == 1:
            return found[0]
        names = ", ".join(organization.slug for organization in known) or "none yet"
        if slug:
            raise CommandError(f"There is no organization “{slug}”. There is: {names}.")
        raise CommandError(f"Say which organization with --organization. There is: {names}.")

    def _run(self, organization: Organization, columns: Columns, options: dict[str, Any]) -> Tally:
        tally = Tally()
        with organization_scope(organization.pk):
            requester = None if options["dry_run"] else self._requester(organization, options)
            rules = field_rules(organization.pk) if columns.fields else []
        _refuse_unknown(columns, rules)
        importer = Importer(organization, requester or User(), closed=options["closed"])
        with self._progress(options["file"]) as tell:
            rows = with_values(
                read_rows(options["file"], columns, tell=tell), rules, _people(organization)
            )
            for chunk in _chunks(rows, tally):
                with organization_scope(organization.pk):
                    if options["dry_run"]:
                        keys = [row.fingerprint(organization.pk) for row in chunk]
                        tally.written += len(importer.unknown(keys))
                    else:
                        tally.written += importer.write(chunk)
        return tally

    def _requester(self, organization: Organization, options: dict[str, Any]) -> User:
        domain = next(iter(organization.domains), f"{organization.slug}.invalid")
        email = options["requester"] or f"import@{domain}"
        name = "" if options["requester"] else "Imported tickets"
        return find_or_create_requester(organization_id=organization.pk, email=email, name=name)

    @contextmanager
    def _progress(self, path: Path) -> Iterator[Any]:
        """A bar for people at a terminal, nothing for logs (the summary says it all)."""
        console = Console(stderr=True)
        if not console.is_terminal:
            yield None
            return
        size = path.stat().st_size
        columns = (
            TextColumn("Importing"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("import", total=size)
            yield lambda done: progress.update(task, completed=done)

    def _report(self, tally: Tally, seconds: float, *, dry: bool) -> None:
        known = tally.rows - tally.written
        verb = "would be imported" if dry else "imported"
        speed = f"{tally.rows / seconds:,.0f} rows/s" if seconds else ""
        self.stdout.write(
            f"{tally.written:,} tickets {verb}, {known:,} were there already, "
            f"{tally.bad:,} rows could not be used. {seconds:.1f} s, {speed}."
        )
        for problem in tally.problems:
            self.stdout.write(f"  line {problem.line}: {problem.reason}")
        if tally.bad > len(tally.problems):
            self.stdout.write(f"  and {tally.bad - len(tally.problems):,} more")


def _pair(given: str) -> tuple[str, str]:
    key, equals, column = given.partition("=")
    if not equals or not key.strip() or not column.strip():
        raise CommandError(f"“{given}” is not KEY=COLUMN.")
    return key.strip(), column.strip()


def _refuse_unknown(columns: Columns, rules: list[FieldRule]) -> None:
    known = [rule.key for rule in rules]
    for key, _column in columns.fields:
        if key not in known:
            there = ", ".join(known) or "none yet"
            raise CommandError(f"There is no custom field “{key}”. There is: {there}.")


def _people(organization: Organization) -> Callable[[str], bool]:
    """Asks who is known, each address once, in a scope of its own."""

    @cache
    def known(email: str) -> bool:
        with organization_scope(organization.pk):
            return is_member(organization.pk, email)

    return known


def _chunks(rows: Iterator[GoodRow | BadRow], tally: Tally) -> Iterator[list[GoodRow]]:
    """Good rows in lists of at most `CHUNK`; bad ones are counted on the way."""
    while batch := list(islice(rows, CHUNK)):
        good: list[GoodRow] = []
        for row in batch:
            if isinstance(row, BadRow):
                tally.note(row)
            else:
                good.append(row)
        tally.rows += len(good)
        if good:
            yield good
