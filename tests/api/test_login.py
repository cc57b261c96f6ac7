"""POST auth/login/."""

from unittest.mock import ANY

from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from pytest_django import Settings

from omnidesk.accounts.models import User
from tests.api.conftest import Client
from tests.cast import PASSWORD, Cast

URL = "/api/v1/auth/login/"


def code_for(user: User) -> str:
    """The code that the person's authenticator app shows now."""
    row = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    secret = get_adapter().decrypt(row.data["secret"])
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def test_it_answers_a_pair_of_tokens(cast: Cast, client: Client) -> None:
    response = client.post(URL, {"email": cast.alice.email, "password": PASSWORD})
    assert response.status_code == 200
    assert response.json() == {
        "access": ANY,
        "refresh": ANY,
        "token_type": "Bearer",
        "expires_in": 900,
    }
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies


def test_its_access_token_opens_the_api_with_the_person_s_scope(cast: Cast, client: Client) -> None:
    tokens = client.post(URL, {"email": cast.alice.email, "password": PASSWORD}).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    user = client.get("/api/v1/auth/user/").json()
    assert user["email"] == "alice@nordwerk.example"
    assert [o["slug"] for o in user["organizations"]] == ["nordwerk"]
    assert [t["slug"] for t in user["teams"]] == ["network"]


def test_it_knows_addresses_in_any_case(cast: Cast, client: Client) -> None:
    response = client.post(URL, {"email": "ALICE@Nordwerk.example", "password": PASSWORD})
    assert response.status_code == 200


def test_it_refuses_a_wrong_password(cast: Cast, client: Client) -> None:
    response = client.post(URL, {"email": cast.alice.email, "password": "wrong"})
    client.problem(response, 401, "invalid-credentials")


def test_it_does_not_tell_unknown_people_from_wrong_passwords(cast: Cast, client: Client) -> None:
    known = client.post(URL, {"email": cast.alice.email, "password": "wrong"}).json()
    unknown = client.post(URL, {"email": "nobody@nordwerk.example", "password": "wrong"}).json()
    assert known["detail"] == unknown["detail"]
    assert known["type"] == unknown["type"]


def test_it_refuses_people_who_are_not_active(cast: Cast, client: Client) -> None:
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    response = client.post(URL, {"email": cast.alice.email, "password": PASSWORD})
    assert response.status_code in {401, 403}
    assert "access" not in response.json()


def test_it_refuses_an_unconfirmed_address_and_sends_the_link_again(
    cast: Cast, client: Client
) -> None:
    EmailAddress.objects.filter(user=cast.alice).update(verified=False)
    response = client.post(URL, {"email": cast.alice.email, "password": PASSWORD})
    client.problem(response, 403, "email-unverified")
    assert [message.to for message in mail.outbox] == [[cast.alice.email]]


def test_it_asks_for_the_code_of_a_second_factor(cast: Cast, client: Client) -> None:
    TOTP.activate(cast.alice, generate_totp_secret())
    given = {"email": cast.alice.email, "password": PASSWORD}
    client.problem(client.post(URL, given), 401, "mfa-required")
    client.problem(client.post(URL, {**given, "code": "000000"}), 401, "invalid-code")
    response = client.post(URL, {**given, "code": code_for(cast.alice)})
    assert response.status_code == 200, response.content


def test_it_names_wrong_and_unknown_fields(client: Client, db: None) -> None:
    response = client.post(URL, {"email": "no address", "password": 5, "remember": True})
    errors = client.problem(response, 400, "invalid")["errors"]
    assert errors.keys() == {"email", "password", "remember"}


def test_it_stops_guessing_by_address(cast: Cast, client: Client) -> None:
    for number in range(5):
        response = client.post(URL, {"email": f"{number}@x.example", "password": "wrong"})
        assert response.status_code == 401
        assert response["RateLimit-Remaining"] == str(4 - number)
    response = client.post(URL, {"email": cast.alice.email, "password": PASSWORD})
    client.problem(response, 429, "rate-limited")
    assert 0 < int(response["Retry-After"]) <= 60


def test_it_stops_guessing_one_person_s_password_from_many_addresses(
    cast: Cast, client: Client, settings: Settings
) -> None:
    settings.LIMITS = {**settings.LIMITS, "auth": 0}
    given = {"email": cast.alice.email, "password": "wrong"}
    for host in range(5):
        response = client.post(URL, given, REMOTE_ADDR=f"192.0.2.{host + 1}")
        assert response.status_code == 401
    right = {**given, "password": PASSWORD}
    response = client.post(URL, right, REMOTE_ADDR="192.0.2.77")
    client.problem(response, 429, "rate-limited")
    assert response["Retry-After"] == "300"


def test_its_tokens_do_not_take_over_the_browser_session(cast: Cast, alice: Client) -> None:
    response = alice.post(URL, {"email": cast.bob.email, "password": PASSWORD})
    assert response.status_code == 200
    assert alice.get("/api/v1/auth/user/").json()["email"] == cast.alice.email
