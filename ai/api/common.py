"""What the AI's endpoints share: limits, the organization meant, the answer when AI is away."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from ai.client import AiUnavailable
from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from omnidesk.core.api.limits import AiLimit, ApiLimit
from omnidesk.core.api.problems import Problem
from omnidesk.core.api.views import ApiView
from tickets.access import home_organization
from tickets.api.lookups import organization_of as find_organization


class AiView(ApiView):
    """An endpoint that makes the models work."""

    def get_throttles(self) -> list[ApiLimit | AiLimit]:  # type: ignore[override]
        """Model work has a limit of its own."""
        return [ApiLimit(), AiLimit()]

    def handle_exception(self, exc: Exception) -> Response:
        """AI away is 503 with a clear sentence; everything else as always."""
        if isinstance(exc, AiUnavailable):
            exc = Problem(
                "unavailable",
                503,
                _("AI is not reachable. Everything else works."),
                headers={"Retry-After": "10"},
            )
        return super().handle_exception(exc)


def organization_of(user: User, given: str | int | None) -> int:
    """The organization to work for: the named one if the person may see it, else their own."""
    if given is None:
        return home_organization(user).pk
    if isinstance(given, int) and given in user.visible_organization_ids():
        return given
    return find_organization(user, str(given)).pk


def staff(request: Request) -> User:
    """Who asks, if they work on tickets; raises `PermissionDenied`."""
    user = caller(request)
    if not user.is_agent:
        raise PermissionDenied(_("Only the service desk can do this."))
    return user
