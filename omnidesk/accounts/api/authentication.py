"""Who asks: a bearer token of a session, or a personal API key.

Both open the database scope of the person's organizations: the middleware, which does that
for browser sessions, has run before a token is read.
"""

from typing import Any

import structlog
from allauth.headless.contrib.rest_framework.authentication import JWTTokenAuthentication
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request

from omnidesk.accounts.keys import recognise
from omnidesk.accounts.models import ApiKey, User
from omnidesk.core.tenancy import identify, replace_scope


def caller(request: Request) -> User:
    """The signed-in person behind a request that passed authentication."""
    user = request.user
    if not isinstance(user, User):
        raise NotAuthenticated
    return user


def enter_scope(user: User) -> None:
    """Let the rest of the request see what `user` may see."""
    identify(user.pk)
    replace_scope(user.visible_organization_ids())
    structlog.contextvars.bind_contextvars(user_id=user.pk)


class BearerAuthentication(JWTTokenAuthentication):  # type: ignore[misc]
    """`Authorization: Bearer <access token>`; the token's session must still be alive."""

    def authenticate_credentials(self, key: str) -> tuple[User, dict[str, Any]]:
        """The person and the token's claims."""
        try:
            user, claims = super().authenticate_credentials(key)
        except AuthenticationFailed:
            raise AuthenticationFailed(_("The access token is not valid or has expired.")) from None
        enter_scope(user)
        return user, claims


class KeyAuthentication(TokenAuthentication):
    """`Authorization: Token <personal API key>`."""

    keyword = "Token"

    def authenticate_credentials(self, key: str) -> tuple[User, ApiKey]:
        """The person and the key they use."""
        row = recognise(key)
        if row is None:
            raise AuthenticationFailed(_("The API key is not valid or has expired."))
        enter_scope(row.user)
        return row.user, row


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names bearer tokens."""

    target_class = BearerAuthentication
    name = "bearer"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The security scheme object."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names API keys."""

    target_class = KeyAuthentication
    name = "apiKey"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The security scheme object."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token` and a personal API key: `Token odk_...`",
        }
