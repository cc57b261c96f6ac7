"""`GET /metrics` for Prometheus, closed to the public."""

import hmac
import ipaddress
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from analytics.metrics import exposition
from integrations.api.base import AnyAnswer
from omnidesk.accounts.api.authentication import BearerAuthentication, KeyAuthentication
from omnidesk.core.api.limits import client_address
from omnidesk.core.api.views import ApiView
from omnidesk.core.tenancy import system_scope

SCRAPER: Final = "scraper"


class TokenOfTheInstallation(BaseAuthentication):
    """`Authorization: Bearer <OMNIDESK_METRICS_TOKEN>`; anything else is left to the others."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, str] | None:
        """Nobody, with the mark of a scraper."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        wanted = settings.METRICS_TOKEN
        if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
            return None
        return AnonymousUser(), SCRAPER

    def authenticate_header(self, request: Request) -> str:
        """So that strangers hear 401 and what is wanted."""
        return "Bearer"


class MayScrape(BasePermission):
    """The installation's token, its owners, or a caller in one of the networks.

    It tells of all organizations, so the administrators of one of them may not read it.
    """

    message = _("Only an owner of the installation can read its metrics.")

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller is one of these."""
        if request.auth == SCRAPER or getattr(request.user, "is_superuser", False):
            return True
        try:
            address = ipaddress.ip_address(client_address(request))
        except ValueError:
            return False
        return any(address in network for network in settings.METRICS_NETWORKS)


class MetricsView(ApiView):
    """GET /metrics."""

    authentication_classes = [
        TokenOfTheInstallation, BearerAuthentication, KeyAuthentication, SessionAuthentication,
    ]  # fmt: skip
    permission_classes = [MayScrape]
    content_negotiation_class = AnyAnswer

    def get(self, request: Request) -> HttpResponse:
        """Prometheus text."""
        with system_scope():
            text = exposition()
        return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)
