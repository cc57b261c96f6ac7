"""From a channel's settings to a connector, and the calls that the channel port makes."""

from zoneinfo import ZoneInfo

from integrations.channels.glpi.client import GlpiClient
from integrations.channels.glpi.connector import GlpiConnector
from integrations.channels.glpi.mapping import MAPS, OWNERS
from integrations.federation import engine
from integrations.federation.answers import AnswerTransport
from integrations.federation.kinds import Federated
from integrations.federation.options import setting
from integrations.models import Channel
from omnidesk.core.http import HttpDoor

sync = engine.sync
test = engine.test
GlpiTransport = AnswerTransport


def connect(channel: Channel) -> GlpiConnector:
    """The connector of one channel; no network yet. Raises UnreadableSecret."""
    pages, api = addresses(setting(channel, "url"))
    client = GlpiClient(
        api,
        app_token=channel.secret("app_token"),
        user_token=channel.secret("user_token"),
        login=setting(channel, "login"),
        password=channel.secret("password"),
        door=HttpDoor(),
    )
    zone = ZoneInfo(setting(channel, "zone") or channel.organization.timezone)
    return GlpiConnector(client, zone=zone, pages=pages)


def addresses(url: str) -> tuple[str, str]:
    """(of the pages, of the legacy API) from what was entered, with or without an API's path."""
    base = url.split("?", maxsplit=1)[0].rstrip("/")
    for ending in ("/apirest.php", "/api.php/v1"):
        if base.endswith(ending):
            return base.removesuffix(ending), base
    base = base.removesuffix("/api.php").removesuffix("/index.php")
    return base, f"{base}/apirest.php"


FEDERATED = Federated(connect=connect, maps=MAPS, owners=OWNERS)
