"""Reading bodies with a bound, so that no request can fill the memory."""

import io
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, MultiPartParser

from omnidesk.core.api.problems import too_large

# Form fields and part headers around the files of one upload.
MULTIPART_OVERHEAD = 2**20
MOST_FILES = 5


def _announced(context: Mapping[str, Any] | None) -> int:
    request = (context or {}).get("request")
    length = request.META.get("CONTENT_LENGTH") if request is not None else None
    return int(length) if length and length.isdigit() else 0


class BoundedJSONParser(JSONParser):
    """JSON up to DATA_UPLOAD_MAX_MEMORY_SIZE, which REST framework's own parser disregards."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The decoded body; 413 when it is too long, 400 when it is no JSON."""
        limit = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
        if _announced(parser_context) > limit:
            raise too_large(limit)
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise too_large(limit)
        try:
            return super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise ParseError(_("JSON parse error: nested too deeply.")) from None


class UploadParser(MultiPartParser):
    """multipart/form-data for a few files; refuses what cannot fit before it is unpacked."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The form's fields and files."""
        limit = settings.ATTACHMENT_MAX_BYTES * MOST_FILES + MULTIPART_OVERHEAD
        if _announced(parser_context) > limit:
            raise too_large(limit)
        return super().parse(stream, media_type, parser_context)
