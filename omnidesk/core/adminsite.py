"""The administration's site: who may enter, how they sign in, what its pages may run."""

from collections.abc import Callable
from typing import Any, Final

from allauth.account.decorators import secure_admin_login
from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

# Unfold's pages evaluate expressions in attributes (Alpine) and carry style attributes. Scripts
# still come from here alone; everywhere outside /admin/ the strict policy holds.
RELAXED = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}


# Words of Unfold that it does not have in our languages: the catalogue of the project says them.
WORDS: Final = (_("Select value"), _("Type to search"), _("Select all rows"))

# Blue as everywhere: violet means that a machine proposes.
BLUE: Final = {
    "50": "#f0f5fe", "100": "#e9f0fd", "200": "#c9d9fa", "300": "#9dbaf5", "400": "#6c8fe0",
    "500": "#3d6fe0", "600": "#2257d1", "700": "#1d4dbc", "800": "#1a4199", "900": "#1a2f66",
    "950": "#1a2440",
}  # fmt: skip


class AdministrationSite(UnfoldAdminSite):  # type: ignore[misc]
    """Unfold's site behind our own sign-in."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff, and administrators of an organization."""
        user: Any = request.user
        if not user.is_active or user.is_anonymous:
            return False
        return bool(user.is_staff or user.administered_organization_ids())

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With our colours and script, and an icon: every page would ask for one otherwise."""
        context: dict[str, Any] = super().each_context(request)
        icon = {"rel": "icon", "type": "image/svg+xml", "href": static("img/mark.svg")}
        return context | {
            "site_favicons": [icon],
            "styles": [static("css/admin.css")],
            "scripts": [static("js/admin.js")],
            "colors": {**context["colors"], "primary": BLUE},
        }

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The installation's own sign-in, with its rate limits and second factors."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Every page of the administration, under the policy that it needs."""
        guarded: Callable[..., Any] = csp_update(RELAXED)(super().admin_view(view, cacheable))
        return guarded
