"""Signed calls that come at once: plain ones are kept together, all others take the usual way."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

import httpx2
import pytest
from pytest_django import Settings

from integrations.actions.channels import add_channel, change_channel, pause_channel
from integrations.api import batch
from integrations.api.lane import LARGEST, FastLane
from integrations.models import Channel, Receipt, ReceiptState
from omnidesk.core.handler import OneThreadHandler
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast

SECRET = "topsecret"
Answers = list[httpx2.Response]


@pytest.fixture
def channel(live_cast: Cast) -> Channel:
    batch._channels.clear()
    with organization_scope(live_cast.nordwerk.pk):
        found, _ = add_channel(
            organization=live_cast.nordwerk, kind="servicedesk-plus", name="Busy",
            given={"secret": SECRET, "enrich": "no"},
        )  # fmt: skip
    return found


class Server:
    """The lane before Django; `usual` counts what took the usual way."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.usual = 0
        # Limits are counted by address, over all tests.
        self.caller = f"10.9.{secrets.randbelow(250)}.{secrets.randbelow(250)}"
        self._django = OneThreadHandler()

    async def _counted(self, scope: Any, receive: Any, send: Any) -> None:
        self.usual += 1
        await self._django(scope, receive, send)

    def post(self, *calls: dict[str, Any], name: str = "") -> Answers:
        """All of them at the same time."""
        url = f"/api/v1/webhooks/servicedesk-plus/{name or self.channel.slug}/"

        async def at_once() -> Answers:
            lane: Any = FastLane(self._counted)
            transport = httpx2.ASGITransport(lane, client=(self.caller, 1))
            async with httpx2.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                return await asyncio.gather(*(client.post(url, **call) for call in calls))

        return asyncio.run(at_once())

    def receipts(self) -> list[tuple[int, str]]:
        with organization_scope(self.channel.organization_id):
            return list(Receipt.objects.order_by("pk").values_list("pk", "state"))


@pytest.fixture
def server(channel: Channel) -> Server:
    return Server(channel)


def signed(number: int, *, secret: str = SECRET, padding: int = 0) -> dict[str, Any]:
    request = {"id": str(number), "subject": "Printer", "description": "x" * padding}
    return sealed(json.dumps({"request": request}).encode(), secret)


def sealed(body: bytes, secret: str = SECRET) -> dict[str, Any]:
    stamp = str(int(time.time()))
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-OmniDesk-Timestamp": stamp, "X-OmniDesk-Signature": f"sha256={mac}"}
    return {"content": body, "headers": headers}


def test_what_comes_at_once_is_kept_together_before_it_is_answered(server: Server) -> None:
    answers = server.post(*(signed(number) for number in range(30)))
    assert {one.status_code for one in answers} == {202}
    assert server.usual == 0
    kept = server.receipts()
    assert sorted(one.json()["receipt"] for one in answers) == [pk for pk, _state in kept]
    assert {state for _pk, state in kept} == {ReceiptState.WAITING}
    first = answers[0]
    assert first.json()["state"] == "queued"
    assert len(first.headers["X-Correlation-ID"]) == 32
    assert first.headers["RateLimit-Limit"] == "12000"
    assert min(int(one.headers["RateLimit-Remaining"]) for one in answers) == 12_000 - 30


def test_everything_else_takes_the_usual_way(server: Server, channel: Channel) -> None:
    once = signed(1)
    large = signed(2, padding=LARGEST)
    statuses = [
        [one.status_code for one in server.post(*calls)]
        for calls in (
            [once, once],
            [signed(3, secret="wrong"), large],
            [sealed(b"nonsense"), {"content": b"{}"}],
        )
    ]
    assert [sorted(one) for one in statuses] == [[202, 401], [202, 401], [400, 401]]
    assert server.usual == 5
    assert len(server.receipts()) == 3  # one of them in quarantine
    assert server.post(signed(4), name="nobody")[0].status_code == 404


def test_a_pause_and_a_new_secret_count_after_a_moment(
    server: Server, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "REMEMBERED", 0.0)
    assert server.post(signed(1))[0].status_code == 202
    with organization_scope(channel.organization_id):
        change_channel(channel=channel, given={"secret": "another"})
    assert server.post(signed(2))[0].status_code == 401
    assert server.post(signed(3, secret="another"))[0].status_code == 202
    with organization_scope(channel.organization_id):
        pause_channel(channel=channel, reason="Holidays")
    paused = server.post(signed(4, secret="another"))[0]
    assert (paused.status_code, paused.headers["Retry-After"]) == (503, "300")


def test_too_many_calls_are_refused_one_by_one(server: Server, settings: Settings) -> None:
    settings.LIMITS = {**settings.LIMITS, "webhooks": 4}
    answers = server.post(*(signed(number) for number in range(6)))
    assert sorted(one.status_code for one in answers) == [202] * 4 + [429] * 2
    assert len(server.receipts()) == 4
