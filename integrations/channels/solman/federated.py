"""From a channel's settings to a connector, and the calls that the channel port makes."""

from zoneinfo import ZoneInfo

from integrations.channels.solman.client import ODataService
from integrations.channels.solman.connector import SolmanConnector
from integrations.channels.solman.mapping import MAPS, OWNERS
from integrations.federation import engine
from integrations.federation.answers import AnswerTransport
from integrations.federation.kinds import Federated
from integrations.federation.options import setting, table
from integrations.models import Channel
from omnidesk.core.http import HttpDoor

sync = engine.sync
test = engine.test
SolmanTransport = AnswerTransport


def connect(channel: Channel) -> SolmanConnector:
    """The connector of one channel; no network yet. Raises UnreadableSecret."""
    password = channel.secret("password")

    def service(name: str) -> ODataService:
        return ODataService(
            setting(channel, "url"),
            name,
            client=setting(channel, "client", "001"),
            language=setting(channel, "language", "EN"),
            login=setting(channel, "login"),
            password=password,
            door=HttpDoor(),
        )

    return SolmanConnector(
        service(setting(channel, "service", "AI_CRM_GW_MYMESSAGE_SRV")),
        lambda: service(setting(channel, "create_service", "AI_CRM_GW_CREATE_INCIDENT_SRV")),
        zone=ZoneInfo(setting(channel, "zone") or channel.organization.timezone),
        process_type=setting(channel, "process_type", "SMIN"),
        names={usual: own for own, usual in table(setting(channel, "names")).items()},
    )


FEDERATED = Federated(connect=connect, maps=MAPS, owners=OWNERS)
