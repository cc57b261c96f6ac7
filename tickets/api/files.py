"""tickets/{number}/attachments/: list, upload, download."""

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api.authentication import caller
from omnidesk.core.api.limits import ApiLimit, UploadLimit
from omnidesk.core.api.pagination import Ordering, Page
from omnidesk.core.api.parsers import MOST_FILES, UploadParser
from omnidesk.core.api.problems import Problem, invalid
from omnidesk.core.api.schema import page_of
from omnidesk.core.api.serializers import PageQuery
from omnidesk.core.api.views import ApiView
from tickets.access import access_ticket, readable_attachments
from tickets.actions.attach import NewFile, attach, check_size
from tickets.actions.base import Actor, InvalidChange
from tickets.api.inputs import UploadInput
from tickets.api.serializers import AttachmentSerializer

ORDERINGS = {"created_at": Ordering("created_at")}


class AttachmentsView(ApiView):
    """GET, POST tickets/{number}/attachments/."""

    parser_classes = [UploadParser]

    def get_throttles(self) -> list[ApiLimit | UploadLimit]:  # type: ignore[override]
        """Uploads have a limit of their own."""
        uploads = [UploadLimit()] if self.request.method == "POST" else []
        return [ApiLimit(), *uploads]

    @extend_schema(
        operation_id="attachments_list",
        tags=["tickets"],
        parameters=[PageQuery],
        responses={200: page_of(AttachmentSerializer)},
    )
    def get(self, request: Request, number: str) -> Response:
        """The ticket's files."""
        PageQuery.read(request)
        user = caller(request)
        ticket = access_ticket(user, number)
        files = readable_attachments(user, ticket)
        page = Page(request, files, ORDERINGS, "created_at")
        return page.response(AttachmentSerializer, number=ticket.number)

    @extend_schema(
        operation_id="attachments_create",
        tags=["tickets"],
        request={"multipart/form-data": UploadInput},
        responses={201: AttachmentSerializer(many=True)},
    )
    def post(self, request: Request, number: str) -> Response:
        """Upload files as parts named `file`; name their ids in a response to send them."""
        user = caller(request)
        ticket = access_ticket(user, number, need="write", lock=True)
        rows = attach(ticket=ticket, actor=Actor.person(user), files=_files(request))
        context = {"request": request, "number": ticket.number}
        shown = [AttachmentSerializer(row, context=context).data for row in rows]
        return Response(shown, status=201)


def _files(request: Request) -> list[NewFile]:
    uploads = request.FILES.getlist("file")
    unknown = sorted({*request.data, *request.FILES} - {"file"})
    if unknown:
        raise invalid({str(name): [_("Unknown field.")] for name in unknown})
    if not uploads:
        raise invalid({"file": [_("Send at least one part named “file” with a file name.")]})
    if len(uploads) > MOST_FILES:
        raise invalid({"file": [_("At most %(count)d files at once.") % {"count": MOST_FILES}]})
    for upload in uploads:
        try:
            check_size(upload.name or "", upload.size or 0)
        except InvalidChange as error:
            if not upload.size:
                raise
            raise Problem("too-large", 413, str(error), errors={"file": [str(error)]}) from None
    return [NewFile(upload.name or "", upload.read()) for upload in uploads]


class AttachmentView(ApiView):
    """GET tickets/{number}/attachments/{id}/."""

    @extend_schema(
        operation_id="attachments_read", tags=["tickets"], responses={200: AttachmentSerializer}
    )
    def get(self, request: Request, number: str, attachment_id: int) -> Response:
        """One file's facts."""
        user = caller(request)
        ticket = access_ticket(user, number)
        row = readable_attachments(user, ticket).filter(pk=attachment_id).first()
        if row is None:
            raise Http404(_("This ticket has no such file."))
        context = {"request": request, "number": ticket.number}
        return Response(AttachmentSerializer(row, context=context).data)


class AttachmentContentView(ApiView):
    """GET tickets/{number}/attachments/{id}/content/."""

    @extend_schema(
        operation_id="attachments_download",
        tags=["tickets"],
        responses={(200, "*/*"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, number: str, attachment_id: int) -> HttpResponse:
        """The file's bytes, always as a download: a stranger's file never runs here."""
        user = caller(request)
        ticket = access_ticket(user, number)
        row = readable_attachments(user, ticket).filter(pk=attachment_id).first()
        if row is None:
            raise Http404(_("This ticket has no such file."))
        etag = f'"{row.sha256}"'
        if etag in request.headers.get("If-None-Match", ""):
            return HttpResponse(status=304, headers={"ETag": etag})
        with row.file.open("rb") as file:
            content = file.read()
        return HttpResponse(
            content,
            content_type=row.content_type,
            headers={
                "Content-Disposition": content_disposition_header(True, row.name) or "attachment",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "private, no-cache",
                "ETag": etag,
            },
        )
