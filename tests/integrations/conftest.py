"""A mail channel for Nordwerk, and an outside mail server that remembers what it got."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from integrations.actions import set_up_mail_channel
from integrations.actions.channels import add_channel
from integrations.models import Channel
from omnidesk.accounts.models import User
from omnidesk.core.http import reset_breakers
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.smtp import OutsideServer
from tests.fakes.twilio import ACCOUNT, NUMBER, TOKEN, Twilio
from tests.integrations.forking import Forks
from tests.integrations.texts import BASE

DESK = "desk@nordwerk.example"


@pytest.fixture(scope="session")
def forks(django_db_setup: None) -> Iterator[Forks]:
    """What starts processes on this worker's test database that may be killed."""
    found = Forks()
    yield found
    found.close()


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


@pytest.fixture
def twilio(settings: Settings) -> Iterator[Twilio]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    settings.BASE_URL = BASE
    reset_breakers()
    fake = Twilio()
    fake.server.start()
    yield fake
    fake.server.stop()
    assert fake.violations == []


@pytest.fixture
def phone(cast: Cast, twilio: Twilio) -> Channel:
    """Nordwerk's number."""
    User.objects.filter(pk=cast.dana.pk).update(phone="0170 / 123 45 67")
    with organization_scope(cast.nordwerk.pk):
        channel, _ = add_channel(
            organization=cast.nordwerk,
            kind="sms",
            name="Hotline",
            given={
                "address": "+49 30 555123", "account_sid": ACCOUNT, "auth_token": TOKEN,
                "country": "de", "api_url": twilio.url,
            },
        )  # fmt: skip
    assert channel.address == NUMBER
    return channel
