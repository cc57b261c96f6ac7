"""`manage.py doctor`: what is there, what is missing, and the exit code that says so."""

import json
import os
from io import StringIO

import pytest
from django.core.management import call_command

from omnidesk.runtime import processes


def examine(*, exit_code: int = 0) -> dict[str, dict[str, str]]:
    out = StringIO()
    if exit_code:
        with pytest.raises(SystemExit) as caught:
            call_command("doctor", "--json", stdout=out)
        assert caught.value.code == exit_code
    else:
        call_command("doctor", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["healthy"] == (exit_code == 0)
    return {finding["name"]: finding for finding in answer["findings"]}


@pytest.fixture(autouse=True)
def ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that nobody has, so that what else runs on this machine changes nothing."""
    monkeypatch.setenv("OMNIDESK_PORT", str(processes.free_port()))
    monkeypatch.setenv("OMNIDESK_SMTP_PORT", "0")
    monkeypatch.setenv("OMNIDESK_HOST", "127.0.0.1")


@pytest.mark.django_db
def test_it_sees_services_that_run() -> None:
    found = examine()
    assert found["postgresql"]["state"] == "ok"
    assert found["postgresql"]["detail"].startswith("18.")
    assert "role omnidesk_app, row-level security applies" in found["postgresql"]["detail"]
    assert found["redis"]["detail"].startswith("Valkey 9.")
    assert found["migrations"]["detail"] == "all applied"
    assert found["embedding model"]["detail"] == "all-MiniLM-L6-v2, checksum matches"
    assert found["workers"]["state"] == "warning"
    assert found["claude"]["state"] == "off"


def test_a_server_that_does_not_answer_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:s3cret@127.0.0.1:1/desk")
    monkeypatch.setenv("QDRANT_URL", "http://127.0.0.1:1")
    found = examine(exit_code=1)
    assert found["postgresql"]["state"] == "missing"
    assert "Connection refused" in found["postgresql"]["detail"]
    assert found["qdrant"]["state"] == "missing"
    assert found["migrations"]["detail"] == "not checked: no database"
    assert "s3cret" not in json.dumps(found)


@pytest.mark.django_db
def test_a_role_that_bypasses_row_security_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", os.environ["OMNIDESK_OWNER_DATABASE_URL"])
    found = examine(exit_code=1)
    assert found["postgresql"]["state"] == "missing"
    assert "bypasses row-level security" in found["postgresql"]["detail"]


@pytest.mark.django_db
def test_a_bad_value_is_a_row_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIDESK_DEMO", "perhaps")
    found = examine(exit_code=1)
    assert found["settings"]["detail"] == "OMNIDESK_DEMO must be 1 or 0, not 'perhaps'."
