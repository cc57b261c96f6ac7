"""All connectors with their fakes, for tests that hold every one to the same."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from django.test import Client
from django.urls import reverse

from integrations import taking
from integrations.base import TransportError
from tests.cast import Cast
from tests.fakes.glpi_story import LivelyGlpi
from tests.fakes.glpi_v2 import GlpiV2
from tests.fakes.servicedesk_story import LivelySdp
from tests.fakes.solman_story import LivelySolman
from tests.federation.conftest import (
    Bridge,
    bridge_of,
    bridge_to_solman,
    build_bridge,
)
from tests.federation.drills import Drill

SECRET: Final = "hook secret"
Hook = Callable[[str], list[int]]


@dataclass(frozen=True)
class Connector:
    """A fake, how a channel to it is made, what people here may do, and its webhook."""

    fake: Callable[[], Any]
    build: Callable[[Cast, Any], Bridge]
    local: tuple[str, ...] = Drill.local
    hook: Callable[[Bridge], Hook] | None = None


def bridge_to_glpi(cast: Cast, glpi: LivelyGlpi) -> Bridge:
    """By the legacy API, with a webhook."""
    return build_bridge(cast, glpi, webhook_secret=SECRET)


def bridge_to_v2(cast: Cast, glpi: GlpiV2) -> Bridge:
    """By the API v2, with a webhook."""
    settings = {
        "url": glpi.url, "api": "v2", "client_id": glpi.client[0],
        "client_secret": glpi.client[1], "login": glpi.person[0], "password": glpi.person[1],
        "zone": "Europe/Berlin", "webhook_secret": SECRET,
    }  # fmt: skip
    return bridge_of(cast, "glpi", settings)


def bridge_to_cloud(cast: Cast, sdp: LivelySdp) -> Bridge:
    """The cloud, whose access tokens end; as many calls a minute as we like."""
    sdp.cloud = True
    settings = {
        "url": f"{sdp.url}/app/itdesk", "client_id": "1000.X", "client_secret": "client secret",
        "refresh_token": "1000.refresh", "accounts_url": sdp.url, "calls_per_minute": "0",
        "secret": SECRET, "enrich": "no",
    }  # fmt: skip
    return bridge_of(cast, "servicedesk_plus", settings)


def glpi_hook(bridge: Bridge) -> Hook:
    """GLPI tells of a ticket, and its cron sends the same call once more."""

    def tell(remote_id: str) -> list[int]:
        event = {"item": {"id": int(remote_id), "name": "x"}, "event": "update"}
        body, stamp = json.dumps(event).encode(), str(int(time.time()))
        given = hmac.new(SECRET.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
        headers = {"X-GLPI-timestamp": stamp, "X-GLPI-signature": given}
        return _twice(reverse("webhook-glpi", args=[bridge.channel.slug]), body, headers)

    return tell


def sdp_hook(bridge: Bridge) -> Hook:
    """A business rule calls us twice; what waits is then taken in, as a worker does."""

    def tell(remote_id: str) -> list[int]:
        request = {"id": remote_id, "subject": "x", "last_updated_time": "1"}
        body = json.dumps({"event": "request.updated", "request": request}).encode()
        stamp = str(int(time.time()))
        mac = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
        headers = {
            "X-OmniDesk-Timestamp": stamp, "X-OmniDesk-Signature": f"sha256={mac.hexdigest()}",
        }  # fmt: skip
        url = reverse("webhook-servicedesk-plus", args=[bridge.channel.slug])
        statuses = _twice(url, body, headers)
        with suppress(TransportError):
            taking.take_waiting(bridge.channel.organization_id, bridge.channel.pk)
        return statuses

    return tell


def _twice(url: str, body: bytes, headers: dict[str, str]) -> list[int]:
    kind = "application/json"
    return [
        Client().post(url, body, content_type=kind, headers=headers).status_code for _ in range(2)
    ]


CONNECTORS: Final[dict[str, Connector]] = {
    "glpi": Connector(LivelyGlpi, bridge_to_glpi, hook=glpi_hook),
    # Files come in by the API v2; they are not handed over.
    "glpi-v2": Connector(
        GlpiV2, bridge_to_v2, tuple(one for one in Drill.local if one != "file"), glpi_hook
    ),
    # Over there a status is changed only by closing, and an answer makes a new ticket begun.
    "solman": Connector(LivelySolman, bridge_to_solman, ("ask", "file")),
    "servicedesk-plus": Connector(LivelySdp, bridge_to_cloud, hook=sdp_hook),
}
