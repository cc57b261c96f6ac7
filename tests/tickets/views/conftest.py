"""Browsers of the cast: a client per person, signed in."""

from collections.abc import Callable

import pytest
from django.test import Client

from omnidesk.accounts.models import User

SignIn = Callable[[User], Client]


@pytest.fixture
def sign_in() -> SignIn:
    """A client in which a person is signed in."""

    def enter(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return enter


def htmx(target: str = "") -> dict[str, str]:
    """Headers of an htmx request that fills the element with this id."""
    return {"HX-Request": "true", **({"HX-Target": target} if target else {})}
