"""The link in an incident's question: without signing in, yes or no."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ai.actions.incidents import answer_membership
from ai.incident_words import read_member
from ai.models import SurgeMember
from omnidesk.core.tenancy import organization_scope
from tickets.actions.base import Actor


@never_cache
@require_http_methods(["GET", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Is this your problem as well? Only a POST answers: mail scanners fetch links."""
    mark = read_member(token)
    if mark is None:
        return _page(request, {}, 404)
    organization_id, member_id = mark
    with organization_scope(organization_id):
        rows = SurgeMember.objects.select_related("surge__ticket", "ticket", "person")
        member = rows.filter(pk=member_id, asked_at__isnull=False).first()
        if member is None or member.surge.ticket is None:
            return _page(request, {}, 404)
        known = dict(settings.LANGUAGES)
        language = member.ticket.language if member.ticket.language in known else ""
        with translation.override(language or translation.get_language()):
            choice = request.POST.get("answer", "")
            if request.method == "POST" and choice in {"same", "other"}:
                actor = Actor.person(member.person)
                answer_membership(member=member, same=choice == "same", actor=actor)
                member.refresh_from_db(fields=["answer"])
            return _page(request, {"member": member, "incident": member.surge.ticket})


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    if not context:
        context = {"problem": _("This link is not valid any more.")}
    page = render(request, "ai/affected.html", context, status=status)
    # The address is the key: it must not leak by a referrer.
    page["Referrer-Policy"] = "no-referrer"
    page["X-Robots-Tag"] = "noindex"
    return page
