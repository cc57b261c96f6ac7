"""The door to other servers: limits, tries, the breaker, and what it refuses to call."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from omnidesk.core import http
from omnidesk.core.http import HttpDoor, HttpProblem, PrivateAddress, is_public
from tests.fakes.http import Asked, FakeServer, Said


class Script:
    """Answers one after the other; the last one for good."""

    def __init__(self, *answers: Said) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []

    def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture(autouse=True)
def fresh(settings: Settings) -> Iterator[None]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    http.reset_breakers()
    yield
    http.reset_breakers()


@pytest.fixture
def waits() -> list[float]:
    return []


def serve(request: pytest.FixtureRequest, *answers: Said) -> tuple[str, Script]:
    script = Script(*answers)
    server = FakeServer(script)
    server.start()
    request.addfinalizer(server.stop)
    return server.url, script


def test_a_private_address_is_refused_unless_it_is_named(
    request: pytest.FixtureRequest, settings: Settings
) -> None:
    url, script = serve(request, Said(200, {"ok": True}))
    settings.OUTBOUND_ALLOW = []
    with HttpDoor() as door, pytest.raises(PrivateAddress, match="OMNIDESK_OUTBOUND_ALLOW"):
        door.request("GET", url)
    with HttpDoor() as door, pytest.raises(PrivateAddress):
        door.request("GET", url.replace("127.0.0.1", "localhost"))
    assert script.asked == []
    settings.OUTBOUND_ALLOW = ["localhost"]
    with HttpDoor() as door:
        answer = door.request("GET", url.replace("127.0.0.1", "localhost"))
    assert answer.json() == {"ok": True}


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3", "192.168.0.1", "169.254.169.254", "127.0.0.1", "0.0.0.1", "::1", "fe80::1",
        "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "224.0.0.1", "100.64.0.1",
    ],
)  # fmt: skip
def test_addresses_inside_a_network_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_are_public() -> None:
    assert is_public("8.8.8.8")
    assert is_public("2001:4860:4860::8888")


def test_a_server_error_is_tried_again_and_then_reported(
    request: pytest.FixtureRequest, waits: list[float]
) -> None:
    url, script = serve(request, Said(500), Said(503), Said(200, {"ok": 1}))
    with HttpDoor(sleep=waits.append) as door:
        assert door.request("GET", url).json() == {"ok": 1}
    assert len(script.asked) == 3
    assert len(waits) == 2
    assert waits[1] > waits[0] / 2
    url, script = serve(request, Said(500))
    with HttpDoor(sleep=waits.append) as door, pytest.raises(HttpProblem) as caught:
        door.request("GET", url)
    assert caught.value.status == 500
    assert not caught.value.permanent
    assert len(script.asked) == 3


def test_a_post_is_not_repeated_once_it_may_have_arrived(
    request: pytest.FixtureRequest, waits: list[float]
) -> None:
    url, script = serve(request, Said(drop=True))
    with HttpDoor(sleep=waits.append) as door, pytest.raises(HttpProblem) as caught:
        door.request("POST", url, json={"a": 1})
    assert caught.value.uncertain
    assert len(script.asked) == 1


def test_a_wait_that_the_server_asks_for_is_kept_or_handed_on(
    request: pytest.FixtureRequest, waits: list[float]
) -> None:
    url, script = serve(request, Said(429, headers={"Retry-After": "2"}), Said(200, {}))
    with HttpDoor(sleep=waits.append) as door:
        door.request("GET", url)
    assert waits[0] >= 2
    url, script = serve(request, Said(429, headers={"Retry-After": "120"}))
    with HttpDoor(sleep=waits.append) as door, pytest.raises(HttpProblem) as caught:
        door.request("GET", url)
    assert caught.value.retry_after == 120
    assert len(script.asked) == 1


def test_redirects_are_not_followed(request: pytest.FixtureRequest) -> None:
    url, script = serve(request, Said(302, headers={"Location": "http://169.254.169.254/"}))
    with HttpDoor() as door, pytest.raises(HttpProblem, match="redirect") as caught:
        door.request("GET", url)
    assert caught.value.permanent
    assert len(script.asked) == 1


def test_a_flood_of_bytes_is_cut(request: pytest.FixtureRequest) -> None:
    url, _script = serve(request, Said(200, b"x" * 5000))
    with HttpDoor(size_limit=1000) as door, pytest.raises(HttpProblem, match="MB"):
        door.request("GET", url)


def test_a_server_that_keeps_failing_is_left_alone(request: pytest.FixtureRequest) -> None:
    url, script = serve(request, Said(500))
    with HttpDoor(tries=1) as door:
        for _ in range(5):
            with pytest.raises(HttpProblem):
                door.request("GET", url)
        with pytest.raises(HttpProblem, match="left alone") as caught:
            door.request("GET", url)
    assert len(script.asked) == 5
    assert caught.value.retry_after is not None


def test_nonsense_addresses_and_answers_are_named(request: pytest.FixtureRequest) -> None:
    with HttpDoor() as door:
        for bad in ("ftp://x", "file:///etc/passwd", "http://", "nonsense"):
            with pytest.raises(HttpProblem) as caught:
                door.request("GET", bad)
            assert caught.value.permanent
        with pytest.raises(HttpProblem, match="cannot be reached"):
            HttpDoor(tries=1).request("GET", "http://127.0.0.1:9/")
        url, _script = serve(request, Said(200, "<html>"))
        with pytest.raises(HttpProblem, match="JSON"):
            door.request("GET", url).json()
