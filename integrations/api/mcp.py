"""mcp/: the address of the Model Context Protocol (streamable HTTP, answers in JSON)."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.mcp.server import answer
from omnidesk.accounts.api.authentication import BearerAuthentication, KeyAuthentication
from omnidesk.accounts.keys import PREFIX
from omnidesk.accounts.models import ApiKey, User
from omnidesk.core.api.problems import Problem
from omnidesk.core.api.views import ApiView
from omnidesk.core.mcp import PARSE_ERROR, RpcError, id_of, read


class BearerOrKey(BearerAuthentication):
    """`Authorization: Bearer`, with an access token or a personal API key.

    Programs that speak this protocol can be given a bearer token and nothing else.
    """

    def authenticate_credentials(self, key: str) -> tuple[User, Any]:
        """The person, with the token's claims or the key."""
        if not key.startswith(PREFIX):
            return super().authenticate_credentials(key)
        found: tuple[User, ApiKey] = KeyAuthentication().authenticate_credentials(key)
        return found


class BearerOrKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names it."""

    target_class = BearerOrKey
    name = "bearerOrKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The security scheme object."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT or API key"}


class McpView(ApiView):
    """POST mcp/."""

    # No browser session: a page that somebody visits must not act in their name.
    authentication_classes = (BearerOrKey, KeyAuthentication)
    keeps_answers = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """First of all refuse pages of other sites, whatever credentials they hold."""
        origin = request.headers.get("Origin")
        if origin and origin.lower() not in _own_origins(request):
            raise Problem("forbidden", 403, _("Pages of other sites may not call this address."))
        super().initial(request, *args, **kwargs)

    @extend_schema(
        operation_id="mcp",
        tags=["mcp"],
        summary="The Model Context Protocol: one JSON-RPC request",
        request={"application/json": OpenApiTypes.OBJECT},
        responses={
            200: OpenApiResponse(OpenApiTypes.OBJECT, "The JSON-RPC response."),
            202: OpenApiResponse(description="A notification: taken."),
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Answer one request."""
        body: Any = None
        try:
            try:
                body = request.data
            except ParseError:
                raise RpcError(PARSE_ERROR, "Parse error") from None
            call = read(body, request.headers)
            if call.id is None:
                return Response(status=202)
            result = answer(request, call)
        except RpcError as error:
            return Response(error.body(id_of(body)), status=error.status)
        return Response({"jsonrpc": "2.0", "id": call.id, "result": result})


def _own_origins(request: Request) -> set[str]:
    base = urlsplit(settings.BASE_URL)
    own = request._request.build_absolute_uri("/").rstrip("/")
    return {f"{base.scheme}://{base.netloc}".lower(), own.lower()}
