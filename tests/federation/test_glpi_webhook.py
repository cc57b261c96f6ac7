"""GLPI 11 calls us: signatures, replays, the challenge, and what an event leads to."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations.api.glpi import ticket_of
from integrations.links import ExternalLink
from integrations.models import Receipt
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.glpi import Glpi
from tests.federation.conftest import Bridge, build_bridge

SECRET = "hook secret"


@pytest.fixture
def bridge(cast: Cast, glpi: Glpi) -> Bridge:
    return build_bridge(cast, glpi, webhook_secret=SECRET)


def mac(data: bytes) -> str:
    return hmac.new(SECRET.encode(), data, hashlib.sha256).hexdigest()


def call(
    client: Client,
    bridge: Bridge,
    event: Any,
    *,
    age: int = 0,
    signature: str | None = None,
    moment: float = 0,
) -> int:
    """One event as GLPI sends it; returns the status."""
    body = json.dumps(event).encode()
    stamp = str(int(moment or now().timestamp()) - age)
    given = mac(body + stamp.encode()) if signature is None else signature
    answer = client.post(
        reverse("webhook-glpi", args=[bridge.channel.slug]),
        body,
        content_type="application/json",
        headers={"X-GLPI-timestamp": stamp, "X-GLPI-signature": given},
    )
    return answer.status_code


def due(cast: Cast) -> list[str]:
    with organization_scope(cast.nordwerk.pk):
        rows = ExternalLink.objects.filter(due_at__isnull=False)
        return sorted(rows.values_list("remote_id", flat=True))


def test_an_event_brings_the_ticket_in_and_counts_once(
    client: Client, bridge: Bridge, glpi: Glpi, cast: Cast
) -> None:
    number = glpi.open("From a hook")
    event = {"item": {"id": number, "name": "From a hook"}, "event": "new"}
    moment = now().timestamp()
    assert call(client, bridge, event, moment=moment) == 202
    assert call(client, bridge, event, moment=moment) == 200
    with organization_scope(cast.nordwerk.pk):
        assert Receipt.objects.count() == 1
    bridge.sync()
    assert bridge.ticket(number).subject == "From a hook"
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        assert ExternalLink.objects.count() == 1


def test_an_event_of_a_child_makes_its_ticket_due(
    client: Client, bridge: Bridge, glpi: Glpi, cast: Cast
) -> None:
    for name in ("One", "Two"):
        glpi.open(name)
    bridge.sync()
    assert due(cast) == []
    assert call(client, bridge, {"item": {"id": 9}, "parent_item": {"id": 2}}) == 202
    assert due(cast) == ["2"]


def test_events_may_be_a_day_old_but_not_older(client: Client, bridge: Bridge) -> None:
    assert call(client, bridge, {"item": {"id": 1}}, age=23 * 3600) == 202
    assert call(client, bridge, {"item": {"id": 1}}, age=25 * 3600) == 401


@pytest.mark.parametrize("signature", ["", "0" * 64, "sha256=" + "0" * 64, "ü"])
def test_forgeries_are_refused_and_leave_nothing(
    client: Client, bridge: Bridge, cast: Cast, signature: str
) -> None:
    assert call(client, bridge, {"item": {"id": 1}}, signature=signature) == 401
    with organization_scope(cast.nordwerk.pk):
        assert not Receipt.objects.exists()
    assert due(cast) == []


def test_without_a_secret_nothing_is_taken(client: Client, cast: Cast, glpi: Glpi) -> None:
    bridge = build_bridge(cast, glpi)
    assert call(client, bridge, {"item": {"id": 1}}) == 401
    path = reverse("webhook-glpi", args=[bridge.channel.slug])
    assert client.get(path, {"crc_token": "x"}).status_code == 401


def test_the_challenge_is_answered(client: Client, bridge: Bridge) -> None:
    path = reverse("webhook-glpi", args=[bridge.channel.slug])
    answer = client.get(path, {"crc_token": "token 1"})
    assert (answer.status_code, answer.content.decode()) == (200, mac(b"token 1"))
    assert client.get(path).status_code == 401
    nobody = reverse("webhook-glpi", args=["nobody"])
    assert client.get(nobody, {"crc_token": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("event", "number"),
    [
        ({"item": {"id": 7}}, "7"),
        ({"item": {"id": 3, "tickets_id": 8}}, "8"),
        ({"item": {"id": 3, "itemtype": "Ticket", "items_id": 9}}, "9"),
        ({"item": {"id": 3, "itemtype": "Problem", "items_id": 9}}, ""),
        ({"item": {"id": -1}}, ""),
        ({"item": {"id": "x"}}, ""),
        ({"item": []}, ""),
        ([], ""),
        ({"text": "a template of their own"}, ""),
    ],
)
def test_the_ticket_is_found_in_every_shape(event: Any, number: str) -> None:
    assert ticket_of(json.dumps(event).encode()) == number


def test_nonsense_bytes_name_no_ticket() -> None:
    for body in (b"", b"\xff\x00", b"[" * 5000):
        assert ticket_of(body) == ""
