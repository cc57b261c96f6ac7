"""From a channel's settings to a connector, and the calls that the channel port makes."""

from zoneinfo import ZoneInfo

from integrations.channels.glpi.client import GlpiClient
from integrations.channels.glpi.connector import GlpiConnector
from integrations.channels.glpi.mapping import MAPS, OWNERS
from integrations.channels.glpi.v2client import GlpiV2Client
from integrations.channels.glpi.v2connector import GlpiV2Connector
from integrations.federation import engine
from integrations.federation.answers import AnswerTransport
from integrations.federation.kinds import Federated
from integrations.federation.options import setting
from integrations.models import Channel
from omnidesk.core.http import HttpDoor

sync = engine.sync
test = engine.test
GlpiTransport = AnswerTransport


def connect(channel: Channel) -> GlpiConnector | GlpiV2Connector:
    """The connector of one channel; no network yet. Raises UnreadableSecret."""
    pages, api = addresses(setting(channel, "url"))
    zone = ZoneInfo(setting(channel, "zone") or channel.organization.timezone)
    if setting(channel, "api", "legacy") == "v2":
        newer = GlpiV2Client(
            pages,
            client_id=setting(channel, "client_id"),
            client_secret=channel.secret("client_secret"),
            login=setting(channel, "login"),
            password=channel.secret("password"),
            door=HttpDoor(),
        )
        return GlpiV2Connector(newer, zone=zone, pages=pages)
    client = GlpiClient(
        api,
        app_token=channel.secret("app_token"),
        user_token=channel.secret("user_token"),
        login=setting(channel, "login"),
        password=channel.secret("password"),
        door=HttpDoor(),
    )
    return GlpiConnector(client, zone=zone, pages=pages)


def addresses(url: str) -> tuple[str, str]:
    """(of the pages, of the legacy API) from what was entered, with or without an API's path."""
    base = url.split("?", maxsplit=1)[0].rstrip("/")
    for ending in ("/apirest.php", "/api.php/v1"):
        if base.endswith(ending):
            return base.removesuffix(ending), base
    base = base.removesuffix("/v2").removesuffix("/api.php").removesuffix("/index.php")
    return base, f"{base}/apirest.php"


FEDERATED = Federated(connect=connect, maps=MAPS, owners=OWNERS)
