"""Files of tickets: through the gate, and never as something a browser would run."""

from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_article_file, access_attachment
from tickets.models import ArticleFile, Attachment
from tickets.views.frame import desk_page, person_page

# Only what a browser draws without running it; SVG is a document, not a picture.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
# The browser's own viewer, which runs apart from the page; in a sandbox it stays blank.
PDF = "application/pdf"
TEXT = "text/plain"
SANDBOX = "default-src 'none'; sandbox"
MOST_SHOWN = 64 * 1024


@require_GET
@person_page
def download(request: DeskRequest, attachment_id: int) -> HttpResponseBase:
    """One file: pictures are shown, pdf where it is asked for, everything else is saved."""
    return serve(access_attachment(request.user, attachment_id), "view" in request.GET)


@require_GET
@person_page
def article_file(request: DeskRequest, pk: int) -> HttpResponseBase:
    """A file of an article that the person may read."""
    return serve(access_article_file(request.user, pk), "view" in request.GET)


def serve(row: Attachment | ArticleFile, wish_to_view: bool) -> HttpResponseBase:
    """The bytes, in a way that no browser runs them."""
    viewed = row.content_type == PDF and wish_to_view
    shown = row.content_type in PICTURES or viewed
    response = FileResponse(
        row.file.open("rb"),
        as_attachment=not shown,
        filename=row.name,
        content_type=row.content_type if shown else "application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'" if viewed else SANDBOX
    response["Cache-Control"] = "private, max-age=3600"
    return response


@require_GET
@desk_page
def preview(request: DeskRequest, pk: int) -> HttpResponse:
    """A look at a file before it is saved: picture, text, the way to the browser's pdf viewer."""
    row = access_attachment(request.user, pk)
    text, is_cut = _beginning(row) if row.content_type == TEXT else ("", False)
    kinds = {**dict.fromkeys(PICTURES, "picture"), PDF: "pdf", TEXT: "text"}
    context = {
        "file": row,
        "kind": kinds.get(row.content_type, ""),
        "text": text,
        "is_cut": is_cut,
        "ticket": row.ticket,
    }
    template = "desk/_file_dialog.html" if request.htmx else "desk/file.html"
    return render(request, template, context)


def _beginning(row: Attachment) -> tuple[str, bool]:
    """What a text file begins with, and whether there is more."""
    with row.file.open("rb") as file:
        content = file.read(MOST_SHOWN + 1)
    return content[:MOST_SHOWN].decode("utf-8", "replace"), len(content) > MOST_SHOWN
