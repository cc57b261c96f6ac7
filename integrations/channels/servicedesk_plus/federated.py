"""From a channel's settings to a connector, and the calls that the channel port makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.utils.translation import gettext as _

from integrations.channels.servicedesk_plus.connector import SdpConnector
from integrations.channels.servicedesk_plus.mapping import MAPS, OWNERS
from integrations.channels.servicedesk_plus.v3 import (
    CloudToken,
    SdpClient,
    TechnicianKey,
    pace_of,
)
from integrations.federation import engine
from integrations.federation.answers import AnswerTransport
from integrations.federation.kinds import Federated
from integrations.federation.options import setting
from integrations.federation.port import RemoteTrouble
from integrations.models import Channel
from omnidesk.core.http import HttpDoor
from omnidesk.core.vault import UnreadableSecret

sync = engine.sync
SdpTransport = AnswerTransport
# The cloud counts calls; about this many a minute are tolerated.
CLOUD_CALLS: Final = 30


def connect(channel: Channel, *, tries: int = 3) -> SdpConnector:
    """The connector of one channel; no network yet. Raises RemoteTrouble for unreadable secrets."""
    base = setting(channel, "url").split("?")[0].rstrip("/").removesuffix("/api/v3")
    door = HttpDoor(tries=tries)
    try:
        cloud = bool("/app/" in base or channel.secret("refresh_token"))
        token = _token(channel, door, cloud=cloud)
    except UnreadableSecret as problem:
        raise RemoteTrouble(str(problem)) from problem
    calls = channel.settings.get("calls_per_minute")
    per_minute = int(calls) if calls not in (None, "") else CLOUD_CALLS if cloud else 0
    pace = pace_of(channel.pk, per_minute)
    page = (
        f"{base}/ui/requests/{{id}}/details"
        if cloud
        else f"{base}/WorkOrder.do?woMode=viewWO&woID={{id}}"
    )
    client = SdpClient(f"{base}/api/v3", token, door=door, pace=pace)
    return SdpConnector(client, page=page, note_key=setting(channel, "note_key", "note"))


def _token(channel: Channel, door: HttpDoor, *, cloud: bool) -> CloudToken | TechnicianKey:
    if not cloud:
        return TechnicianKey(channel.secret("authtoken"))
    return CloudToken(
        setting(channel, "accounts_url", "https://accounts.zoho.com"),
        client_id=setting(channel, "client_id"),
        client_secret=channel.secret("client_secret"),
        refresh_token=channel.secret("refresh_token"),
        door=door,
    )


def can_ask(channel: Channel) -> bool:
    """Whether address and credentials are there; without them calls are taken as they are."""
    names = ("authtoken", "refresh_token")
    return bool(channel.settings.get("url") and any(map(channel.sealed_secrets.get, names)))


@contextmanager
def connected(channel: Channel) -> Iterator[SdpConnector]:
    """A connector for one piece of work, which comes again by itself: each call is made once."""
    connector = connect(channel, tries=1)
    try:
        yield connector
    finally:
        connector.close()


def test(channel: Channel) -> str:
    """Count the requests. Raises RemoteTrouble."""
    if not can_ask(channel):
        return _("Calls are taken; nothing is fetched or written back without credentials.")
    with connected(channel) as connector:
        return connector.test()


FEDERATED = Federated(connect=connect, maps=MAPS, owners=OWNERS)
