"""Confirming a telephone number: ask for a code, type it in, or forget the number."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from integrations.actions.phones import (
    MAX_TRIES,
    ask_for_code,
    confirm_phone,
    confirmed_contact,
    forget_phone,
    open_code,
)
from integrations.notice_media import shown_phone, text_organizations
from integrations.tasks import nudge_code
from omnidesk.accounts.models import Organization
from omnidesk.accounts.requests import DeskRequest
from tickets.actions.base import InvalidChange
from tickets.views.frame import person_page, told


@require_http_methods(["GET", "POST"])
@person_page
def confirm(request: DeskRequest) -> HttpResponse:
    """The page, for one of the person's organizations that send text messages. Queries: 4."""
    user, ids = request.user, text_organizations(request.user)
    if not ids:
        raise Http404
    asked = request.POST.get("organization") or request.GET.get("organization") or ""
    chosen = next((one for one in ids if str(one) == asked), ids[0])
    context: dict[str, Any] = {}
    if request.method == "POST":
        answer = _act(request, chosen, context)
        if answer is not None:
            return answer
    code, contact = open_code(chosen, user), confirmed_contact(chosen, user)
    base = "desk/base.html" if user.is_agent else "portal/base.html"
    context |= {
        "frame": base, "nav_key": "notifications", "on_desk": user.is_agent, "chosen": chosen,
        "organizations": Organization.objects.filter(pk__in=ids) if len(ids) > 1 else [],
        "code": code, "code_phone": shown_phone(code.phone) if code else "",
        "confirmed": shown_phone(contact.phone) if contact else "",
        "number": request.POST.get("phone") or user.phone,
    }  # fmt: skip
    status = 422 if context.get("problem") else 200
    return render(request, "integrations/phone.html", context, status=status)


def _act(
    request: DeskRequest, organization_id: int, context: dict[str, Any]
) -> HttpResponse | None:
    """Do what was pressed; None where the page has to say why not."""
    user, there = request.user, f"{request.path}?organization={organization_id}"
    if "forget" in request.POST:
        forget_phone(user=user, organization_id=organization_id)
        return told(request, redirect(there), _("No text messages are sent to you any more."))
    if "code" in request.POST:
        typed = request.POST["code"]
        if confirm_phone(user=user, organization_id=organization_id, code=typed):
            answer = redirect("portal:notification_settings")
            return told(request, answer, _("Confirmed. Choose now what you are told there."))
        left = open_code(organization_id, user)
        context["problem_at"] = "code"
        context["problem"] = (
            _("This is not the code. You may try %(count)d more times.")
            % {"count": MAX_TRIES - left.tries}
            if left
            else _("This code is not good any more. Ask for a new one.")
        )
        return None
    try:
        number = request.POST.get("phone", "")
        nudge_code(ask_for_code(user=user, organization_id=organization_id, number=number))
    except InvalidChange as refusal:
        context |= {"problem": str(refusal), "problem_at": "phone"}
        return None
    return told(request, redirect(there), _("A code is on its way."))
