"""A GLPI beside us, and Nordwerk's channel to it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pytest_django import Settings

from integrations.actions.channels import add_channel
from integrations.federation import engine
from integrations.links import ExternalLink
from integrations.models import Channel
from omnidesk.core import http
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.glpi import Glpi
from tests.fakes.glpi_story import LivelyGlpi
from tests.fakes.servicedesk import Sdp
from tests.fakes.servicedesk_story import LivelySdp
from tests.fakes.solman import Solman
from tests.fakes.solman_story import LivelySolman
from tickets.models import Ticket


@dataclass
class Bridge:
    """One channel and the calls that tests make on it."""

    cast: Cast
    channel: Channel

    def sync(self, times: int = 1) -> int:
        """Look and settle, with every link's waiting time over."""
        done = 0
        for _ in range(times):
            with organization_scope(self.cast.nordwerk.pk):
                rows = ExternalLink.objects.filter(due_at__isnull=False)
                rows.update(due_at=now(), claimed_at=None)
                self.channel = Channel.objects.select_related("organization").get(
                    pk=self.channel.pk
                )
            done += engine.sync(self.channel)
        return done

    def ticket(self, remote_id: object = "1") -> Ticket:
        with organization_scope(self.cast.nordwerk.pk):
            link = ExternalLink.objects.get(remote_id=str(remote_id))
            rows = Ticket.objects.select_related("status", "requester")
            return rows.get(external_links=link)

    def link(self, remote_id: object = "1") -> ExternalLink:
        with organization_scope(self.cast.nordwerk.pk):
            return ExternalLink.objects.get(remote_id=str(remote_id))


@pytest.fixture(autouse=True)
def beside_us(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fakes listen on loopback; nobody waits between tries."""
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    monkeypatch.setattr(http, "FIRST_WAIT", 0.0)
    monkeypatch.setattr(http, "LONGEST_WAIT", 0.0)
    http.reset_breakers()
    yield
    http.reset_breakers()


@pytest.fixture
def glpi() -> Iterator[LivelyGlpi]:
    server = LivelyGlpi()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bridge(cast: Cast, glpi: Glpi) -> Bridge:
    """Nordwerk's channel to the GLPI (rolled back)."""
    return build_bridge(cast, glpi)


@pytest.fixture
def solman() -> Iterator[LivelySolman]:
    server = LivelySolman()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sdp() -> Iterator[LivelySdp]:
    server = LivelySdp()
    server.start()
    yield server
    server.stop()


def bridge_to_sdp(cast: Cast, sdp: Sdp, **given: str) -> Bridge:
    """A channel to a ServiceDesk Plus on premises with these settings."""
    return bridge_of(cast, "servicedesk_plus", {"url": sdp.url, "authtoken": sdp.key, **given})


def build_bridge(cast: Cast, glpi: Glpi, **given: str) -> Bridge:
    """A channel to a GLPI with these settings."""
    settings = {
        "url": glpi.url, "app_token": glpi.app_token, "user_token": glpi.user_token,
        "zone": "Europe/Berlin", **given,
    }  # fmt: skip
    return bridge_of(cast, "glpi", settings)


def bridge_to_solman(cast: Cast, solman: Solman, **given: str) -> Bridge:
    """A channel to a Solution Manager with these settings."""
    settings = {"url": solman.url, "login": solman.login, "password": solman.password, **given}
    return bridge_of(cast, "solman", settings)


def bridge_of(cast: Cast, kind: str, given: dict[str, str]) -> Bridge:
    """A channel of Nordwerk's."""
    with organization_scope(cast.nordwerk.pk):
        channel, _made = add_channel(organization=cast.nordwerk, kind=kind, name=kind, given=given)
    return Bridge(cast, channel)
