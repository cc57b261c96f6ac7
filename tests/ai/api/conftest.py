"""Clients of the API for the AI's endpoints."""

import pytest
import redis
from django.conf import LazySettings

from ai import client as ai_client
from omnidesk.accounts.models import User
from tests.api.conftest import Client
from tests.cast import Cast


@pytest.fixture(autouse=True)
def _fresh(redis_client: "redis.Redis", settings: LazySettings) -> None:
    """Empty limits; nobody answers, and that is soon known."""
    settings.AI_REQUEST_TIMEOUT = 0.2
    ai_client._rest.end()


def signed_in(user: User) -> Client:
    """A client with a person's browser session."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def alice(cast: Cast) -> Client:
    """The agent's client."""
    return signed_in(cast.alice)


@pytest.fixture
def bob(cast: Cast) -> Client:
    """The lead's client."""
    return signed_in(cast.bob)


@pytest.fixture
def dana(cast: Cast) -> Client:
    """The requester's client."""
    return signed_in(cast.dana)


@pytest.fixture
def charlie(cast: Cast) -> Client:
    """The client of another organization's agent."""
    return signed_in(cast.charlie)
