"""Documents for the desk: what the AI may read besides tickets and articles."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db import transaction
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ai.access import access_document, readable_documents
from ai.actions.documents import add_document, read_again, show_document
from ai.api.documents import forget, need_administrator
from ai.models import Document
from ai.tasks import index_objects, read_document
from omnidesk.accounts.models import Organization, User
from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from tickets.actions.attach import NewFile
from tickets.actions.base import InvalidChange
from tickets.views.frame import desk_page, told

PAGE = 50


class DocumentForm(forms.Form):
    """A file to read, what to call it, and who may be told what it says."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("PDF, Word, Excel, PowerPoint, text, Markdown, HTML or e-mail"),
        error_messages={"required": gettext_lazy("Choose a file.")},
    )
    title = forms.CharField(
        label=gettext_lazy("Title"),
        help_text=gettext_lazy("optional, otherwise the file's name"),
        max_length=200,
        required=False,
    )
    organization = forms.ModelChoiceField(
        label=gettext_lazy("Organization"), queryset=Organization.objects.none()
    )
    is_public = forms.BooleanField(
        label=gettext_lazy("May be quoted to requesters"), required=False
    )

    def __init__(self, *args: Any, organizations: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["organization"]
        field.queryset = Organization.objects.filter(pk__in=organizations)
        if len(organizations) == 1:
            field.initial = organizations[0]
            field.widget = forms.HiddenInput()


def _administered(user: User) -> list[int]:
    return sorted(
        pk for pk in user.staffed_organization_ids() if user.has_role(pk, Role.ADMINISTRATOR)
    )


@require_http_methods(["GET", "POST"])
@desk_page
def index(request: DeskRequest) -> HttpResponse:
    """Every document of the desk, and for administrators a form for a new one."""
    administered = _administered(request.user)
    form = DocumentForm(request.POST or None, request.FILES or None, organizations=administered)
    if request.method == "POST" and form.is_valid():
        row = _add(request, form)
        if row is not None:
            return told(request, redirect("ai:document", row.pk), _("Uploaded, it is being read"))
    rows = readable_documents(request.user).select_related("organization", "uploaded_by")
    context = {
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "form": form if administered else None,
        "several": len(request.user.staffed_organization_ids()) > 1,
        "nav_key": "ai",
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "ai/documents.html", context, status=status)


def _add(request: DeskRequest, form: DocumentForm) -> Document | None:
    given = form.cleaned_data
    organization_id = given["organization"].pk
    need_administrator(request.user, organization_id)
    try:
        row = add_document(
            organization_id=organization_id,
            user=request.user,
            file=NewFile(given["file"].name or "", given["file"].read()),
            title=given["title"],
            is_public=given["is_public"],
        )
    except InvalidChange as refusal:
        form.add_error("file", str(refusal))
        return None
    transaction.on_commit(lambda: read_document.delay(organization_id, row.pk))
    return row


@require_GET
@desk_page
def document(request: DeskRequest, document_id: int) -> HttpResponse:
    """What was read from one document, by place, or why nothing was. Queries: 3."""
    row = access_document(request.user, document_id)
    context = {
        "document": row,
        "page": Paginator(row.passages.all(), PAGE).get_page(request.GET.get("page")),
        "may_change": request.user.has_role(row.organization_id, Role.ADMINISTRATOR),
        "nav_key": "ai",
    }
    return render(request, "ai/document.html", context)


@require_GET
@desk_page
def original(request: DeskRequest, document_id: int) -> HttpResponseBase:
    """The file as it was uploaded, always to be saved."""
    row = access_document(request.user, document_id)
    response = FileResponse(
        row.file.open("rb"),
        as_attachment=True,
        filename=row.name,
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-cache"
    return response


@require_POST
@desk_page
def change(request: DeskRequest, document_id: int) -> HttpResponse:
    """Remove it, read it again, or change who may be told what it says."""
    row = access_document(request.user, document_id)
    need_administrator(request.user, row.organization_id)
    organization_id = row.organization_id
    wish = request.POST.get("do", "")
    if wish == "remove":
        forget(row)
        return told(request, redirect("ai:documents"), _("Removed"))
    if wish == "again" and read_again(document=row):
        transaction.on_commit(lambda: read_document.delay(organization_id, document_id))
    elif wish in {"show", "hide"}:
        show_document(document=row, is_public=wish == "show")
        transaction.on_commit(
            lambda: index_objects.delay(organization_id, "document", [document_id])
        )
    return told(request, redirect("ai:document", document_id), _("Changed"))
