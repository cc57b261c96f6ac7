"""GET, PUT, PATCH users/me/; PUT auth/user/password/; users/me/keys/."""

from datetime import timedelta

import pytest
from django.core import mail

from omnidesk.accounts.keys import create_key
from omnidesk.accounts.models import ApiKey
from omnidesk.core.clock import now
from tests.api.conftest import Client
from tests.api.test_session import sign_in, status_with
from tests.cast import PASSWORD, Cast

URL = "/api/v1/users/me/"
PASSWORD_URL = "/api/v1/auth/user/password/"
KEYS = "/api/v1/users/me/keys/"
NEW_PASSWORD = "another long one"


def test_it_shows_the_caller_with_places(cast: Cast, alice: Client) -> None:
    body = alice.get(URL).json()
    assert body["email"] == cast.alice.email
    assert body["role"] == "agent"
    assert body["organizations"] == [
        {"id": cast.nordwerk.pk, "slug": "nordwerk", "name": "Nordwerk", "role": "agent"}
    ]
    assert [team["slug"] for team in body["teams"]] == ["network"]
    assert "password" not in body
    assert alice.get("/api/v1/auth/user/").json() == body


def test_patch_changes_parts_and_put_all(alice: Client) -> None:
    assert alice.patch(URL, {"phone": "+49 30 1", "theme": "dark"}).json()["theme"] == "dark"
    body = alice.put(URL, {"name": "Alice A.", "timezone": "Europe/Berlin"}).json()
    assert (body["name"], body["timezone"]) == ("Alice A.", "Europe/Berlin")
    assert (body["phone"], body["theme"]) == ("", "")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"language": "xx"}, "language"),
        ({"theme": "pink"}, "theme"),
        ({"email": "other@nordwerk.example"}, "email"),
        ({"is_superuser": True}, "is_superuser"),
        ({"role": "administrator"}, "role"),
        ({"name": ["x"]}, "name"),
    ],
)
def test_wrong_values_are_named(alice: Client, body: dict[str, object], field: str) -> None:
    assert field in alice.problem(alice.patch(URL, body), 400, "invalid")["errors"]


def test_if_match_stops_a_lost_update(alice: Client) -> None:
    tag = alice.get(URL)["ETag"]
    alice.patch(URL, {"phone": "1"})
    late = alice.patch(URL, {"phone": "2"}, headers={"If-Match": tag})
    alice.problem(late, 412, "changed-meanwhile")
    fresh = alice.get(URL)["ETag"]
    assert alice.patch(URL, {"phone": "2"}, headers={"If-Match": fresh}).status_code == 200


def test_changing_the_password_ends_the_other_sessions(cast: Cast, client: Client) -> None:
    this, other = sign_in(cast.alice), sign_in(cast.alice)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {this['access']}")
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert client.put(PASSWORD_URL, body).status_code == 204
    assert status_with(this["access"]) == 200
    assert status_with(other["access"]) == 401
    cast.alice.refresh_from_db()
    assert cast.alice.check_password(NEW_PASSWORD)
    assert len(mail.outbox) == 1


def test_changing_the_password_keeps_a_browser_session(alice: Client) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert alice.put(PASSWORD_URL, body).status_code == 204
    assert alice.get(URL).status_code == 200


def test_a_new_password_needs_the_old_one_and_strength(alice: Client) -> None:
    wrong = {"current_password": "wrong", "new_password": NEW_PASSWORD}
    errors = alice.problem(alice.put(PASSWORD_URL, wrong), 400, "invalid")["errors"]
    assert errors.keys() == {"current_password"}
    weak = {"current_password": PASSWORD, "new_password": "12345678901"}
    errors = alice.problem(alice.put(PASSWORD_URL, weak), 400, "invalid")["errors"]
    assert errors.keys() == {"new_password"}


def test_a_key_is_shown_once_and_opens_the_api(cast: Cast, alice: Client, client: Client) -> None:
    response = alice.post(KEYS, {"name": "Backup script"})
    assert response.status_code == 201
    key = response.json()["key"]
    assert key.startswith("odk_")
    [listed] = alice.get(KEYS).json()["results"]
    assert "key" not in listed
    assert listed["hint"] == key[:10]
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    assert client.get(URL).json()["email"] == cast.alice.email
    assert [o["slug"] for o in client.get(URL).json()["organizations"]] == ["nordwerk"]
    assert alice.get(KEYS).json()["results"][0]["last_used_at"]
    assert alice.delete(f"{KEYS}{listed['id']}/").status_code == 204
    client.problem(client.get(URL), 401, "invalid-token")
    alice.problem(alice.delete(f"{KEYS}{listed['id']}/"), 404, "not-found")


def test_a_key_s_secret_is_kept_nowhere(cast: Cast, alice: Client) -> None:
    headers = {"Idempotency-Key": "create-key-1"}
    first = alice.post(KEYS, {"name": "One"}, headers=headers).json()
    second = alice.post(KEYS, {"name": "One"}, headers=headers).json()
    assert first["key"] != second["key"]
    row = ApiKey.objects.first()
    assert row
    assert first["key"] not in str(vars(row))


def test_an_old_key_is_refused(cast: Cast, alice: Client, client: Client) -> None:
    row, secret = create_key(user=cast.alice, name="x", expires_at=now() + timedelta(hours=1))
    ApiKey.objects.filter(pk=row.pk).update(expires_at=now() - timedelta(seconds=1))
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    client.problem(client.get(URL), 401, "invalid-token")
    past = (now() - timedelta(days=1)).isoformat()
    refused = alice.post(KEYS, {"name": "x", "expires_at": past})
    assert "expires_at" in alice.problem(refused, 400, "invalid")["errors"]


def test_nobody_deletes_another_person_s_key(cast: Cast, charlie: Client) -> None:
    row, _ = create_key(user=cast.alice, name="x")
    charlie.problem(charlie.delete(f"{KEYS}{row.pk}/"), 404, "not-found")


def test_a_key_cannot_sign_out(cast: Cast, client: Client) -> None:
    _, secret = create_key(user=cast.alice, name="x")
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    client.problem(client.post("/api/v1/auth/logout/"), 400, "invalid")
