"""Which command starts what."""

import os
from pathlib import Path

import pytest

from omnidesk.env import SettingError
from omnidesk.runtime import bootstrap


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No variable set but the data folder."""
    for name in list(os.environ):
        if name.startswith("OMNIDESK_") or name in {"DATABASE_URL", "REDIS_URL"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("OMNIDESK_DATA", str(tmp_path / "data"))
    # Whatever prepare() sets is undone with these.
    for name in ("OMNIDESK_ROLE", "OMNIDESK_EMBEDDED"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("line", "command", "needed"),
    [
        ("", "", (False, False)),
        ("help migrate", "help", (False, False)),
        ("migrate --help", "help", (False, False)),
        ("--version", "version", (False, False)),
        ("parse_mail a.eml --json", "parse_mail", (False, False)),
        ("evaluate retrieval --top 3", "evaluate", (False, False)),
        ("makemigrations --check", "makemigrations", (False, False)),
        ("makemigrations tickets", "makemigrations", (True, False)),
        ("migrate", "migrate", (True, False)),
        ("--settings=x shell", "shell", (True, True)),
        ("import_tickets a.csv", "import_tickets", (True, True)),
    ],
)
def test_what_a_command_needs(line: str, command: str, needed: tuple[bool, bool]) -> None:
    argv = ["manage.py", *line.split()]
    assert bootstrap.command_of(argv) == command
    assert bootstrap.needs(command, argv) == needed


def test_a_command_without_services_starts_nothing(empty: Path) -> None:
    assert bootstrap.prepare(["manage.py", "makemessages"]) is None
    assert "DATABASE_URL" not in os.environ
    assert not (empty / "postgres").exists()
    assert (empty / "secret_key").exists()


def test_servers_that_are_given_are_left_alone(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@db.example/desk")
    monkeypatch.setenv("REDIS_URL", "redis://redis.example/0")
    assert bootstrap.prepare(["manage.py", "migrate"]) is None
    assert os.environ["DATABASE_URL"] == "postgresql://a:b@db.example/desk"
    assert os.environ["OMNIDESK_ROLE"] == "owner"
    assert os.environ["OMNIDESK_EMBEDDED"] == ""
    assert not (empty / "postgres").exists()


def test_an_unknown_role_is_refused(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIDESK_ROLE", "superuser")
    with pytest.raises(SettingError, match="OMNIDESK_ROLE must be one of app, owner"):
        bootstrap.prepare(["manage.py", "help"])
