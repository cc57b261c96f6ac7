"""POST auth/refresh/ and auth/logout/."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from omnidesk.accounts.models import User
from tests.api.conftest import Client
from tests.cast import PASSWORD, Cast

ME = "/api/v1/auth/user/"
REFRESH = "/api/v1/auth/refresh/"
LOGOUT = "/api/v1/auth/logout/"
Tokens = dict[str, str]


def sign_in(user: User) -> Tokens:
    response = Client().post("/api/v1/auth/login/", {"email": user.email, "password": PASSWORD})
    assert response.status_code == 200, response.content
    tokens: Tokens = response.json()
    return tokens


@pytest.fixture
def tokens(cast: Cast) -> Tokens:
    return sign_in(cast.alice)


def status_with(access: str) -> int:
    return int(Client().get(ME, headers={"Authorization": f"Bearer {access}"}).status_code)


def test_refreshing_gives_a_new_pair(client: Client, tokens: Tokens) -> None:
    response = client.post(REFRESH, {"refresh": tokens["refresh"]})
    assert response.status_code == 200
    fresh = response.json()
    assert fresh["refresh"] != tokens["refresh"]
    assert status_with(fresh["access"]) == 200
    assert client.post(REFRESH, {"refresh": fresh["refresh"]}).status_code == 200


def test_using_a_dead_refresh_token_ends_the_session(client: Client, tokens: Tokens) -> None:
    fresh = client.post(REFRESH, {"refresh": tokens["refresh"]}).json()
    stolen = client.post(REFRESH, {"refresh": tokens["refresh"]})
    client.problem(stolen, 401, "invalid-token")
    assert status_with(fresh["access"]) == 401
    client.problem(client.post(REFRESH, {"refresh": fresh["refresh"]}), 401, "invalid-token")


def test_an_access_token_does_not_refresh_and_a_refresh_token_does_not_open(
    client: Client, tokens: Tokens
) -> None:
    client.problem(client.post(REFRESH, {"refresh": tokens["access"]}), 401, "invalid-token")
    assert status_with(tokens["refresh"]) == 401
    assert status_with(tokens["access"]) == 200


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "é", "x" * 5000])
def test_nonsense_is_refused(client: Client, db: None, token: str) -> None:
    assert client.post(REFRESH, {"refresh": token}).status_code in {400, 401}


def test_signing_out_stops_the_access_token_at_once(client: Client, tokens: Tokens) -> None:
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    assert client.post(LOGOUT).status_code == 204
    assert status_with(tokens["access"]) == 401
    client.credentials()
    client.problem(client.post(REFRESH, {"refresh": tokens["refresh"]}), 401, "invalid-token")


def test_signing_out_leaves_other_sessions_alone(
    cast: Cast, client: Client, tokens: Tokens
) -> None:
    other = sign_in(cast.alice)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    client.post(LOGOUT, {"refresh": tokens["refresh"]})
    assert status_with(other["access"]) == 200


def test_signing_out_ends_a_browser_session_as_well(alice: Client) -> None:
    assert alice.post(LOGOUT).status_code == 204
    assert alice.get(ME).status_code == 401


def test_a_person_made_inactive_is_out_at_once(cast: Cast, tokens: Tokens) -> None:
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    assert status_with(tokens["access"]) == 401


def test_a_bad_token_is_said_to_be_one(client: Client, db: None) -> None:
    response = client.get(ME, headers={"Authorization": "Bearer nonsense"})
    client.problem(response, 401, "invalid-token")


def test_of_two_uses_of_one_refresh_token_at_once_one_wins(live_cast: Cast) -> None:
    tokens = sign_in(live_cast.alice)

    def use(_: int) -> int:
        try:
            return int(Client().post(REFRESH, {"refresh": tokens["refresh"]}).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(use, range(2))) == [200, 401]
