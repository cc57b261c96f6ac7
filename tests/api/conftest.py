"""Clients of the API, each with its own empty limits."""

from collections.abc import Callable
from typing import Any

import pytest
import redis
from rest_framework.test import APIClient

from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.models import Ticket


class Client(APIClient):
    """REST framework's test client with JSON problems at hand."""

    def problem(self, response: Any, status: int, kind: str) -> dict[str, Any]:
        """The body of an error, checked for the shape that every error has."""
        assert response.status_code == status, response.content
        assert response["Content-Type"] == "application/problem+json"
        body = response.json()
        assert body.keys() == {"type", "title", "status", "detail", "errors", "correlation_id"}
        assert body["type"] == f"urn:omnidesk:problem:{kind}"
        assert body["status"] == status
        assert body["correlation_id"] == response["X-Correlation-ID"]
        assert body["title"]
        assert body["detail"]
        return dict(body)


@pytest.fixture(autouse=True)
def _empty_limits(redis_client: "redis.Redis") -> None:
    """Counters of one test must not refuse the next."""


@pytest.fixture
def client() -> Client:
    """Somebody who has not signed in."""
    return Client()


@pytest.fixture
def client_of(db: None) -> Callable[[User], Client]:
    """A client with a person's browser session (CSRF is not enforced in tests)."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def alice(cast: Cast, client_of: Callable[[User], Client]) -> Client:
    """The agent's client."""
    return client_of(cast.alice)


@pytest.fixture
def dana(cast: Cast, client_of: Callable[[User], Client]) -> Client:
    """The requester's client."""
    return client_of(cast.dana)


@pytest.fixture
def charlie(cast: Cast, client_of: Callable[[User], Client]) -> Client:
    """The client of another organization's agent."""
    return client_of(cast.charlie)


@pytest.fixture
def admin(cast: Cast, client_of: Callable[[User], Client]) -> Client:
    """The installation administrator's client."""
    return client_of(cast.admin)


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """A ticket that Dana opened."""
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket()
