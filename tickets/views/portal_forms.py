"""A form of the request catalogue, and the tickets it opens."""

from uuid import uuid4

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from omnidesk.core.text import render_markdown
from tickets.access import home_organization
from tickets.actions.base import InvalidChange
from tickets.actions.keeping import forget_form
from tickets.actions.request_forms import Request, submit_form
from tickets.field_forms import PREFIX, AskedForm
from tickets.field_selectors import facts_about, is_member
from tickets.fields import in_words
from tickets.form_selectors import access_form, form_items, form_rules
from tickets.forms import FILES_HINT, FilesField, new_files, show_refusal
from tickets.models import FormItem, RequestForm, Ticket
from tickets.views.frame import person_page, told
from tickets.views.portal_kept import REQUEST, kept_context


class CatalogueForm(AskedForm):
    """What a form asks, with a free text and files where it takes them."""

    token = forms.UUIDField(widget=forms.HiddenInput, required=False)
    note = forms.CharField(
        label=gettext_lazy("Anything else we should know?"),
        help_text=gettext_lazy("optional"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    attachments = FilesField(label=gettext_lazy("Files"), help_text=FILES_HINT, required=False)


@require_http_methods(["GET", "POST"])
@person_page
def form(request: DeskRequest, key: str) -> HttpResponse:
    """The form; sending it opens its tickets, once however often it is sent."""
    row = access_form(request.user, home_organization(request.user).pk, key)
    items = form_items(row)
    page = _form(request, row, items)
    if request.method == "POST" and page.is_valid():
        try:
            ticket = _submit(request, row, page)
        except InvalidChange as refusal:
            show_refusal(page, refusal)
        else:
            text = _("We received it. Your number is %d.") % ticket.number
            return told(request, redirect("portal:ticket", number=ticket.number), text)
    context = {"form": page, "row": row, "parts": _parts(page, items), "nav_key": "new"}
    context |= kept_context(request, row.organization_id, f"{REQUEST}-{row.key}", page)
    context["intro"] = render_markdown(in_words(row.intro, get_language() or "en"))
    return render(request, "portal/form.html", context, status=422 if page.is_bound else 200)


def _form(request: DeskRequest, row: RequestForm, items: list[FormItem]) -> CatalogueForm:
    by_desk = request.user.has_role(row.organization_id, Role.AGENT)
    page = CatalogueForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        initial={"token": uuid4()},
        rules=form_rules(items, by_desk=by_desk),
        facts=facts_about(row.category),
        by_desk=by_desk,
        is_person=lambda email: is_member(row.organization_id, email),
    )
    if not row.asks_note:
        del page.fields["note"]
    if not row.takes_files:
        del page.fields["attachments"]
    return page


def _submit(request: DeskRequest, row: RequestForm, page: CatalogueForm) -> Ticket:
    values = page.cleaned_data
    given = Request(
        token=values["token"] or uuid4(),
        values={k: v for k, v in page.values().items() if v is not None},
        note=values.get("note", ""),
        files=new_files(values.get("attachments") or []),
    )
    ticket = submit_form(form=row, person=request.user, request=given)
    kept = f"{REQUEST}-{row.key}"
    forget_form(person=request.user, organization_id=row.organization_id, form=kept)
    return ticket


def _parts(page: CatalogueForm, items: list[FormItem]) -> list[dict[str, object]]:
    """Fields and texts in the form's order, then the free text and the files."""
    language = get_language() or "en"
    parts: list[dict[str, object]] = []
    for item in items:
        if item.field and PREFIX + item.field.key in page.fields:
            parts.append({"field": page[PREFIX + item.field.key]})
        elif not item.field:
            parts.append({"text": render_markdown(in_words(item.text, language))})
    parts += [{"field": page[name]} for name in ("note", "attachments") if name in page.fields]
    return parts
