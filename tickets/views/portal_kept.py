"""What a requester wrote and has not sent: kept while typing, there again when the form opens."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket, home_organization
from tickets.actions.base import InvalidChange
from tickets.actions.keeping import FormChanged, Writer, forget_form, keep_form
from tickets.form_selectors import access_form
from tickets.models import KeptForm
from tickets.portal_selectors import kept_form
from tickets.views.frame import person_page, told

NEW, REQUEST, ANSWER = "new", "form", "answer"


@require_POST
@person_page
def keep(request: DeskRequest, form: str) -> HttpResponse:
    """Save the form `new`, `form-KEY` or `answer-NUMBER`; `do=forget` throws it away."""
    organization_id, page = _place(request, form)
    if request.POST.get("do") == "forget":
        forget_form(person=request.user, organization_id=organization_id, form=form)
        return told(request, redirect(page), _("Thrown away"))
    try:
        kept = keep_form(
            person=request.user, organization_id=organization_id, form=form,
            values=dict(request.POST.lists()), writer=_writer(request),
        )  # fmt: skip
    except FormChanged as other:
        return JsonResponse({"clash": str(other), "known": _known(other.kept), "page": page})
    except InvalidChange as refusal:
        return JsonResponse({"problem": str(refusal)}, status=422)
    return JsonResponse({"kept": kept is not None, "known": _known(kept)})


def _writer(request: DeskRequest) -> Writer:
    """The window, and the save it knows; one that is no time knows of nothing."""
    try:
        known = parse_datetime(request.POST.get("known", ""))
    except ValueError:
        known = None
    return Writer(request.POST.get("window", "")[:32], known)


def _known(kept: KeptForm | None) -> str:
    return kept.saved_at.isoformat() if kept else ""


def _place(request: DeskRequest, form: str) -> tuple[int, str]:
    """Whose form it is (organization), and its page. 404 for one that the person cannot send."""
    kind, _dash, key = form.partition("-")
    if kind == ANSWER and key.isascii() and key.isdigit() and len(key) < 10:
        ticket = access_ticket(request.user, int(key), need="write")
        return ticket.organization_id, reverse("portal:ticket", args=[ticket.number])
    home = home_organization(request.user)
    if kind == REQUEST and key:
        return access_form(request.user, home.pk, key).organization_id, reverse(
            "portal:form", args=[key]
        )
    if form == NEW:
        return home.pk, reverse("portal:new")
    raise Http404


def kept_context(
    request: DeskRequest, organization_id: int, form: str, page: forms.Form | None = None
) -> dict[str, Any]:
    """`kept` (or None), its `kept_url` and `kept_known`, the save that the page knows.

    An empty `page` begins with what was kept. Queries: 1.

    A form that was sent and refused shows what was sent.
    """
    kept = kept_form(request.user, organization_id, form)
    context = {"kept_url": reverse("portal:keep", args=[form]), "kept_known": _known(kept)}
    if page is not None and page.is_bound:
        return context | {"kept": None}
    if kept is not None and page is not None:
        refill(page, kept)
    return context | {"kept": kept}


def refill(page: forms.Form, kept: KeptForm) -> None:
    """Let an empty form begin with what was kept. Names that it does not have are left out."""
    for name, given in kept.values.items():
        field = page.fields.get(name)
        if field is None or isinstance(field, forms.FileField) or field.widget.is_hidden:
            continue
        several = isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField)
        page.initial[name] = given if several else "".join(given[-1:])
