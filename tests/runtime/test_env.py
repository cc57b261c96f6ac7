"""Environment variables: a bad value is one clear sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from omnidesk import env

Read = Callable[[], object]


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        ("yes", lambda: env.flag("X", False), True),
        ("OFF", lambda: env.flag("X", True), False),
        ("", lambda: env.flag("X", True), True),
        (" 12 ", lambda: env.integer("X", 3), 12),
        ("", lambda: env.integer("X", 3), 3),
        ("0.5", lambda: env.decimal("X", 1.0), 0.5),
        ("0", lambda: env.port("X", 25, off_allowed=True), 0),
        ("App", lambda: env.choice("X", "owner", ("app", "owner")), "app"),
        ("a, b,,c", lambda: env.items("X"), ["a", "b", "c"]),
        ("a@b.example", lambda: env.email("X"), "a@b.example"),
        ("https://x.example/y", lambda: env.url("X"), "https://x.example/y"),
    ],
)
def test_a_good_value(
    monkeypatch: pytest.MonkeyPatch, value: str, read: Read, expected: object
) -> None:
    monkeypatch.setenv("X", value)
    assert read() == expected


@pytest.mark.parametrize(
    ("value", "read", "sentence"),
    [
        ("maybe", lambda: env.flag("X", False), "X must be 1 or 0, not 'maybe'."),
        ("ten", lambda: env.integer("X", 3), "X must be a whole number, not 'ten'."),
        ("0", lambda: env.port("X", 25), "X must be between 1 and 65535, not 0."),
        ("70000", lambda: env.port("X", 25), "X must be between 1 and 65535, not 70000."),
        ("nan", lambda: env.decimal("X", 1.0), "X must be between 0 and 1e+12, not nan."),
        ("root", lambda: env.choice("X", "", ("app", "owner")), "X must be one of app, owner,"),
        ("nobody", lambda: env.email("X"), "X must be an e-mail address, not 'nobody'."),
        ("ftp://s3cret@x", lambda: env.url("X"), "X must start with http://, https://."),
        ("http://x:port/", lambda: env.url("X"), "X is not a URL that can be read."),
        ("mysql://u:p@h/d", lambda: env.database("X"), "X must start with postgresql://"),
        ("postgresql://u:p@h", lambda: env.database("X"), "X names no database"),
        ("", lambda: env.database("X"), "X is not set."),
    ],
)
def test_a_bad_value_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, value: str, read: Read, sentence: str
) -> None:
    monkeypatch.setenv("X", value)
    with pytest.raises(env.SettingError) as caught:
        read()
    assert str(caught.value).startswith(sentence)
    assert "s3cret" not in str(caught.value)


def test_a_secret_comes_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from the file\n")
    monkeypatch.setenv("X_FILE", str(tmp_path / "key"))
    assert env.secret("X") == "from the file"
    monkeypatch.setenv("X", "from the variable")
    with pytest.raises(env.SettingError, match="Set X or X_FILE, not both"):
        env.secret("X")
    monkeypatch.delenv("X")
    monkeypatch.setenv("X_FILE", str(tmp_path / "absent"))
    with pytest.raises(env.SettingError, match="X_FILE cannot be read: No such file"):
        env.secret("X")


def test_the_secret_key_is_made_once_and_private(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OMNIDESK_SECRET_KEY", raising=False)
    monkeypatch.setenv("OMNIDESK_DATA", str(tmp_path / "data"))
    key = env.secret_key()
    assert len(key) >= 50
    assert env.secret_key() == key
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret_key"]
    monkeypatch.setenv("OMNIDESK_SECRET_KEY", "short")
    with pytest.raises(env.SettingError, match="at least 32 characters"):
        env.secret_key()


@pytest.mark.parametrize(
    ("url", "host", "port", "options"),
    [
        ("postgresql://u:p%40ss@db.example:6432/d?sslmode=require", "db.example", "6432", 1),
        ("postgresql://u:p%40ss@/d?host=/Run/Pg", "/Run/Pg", "", 0),
        ("postgresql://u:p%40ss@%2FRun%2FPg/d", "/Run/Pg", "", 0),
        ("postgresql://u:p%40ss@[::1]:5432/d", "::1", "5432", 0),
    ],
)
def test_a_database_url(
    monkeypatch: pytest.MonkeyPatch, url: str, host: str, port: str, options: int
) -> None:
    monkeypatch.setenv("X", url)
    found = env.database("X")
    assert (found["NAME"], found["USER"], found["PASSWORD"]) == ("d", "u", "p@ss")
    assert (found["HOST"], found["PORT"], len(found["OPTIONS"])) == (host, port, options)
