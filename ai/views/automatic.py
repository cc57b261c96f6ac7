"""The page behind an automatic answer's link: no sign-in, the link (and a code) is the key."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ai.actions import automatic as actions
from ai.automatic_words import known, read_answer
from ai.models import AutomaticAnswer
from omnidesk.core.tenancy import organization_scope

State = AutomaticAnswer.State


@never_cache
@require_http_methods(["GET", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The code, the answer, a person. Only a POST does anything: mail scanners fetch links."""
    mark = read_answer(token)
    if mark is None:
        return _page(request, None, _("This link is not valid any more."), 404)
    organization_id, answer_id = mark
    with organization_scope(organization_id):
        answer = _answer(answer_id)
        # What was only recorded was never spoken of: there is no such page.
        if answer is None or answer.state == State.SHADOW:
            return _page(request, None, _("This link is not valid any more."), 404)
        with translation.override(known(answer.language)):
            problem = _act(request, answer) if request.method == "POST" else ""
            return _page(request, _answer(answer_id), problem, 422 if problem else 200)


def _answer(answer_id: int) -> AutomaticAnswer | None:
    rows = AutomaticAnswer.objects.select_related("ticket", "message")
    return rows.filter(pk=answer_id, ticket__deleted_at=None).first()


def _act(request: HttpRequest, answer: AutomaticAnswer) -> str:
    wish = request.POST.get("wish", "")
    if wish == "person":
        actions.ask_person(answer=answer)
    elif wish == "helped":
        actions.say_it_helped(answer=answer)
    elif wish == "code":
        after = actions.try_code(answer=answer, code=request.POST.get("code", "")[:40])
        if after.state == State.ASKED:
            return _("This is not the code of the mail.")
    return ""


def _page(
    request: HttpRequest, answer: AutomaticAnswer | None, problem: str, status: int
) -> HttpResponse:
    context: dict[str, Any] = {"answer": answer, "problem": problem}
    page = render(request, "ai/automatic.html", context, status=status)
    # The address is the key: it must not leak by a referrer.
    page["Referrer-Policy"] = "no-referrer"
    page["X-Robots-Tag"] = "noindex"
    return page
