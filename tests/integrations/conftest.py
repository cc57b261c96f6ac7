"""A mail channel for Nordwerk, and an outside mail server that remembers what it got."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from integrations.actions import set_up_mail_channel
from integrations.models import Channel
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.smtp import OutsideServer

DESK = "desk@nordwerk.example"


@pytest.fixture
def channel(cast: Cast) -> Channel:
    """Nordwerk's mailbox (rolled back)."""
    with organization_scope(cast.nordwerk.pk):
        return set_up_mail_channel(cast.nordwerk, DESK, name="Nordwerk IT")


@pytest.fixture
def live_channel(live_cast: Cast) -> Channel:
    """Nordwerk's mailbox (committed)."""
    with organization_scope(live_cast.nordwerk.pk):
        return set_up_mail_channel(live_cast.nordwerk, DESK, name="Nordwerk IT")


@pytest.fixture
def outside(settings: Settings) -> Iterator[OutsideServer]:
    """The mail server of the outside world; EMAIL_URL points at it."""
    server = OutsideServer()
    server.start()
    settings.EMAIL_URL = f"smtp://127.0.0.1:{server.port}"
    yield server
    server.stop()


@pytest.fixture
def outgoing(settings: Settings, tmp_path: Path) -> Path:
    """No mail server: answers become files here."""
    settings.EMAIL_URL = ""
    settings.OUTGOING_DIR = tmp_path / "outgoing"
    return tmp_path / "outgoing"
