"""The administrator of the first start."""

import re
from io import StringIO

import pytest
from django.core.management import call_command

from omnidesk.accounts.models import Organization, User
from omnidesk.accounts.roles import Role
from tests.cast import Cast


def ensure() -> str:
    out = StringIO()
    call_command("ensure_admin", stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIDESK_ADMIN_EMAIL", "Boss@Desk.Example")
    monkeypatch.delenv("OMNIDESK_ADMIN_PASSWORD", raising=False)


def test_the_password_is_made_and_shown_once(db: None) -> None:
    said = ensure()
    found = re.search(r"Password: (\S+)", said)
    assert found
    admin = User.objects.get(email="boss@desk.example")
    assert admin.is_superuser
    assert admin.check_password(found.group(1))
    assert "Password" not in ensure()
    assert User.objects.count() == 1


def test_a_given_password_is_used_and_not_repeated(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIDESK_ADMIN_PASSWORD", "correct horse battery")
    assert "correct horse" not in ensure()
    assert User.objects.get().check_password("correct horse battery")


def test_without_the_demo_desk_there_is_an_organization_to_begin_with(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIDESK_DEMO", "0")
    ensure()
    organization = Organization.objects.get()
    assert User.objects.get().has_role(organization.pk, Role.ADMINISTRATOR)


def test_an_installation_with_an_administrator_gets_no_second_one(cast: Cast) -> None:
    assert "exists already" in ensure()
    assert not User.objects.filter(email="boss@desk.example").exists()
