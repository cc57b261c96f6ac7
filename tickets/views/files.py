"""Files of tickets: through the gate, and never as something a browser would run."""

from django.http import FileResponse, HttpResponseBase
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_attachment
from tickets.views.frame import person_page

# Only what a browser draws without running it; SVG is a document, not a picture.
SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@require_GET
@person_page
def download(request: DeskRequest, attachment_id: int) -> HttpResponseBase:
    """One file: pictures may be shown, everything else is saved."""
    row = access_attachment(request.user, attachment_id)
    shown = row.content_type in SHOWN_INLINE
    response = FileResponse(
        row.file.open("rb"),
        as_attachment=not shown,
        filename=row.name,
        content_type=row.content_type if shown else "application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=3600"
    return response
