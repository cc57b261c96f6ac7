"""The files of a mail: named, decoded, told apart from bodies and from cryptographic wrapping."""

import mimetypes
import re
from typing import Final

from integrations.base import InboundAttachment
from integrations.channels.email import headers
from integrations.channels.email.mime import Part, parse_headers
from integrations.channels.email.tnef import is_tnef, unpack

MAX_ATTACHMENTS: Final = 200
_NO_FILES: Final = {"application/pgp-signature", "application/pgp-encrypted"}
_EXTENSIONS: Final = {
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "image/jpg": ".jpg",
    "image/jpeg": ".jpg",
    "application/octet-stream": ".bin",
    "text/plain": ".txt",
}
_UNSAFE: Final = re.compile(r"[\\/:*?\"<>|\x00-\x1f]+")


def collect(root: Part, bodies: set[int], html: str = "") -> tuple[InboundAttachment, ...]:
    """All files of the mail; `bodies` are ids of parts already read as text."""
    found: list[InboundAttachment] = []
    for part in root.walk():
        if id(part) in bodies or part.children or len(found) >= MAX_ATTACHMENTS:
            continue
        if part.content_type in _NO_FILES or _is_empty_shell(part):
            continue
        one = _attachment(part, len(found) + 1, html)
        found += _unpacked(one) or [one]
    return tuple(found[:MAX_ATTACHMENTS])


def _unpacked(one: InboundAttachment) -> list[InboundAttachment]:
    """The files inside a winmail.dat; empty for any other file, and for one without files."""
    if not is_tnef(one.content):
        return []
    return [
        InboundAttachment(
            name=_UNSAFE.sub(" ", file.name).strip()[:200] or f"attachment-{number}.bin",
            content_type=file.content_type or "application/octet-stream",
            content=file.content,
        )
        for number, file in enumerate(unpack(one.content).files, 1)
    ]


def _is_empty_shell(part: Part) -> bool:
    named = bool(headers.file_name(part.headers)) or part.disposition == "attachment"
    if part.content_type.startswith("multipart/"):
        return not named
    return not part.body.strip() and not named and part.content_type.startswith("text/")


def _attachment(part: Part, number: int, html: str) -> InboundAttachment:
    content_id = str(part.headers.get("Content-ID") or "").strip().strip("<>")[:300]
    shown = bool(content_id) and f"cid:{content_id}".lower() in html.lower()
    return InboundAttachment(
        name=headers.file_name(part.headers) or _name_for(part, number),
        content_type=part.content_type,
        content=part.content(),
        inline=shown or part.disposition == "inline",
        content_id=content_id,
    )


def _name_for(part: Part, number: int) -> str:
    if part.content_type == "message/rfc822":
        title = headers.subject(parse_headers(part.body))
        return f"{_UNSAFE.sub(' ', title).strip()[:100] or f'mail-{number}'}.eml"
    extension = _EXTENSIONS.get(part.content_type) or mimetypes.guess_extension(part.content_type)
    main = part.content_type.split("/", 1)[0]
    stem = main if main in {"image", "audio", "video"} else "attachment"
    return f"{stem}-{number}{extension or '.bin'}"
