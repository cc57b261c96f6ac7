"""From a channel's settings to a connector, and the calls that the channel port makes."""

from typing import Final

from integrations.channels.servicedesk_plus.connector import SdpConnector
from integrations.channels.servicedesk_plus.mapping import MAPS, OWNERS
from integrations.channels.servicedesk_plus.v3 import (
    CloudToken,
    Pace,
    SdpClient,
    TechnicianKey,
)
from integrations.federation import engine
from integrations.federation.answers import AnswerTransport
from integrations.federation.kinds import Federated
from integrations.federation.options import setting
from integrations.models import Channel
from omnidesk.core.http import HttpDoor

sync = engine.sync
SdpTransport = AnswerTransport
# The cloud counts calls; about this many a minute are tolerated.
CLOUD_CALLS: Final = 30


def connect(channel: Channel) -> SdpConnector:
    """The connector of one channel; no network yet. Raises UnreadableSecret."""
    base = setting(channel, "url").split("?")[0].rstrip("/").removesuffix("/api/v3")
    cloud = bool("/app/" in base or channel.secret("refresh_token"))
    door = HttpDoor()
    token = (
        CloudToken(
            setting(channel, "accounts_url", "https://accounts.zoho.com"),
            client_id=setting(channel, "client_id"),
            client_secret=channel.secret("client_secret"),
            refresh_token=channel.secret("refresh_token"),
            door=door,
        )
        if cloud
        else TechnicianKey(channel.secret("authtoken"))
    )
    calls = channel.settings.get("calls_per_minute")
    pace = Pace(int(calls) if calls not in (None, "") else CLOUD_CALLS if cloud else 0)
    page = (
        f"{base}/ui/requests/{{id}}/details"
        if cloud
        else f"{base}/WorkOrder.do?woMode=viewWO&woID={{id}}"
    )
    client = SdpClient(f"{base}/api/v3", token, door=door, pace=pace)
    return SdpConnector(client, page=page, note_key=setting(channel, "note_key", "note"))


FEDERATED = Federated(connect=connect, maps=MAPS, owners=OWNERS)
