"""documents/: files that the AI reads and cites."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ai.access import access_document, readable_documents
from ai.actions.documents import add_document, remove_document
from ai.api.common import organization_of
from ai.models import Document
from ai.tasks import index_objects, read_document
from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from omnidesk.core.api.limits import ApiLimit, UploadLimit
from omnidesk.core.api.pagination import Ordering, Page
from omnidesk.core.api.parsers import UploadParser
from omnidesk.core.api.problems import Problem, invalid
from omnidesk.core.api.schema import page_of
from omnidesk.core.api.serializers import PageQuery, StrictSerializer, Text
from omnidesk.core.api.views import ApiView
from tickets.actions.attach import NewFile, check_size
from tickets.actions.base import InvalidChange
from tickets.api.inputs import Reference

ORDERINGS = {"created_at": Ordering("created_at"), "title": Ordering("title")}


class DocumentFields(StrictSerializer):
    """The fields beside the file."""

    title = Text(required=False, max_length=200, allow_blank=True, default="")
    is_public = serializers.BooleanField(required=False, default=False)
    organization = Reference(required=False)


class DocumentUpload(DocumentFields):
    """multipart/form-data: one part named `file`, and what to call it."""

    file = extend_schema_field(OpenApiTypes.BINARY)(serializers.FileField)()


class DocumentSerializer(serializers.ModelSerializer[Document]):
    """A document; `problem` says in one sentence why it cannot be read."""

    problem = serializers.SerializerMethodField()
    organization = serializers.IntegerField(source="organization_id")

    class Meta:
        model = Document
        fields = (
            "id", "title", "name", "content_type", "size", "sha256", "kind", "language", "units",
            "is_public", "state", "problem", "organization", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_problem(self, row: Document) -> str:
        """The sentence, or nothing."""
        return str(row.get_problem_display()) if row.problem else ""


class DocumentsView(ApiView):
    """GET, POST documents/."""

    parser_classes = [UploadParser]

    def get_throttles(self) -> list[ApiLimit | UploadLimit]:  # type: ignore[override]
        """Uploads have a limit of their own."""
        uploads = [UploadLimit()] if self.request.method == "POST" else []
        return [ApiLimit(), *uploads]

    @extend_schema(
        operation_id="documents_list",
        tags=["ai"],
        parameters=[PageQuery],
        responses={200: page_of(DocumentSerializer)},
    )
    def get(self, request: Request) -> Response:
        """The documents that the caller may read."""
        PageQuery.read(request)
        page = Page(request, readable_documents(caller(request)), ORDERINGS, "title")
        return page.response(DocumentSerializer)

    @extend_schema(
        operation_id="documents_create",
        tags=["ai"],
        request={"multipart/form-data": DocumentUpload},
        responses={202: DocumentSerializer},
    )
    def post(self, request: Request) -> Response:
        """Upload a file: pdf, docx, xlsx, pptx, txt, md, html or eml; it is read in the
        background. For administrators."""
        user = caller(request)
        file = _file(request)
        sent: dict[str, Any] = dict(request.data.items()) if hasattr(request.data, "items") else {}
        fields = DocumentFields(data={name: sent[name] for name in sent.keys() - {"file"}})
        fields.is_valid(raise_exception=True)
        given = fields.validated_data
        organization_id = organization_of(user, given.get("organization"))
        need_administrator(user, organization_id)
        row = add_document(
            organization_id=organization_id,
            user=user,
            file=file,
            title=given["title"],
            is_public=given["is_public"],
        )
        transaction.on_commit(lambda: read_document.delay(organization_id, row.pk))
        return Response(DocumentSerializer(row).data, status=202)


def _file(request: Request) -> NewFile:
    uploads = request.FILES.getlist("file")
    if len(uploads) != 1:
        raise invalid({"file": [_("Send one part named “file” with a file name.")]})
    [upload] = uploads
    try:
        check_size(upload.name or "", upload.size or 0)
    except InvalidChange as error:
        if not upload.size:
            raise
        raise Problem("too-large", 413, str(error), errors={"file": [str(error)]}) from None
    return NewFile(upload.name or "", upload.read())


class DocumentView(ApiView):
    """GET, DELETE documents/{id}/."""

    @extend_schema(operation_id="documents_read", tags=["ai"], responses={200: DocumentSerializer})
    def get(self, request: Request, document_id: int) -> Response:
        """One document, and whether it has been read."""
        return Response(DocumentSerializer(access_document(caller(request), document_id)).data)

    @extend_schema(operation_id="documents_delete", tags=["ai"], responses={204: None})
    def delete(self, request: Request, document_id: int) -> Response:
        """Remove a document with everything that was read from it. For administrators."""
        user = caller(request)
        row = access_document(user, document_id)
        need_administrator(user, row.organization_id)
        forget(row)
        return Response(status=204)


def forget(row: Document) -> None:
    """Remove the row now and what lies in the vector store right after."""
    organization_id, document_id = row.organization_id, row.pk
    remove_document(document=row)
    arguments: tuple[Any, ...] = (organization_id, "document", [document_id])
    transaction.on_commit(lambda: index_objects.delay(*arguments))


def need_administrator(user: User, organization_id: int) -> None:
    """Raise `PermissionDenied` for anybody else."""
    if not user.has_role(organization_id, Role.ADMINISTRATOR):
        raise PermissionDenied(_("Only an administrator can change documents."))
