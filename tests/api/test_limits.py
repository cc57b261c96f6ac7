"""Sliding-window limits."""

import logging
import time
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from omnidesk import env
from omnidesk.core.api import limits
from omnidesk.core.api.limits import take
from tests.api.conftest import Client
from tests.cast import Cast

URL = "/api/v1/users/me/"


@pytest.fixture(autouse=True)
def _three_a_minute(settings: Settings) -> None:
    settings.LIMITS = {**settings.LIMITS, "api": 3}


def test_every_answer_tells_what_is_left(alice: Client) -> None:
    response = alice.get(URL)
    assert response["RateLimit-Limit"] == "3"
    assert response["RateLimit-Remaining"] == "2"
    assert 0 < int(response["RateLimit-Reset"]) <= 60
    assert response["RateLimit-Policy"] == "3;w=60"


def test_too_many_requests_are_told_when_to_come_back(alice: Client, dana: Client) -> None:
    for _ in range(3):
        assert alice.get(URL).status_code == 200
    response = alice.get(URL)
    alice.problem(response, 429, "rate-limited")
    assert 0 < int(response["Retry-After"]) <= 60
    assert response["RateLimit-Remaining"] == "0"
    assert dana.get(URL).status_code == 200


def test_strangers_count_by_address(client: Client, cast: Cast) -> None:
    for _ in range(3):
        assert client.get(URL).status_code == 401
    assert client.get(URL).status_code == 429
    assert client.get(URL, REMOTE_ADDR="192.0.2.9").status_code == 401


def test_bad_tokens_count_by_address(client: Client, cast: Cast) -> None:
    for number in range(3):
        headers = {"Authorization": f"Token guess-{number}"}
        assert client.get(URL, headers=headers).status_code == 401
    assert client.get(URL, headers={"Authorization": "Token guess"}).status_code == 429


def test_neighbours_in_one_ipv6_network_count_together(client: Client, cast: Cast) -> None:
    for host in range(3):
        client.get(URL, REMOTE_ADDR=f"2001:db8::{host + 1}")
    assert client.get(URL, REMOTE_ADDR="2001:db8::ffff").status_code == 429
    assert client.get(URL, REMOTE_ADDR="2001:db8:0:1::1").status_code == 401


def test_trusted_networks_are_exempt(
    alice: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIDESK_LIMIT_TRUSTED", "127.0.0.0/8, 2001:db8::/32")
    settings.LIMIT_TRUSTED_NETWORKS = env.networks("OMNIDESK_LIMIT_TRUSTED")
    for _ in range(5):
        response = alice.get(URL)
        assert response.status_code == 200
        assert "RateLimit-Limit" not in response


def test_zero_means_no_limit(alice: Client, settings: Settings) -> None:
    settings.LIMITS = {**settings.LIMITS, "api": 0}
    for _ in range(5):
        assert alice.get(URL).status_code == 200


def test_the_caller_s_address_is_counted_from_our_own_proxies(
    client: Client, cast: Cast, settings: Settings
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(3):
        spoofed = f"10.0.0.{number}, 198.51.100.7"
        assert client.get(URL, headers={"X-Forwarded-For": spoofed}).status_code == 401
    spoofed = "203.0.113.1, 198.51.100.7"
    assert client.get(URL, headers={"X-Forwarded-For": spoofed}).status_code == 429
    other = client.get(URL, headers={"X-Forwarded-For": "198.51.100.8"})
    assert other.status_code == 401


@pytest.fixture
def _redis_away(settings: Settings) -> Iterator[None]:
    """Limits look for Redis where nobody listens."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    limits._client.cache_clear()
    limits._script.cache_clear()
    yield
    limits._client.cache_clear()
    limits._script.cache_clear()
    limits._pause.until = 0.0


@pytest.mark.usefixtures("_redis_away")
def test_requests_pass_fast_when_redis_is_away(
    alice: Client, caplog: pytest.LogCaptureFixture
) -> None:
    begun = time.monotonic()
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert alice.get(URL).status_code == 200
    assert time.monotonic() - begun < 2
    assert caplog.text.count("limits_unavailable") == 1


def test_the_window_slides() -> None:
    first = take("slide", 2, window=1)
    time.sleep(0.6)
    second = take("slide", 2, window=1)
    refused = take("slide", 2, window=1)
    time.sleep(0.6)
    third = take("slide", 2, window=1)
    still = take("slide", 2, window=1)
    decisions = [d.allowed for d in (first, second, refused, third, still) if d]
    # The first place is free again after a second, the second one not yet.
    assert decisions == [True, True, False, True, False]


def test_a_trusted_network_that_is_none_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMNIDESK_LIMIT_TRUSTED", "10.0.0.1/8")
    with pytest.raises(env.SettingError, match=r"OMNIDESK_LIMIT_TRUSTED must list networks"):
        env.networks("OMNIDESK_LIMIT_TRUSTED")
