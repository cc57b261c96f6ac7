"""GET system/info/."""

from tests.api.conftest import Client

URL = "/api/v1/system/info/"


def test_administrators_learn_what_runs_here(admin: Client) -> None:
    body = admin.get(URL).json()
    assert body["version"]
    assert body["parts"]["postgresql"].startswith("18")
    assert body["parts"]["redis"].startswith("valkey 9")
    assert body["features"]["sign_up"] is True
    assert body["limits"]["api"] == 1000


def test_nobody_else_does(alice: Client, client: Client) -> None:
    alice.problem(alice.get(URL), 403, "forbidden")
    client.problem(client.get(URL), 401, "not-authenticated")
