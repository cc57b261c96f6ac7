"""POST auth/register/."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client as Browser
from pytest_django import Settings

from omnidesk.accounts.models import User
from tests.api.conftest import Client
from tests.cast import Cast

URL = "/api/v1/auth/register/"
GIVEN = {"email": "Eva@Nordwerk.example", "password": "a long enough one", "name": "Eva New"}


def test_it_creates_an_account_that_must_be_confirmed(cast: Cast, client: Client) -> None:
    response = client.post(URL, GIVEN)
    assert response.status_code == 201, response.content
    assert response.json()["email"].lower() == "eva@nordwerk.example"
    person = User.objects.get(email="eva@nordwerk.example")
    assert person.name == "Eva New"
    assert not EmailAddress.objects.get(user=person).verified
    login = {"email": GIVEN["email"], "password": GIVEN["password"]}
    client.problem(client.post("/api/v1/auth/login/", login), 403, "email-unverified")


def test_the_link_confirms_and_joins_the_organization_of_the_domain(
    cast: Cast, client: Client
) -> None:
    client.post(URL, GIVEN)
    [message] = mail.outbox
    link = re.search(r"http://[^/]+(/account/confirm/\S+)", str(message.body))
    assert link
    Browser().post(link[1])
    tokens = client.post(
        "/api/v1/auth/login/", {"email": GIVEN["email"], "password": GIVEN["password"]}
    ).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    shown = client.get("/api/v1/users/me/").json()
    assert [(o["slug"], o["role"]) for o in shown["organizations"]] == [("nordwerk", "requester")]


def test_it_does_not_tell_who_has_an_account(cast: Cast, client: Client) -> None:
    fresh = client.post(URL, GIVEN)
    taken = client.post(URL, {**GIVEN, "email": cast.alice.email})
    assert taken.status_code == fresh.status_code == 201
    assert taken.json()["detail"] == fresh.json()["detail"]
    cast.alice.refresh_from_db()
    assert cast.alice.name == "Alice Agent"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "password1234"}, "password"),
        ({"email": "nobody"}, "email"),
        ({"email": None}, "email"),
        ({"is_superuser": True}, "is_superuser"),
    ],
)
def test_wrong_values_are_named(
    client: Client, db: None, change: dict[str, object], field: str
) -> None:
    response = client.post(URL, {**GIVEN, **change})
    assert field in client.problem(response, 400, "invalid")["errors"]


def test_it_can_be_switched_off(client: Client, db: None, settings: Settings) -> None:
    settings.ALLOW_SIGN_UP = False
    client.problem(client.post(URL, GIVEN), 403, "sign-up-closed")
    assert not User.objects.filter(email="eva@nordwerk.example").exists()
