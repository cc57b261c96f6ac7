"""`import_tickets`: bulk, resumable, idempotent, quiet."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from omnidesk.accounts.models import Team
from omnidesk.core import events
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions import bulk_import
from tickets.actions.bulk_import import Importer
from tickets.csv_rows import GoodRow
from tickets.events import TicketOpened, TicketsImported
from tickets.management.commands import import_tickets as command
from tickets.models import Category, Change, Message, Ticket

HEAD = "Title,Text,Kind,Group\n"
COLUMNS = ("--subject", "Title", "--description", "Text", "--category", "Kind", "--team", "Group")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    path.write_text(
        HEAD + "No mail,Outlook is empty,E-mail,Service Desk\n"
        "VPN down,It drops,VPN & remote,Network & VPN\n"
        "No mail,Outlook is empty,E-mail,Service Desk\n"
        "broken,row\n",
        encoding="utf-8",
    )
    return path


def run(path: Path, *arguments: str, slug: str = "nordwerk") -> str:
    out = io.StringIO()
    call_command(
        "import_tickets", str(path), *COLUMNS, "--organization", slug, *arguments, stdout=out
    )
    return out.getvalue()


def test_it_imports_every_good_row_and_names_the_bad_one(cast: Cast, file: Path) -> None:
    said = run(file)
    assert "3 tickets imported" in said
    assert "line 5: 2 fields where the first line has 4" in said
    with organization_scope(cast.nordwerk.pk):
        tickets = list(Ticket.objects.order_by("number"))
        assert [ticket.subject for ticket in tickets] == ["No mail", "VPN down", "No mail"]
        for ticket in tickets:
            assert ticket.source == "import"
            assert ticket.ai_state == "pending"
            assert ticket.requester.email.startswith("import@")
            assert ticket.messages.get().text == ticket.description
            assert ticket.changes.get().verb == "ticket.imported"


def test_it_uses_what_is_there_and_creates_what_is_missing(cast: Cast, file: Path) -> None:
    run(file)
    with organization_scope(cast.nordwerk.pk):
        vpn = Ticket.objects.get(subject="VPN down")
        assert vpn.category == cast.vpn
        assert vpn.team == cast.network
        assert Category.objects.filter(name="E-mail").count() == 1
        assert Team.objects.get(name="Service Desk").slug == "service-desk"


def test_a_second_run_adds_nothing(cast: Cast, file: Path) -> None:
    run(file)
    assert "0 tickets imported, 3 were there already" in run(file)
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == Message.objects.count() == Change.objects.count() == 3


def test_a_dry_run_writes_nothing_and_counts_right(cast: Cast, file: Path) -> None:
    assert "3 tickets would be imported" in run(file, "--dry-run")
    with organization_scope(cast.nordwerk.pk):
        assert not Ticket.objects.exists()
        assert not Category.objects.filter(name="E-mail").exists()
    run(file)
    assert "0 tickets would be imported, 3 were there" in run(file, "--dry-run")


def test_closed_ones_are_for_learning_only(cast: Cast, file: Path) -> None:
    run(file, "--closed")
    with organization_scope(cast.nordwerk.pk):
        for ticket in Ticket.objects.select_related("status"):
            assert ticket.status_category == "closed"
            assert ticket.closed_at == ticket.resolved_at is not None
            assert ticket.ai_state == "off"


def test_an_interrupted_import_goes_on_where_it_stopped(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.csv"
    path.write_text(HEAD + "".join(f"Ticket {n},Text {n},K,G\n" for n in range(50)))
    monkeypatch.setattr(command, "CHUNK", 20)
    written = Importer.write
    calls: list[int] = []

    def cut_off_at_the_third(self: Importer, rows: list[GoodRow]) -> int:
        calls.append(len(rows))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return written(self, rows)

    monkeypatch.setattr(bulk_import.Importer, "write", cut_off_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        run(path)
    monkeypatch.setattr(bulk_import.Importer, "write", written)
    assert "10 tickets imported, 40 were there already" in run(path)


def test_one_event_per_chunk_and_no_mail(
    cast: Cast,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    heard: list[TicketsImported] = []
    opened: list[TicketOpened] = []
    monkeypatch.setattr(
        events, "_handlers", {TicketsImported: [heard.append], TicketOpened: [opened.append]}
    )
    with django_capture_on_commit_callbacks(execute=True):
        run(file)
    assert [event.count for event in heard] == [3]
    assert opened == []
    assert mail.outbox == []


def test_the_same_file_serves_two_organizations_apart(cast: Cast, file: Path) -> None:
    run(file)
    assert "3 tickets imported" in run(file, slug="lumen")
    with organization_scope(cast.lumen.pk):
        assert Ticket.objects.count() == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--organization", "nobody"), "There is no organization “nobody”. There is: "),
        (("--organization", ""), "Say which organization with --organization."),
        (("--team", "Nowhere"), "There is no column “Nowhere”. The file has: Title, Text"),
    ],
)
def test_a_mistake_is_one_sentence(
    cast: Cast, file: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence.replace("“", ".").replace("”", ".")):
        run(file, *arguments)


def test_a_missing_file_is_one_sentence(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        run(tmp_path / "nowhere.csv")
