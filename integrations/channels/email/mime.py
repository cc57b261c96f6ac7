"""A MIME tree from bytes: iterative, bounded, and content with any damage.

The standard library's feed parser recurses per nesting level and checks every line against
every open boundary; a hostile mail of nested parts costs it minutes. This one scans each level
once, stops at `MAX_DEPTH`, and hands the rest over as one opaque part.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Final

MAX_DEPTH: Final = 24
MAX_PARTS: Final = 1_000
MAX_HEADER_BYTES: Final = 256 * 1024
MAX_HEADER_LINES: Final = 2_000
_BLANK_LINE: Final = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")
_HEADER_LINE: Final = re.compile(rb"^[!-9;-~]+[ \t]*:", re.ASCII)
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]+")


@dataclass(slots=True)
class Part:
    """One node: `headers` (a Message without payload), raw `body`, parsed `children`."""

    headers: Message
    body: bytes
    depth: int = 0
    children: list["Part"] = field(default_factory=list)

    @property
    def content_type(self) -> str:
        return self.headers.get_content_type()

    @property
    def disposition(self) -> str:
        """`inline`, `attachment`, another word, or '' where the header is missing."""
        value = str(self.headers.get("Content-Disposition") or "")
        return value.split(";", 1)[0].strip().lower()

    @property
    def charset(self) -> str:
        try:
            value = self.headers.get_param("charset")
        except (ValueError, LookupError, TypeError):
            return ""
        if isinstance(value, tuple):
            value = value[2]
        return str(value or "")

    def content(self) -> bytes:
        """The body with its transfer encoding undone; damaged encodings give what they can."""
        encoding = str(self.headers.get("Content-Transfer-Encoding") or "").strip().lower()
        if encoding == "base64":
            return decode_base64(self.body)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self.body)
        if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
            return _decode_uu(self.body)
        return self.body

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in reading order."""
        stack = [self]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.children))


def parse_tree(raw: bytes) -> Part:
    """The tree of a whole mail. Never raises; cost is linear in `len(raw)`."""
    if raw[:5] == b"From ":  # an mbox separator in front of the first header
        raw = raw.partition(b"\n")[2]
    root = _part(raw.lstrip(b"\r\n"), depth=0)
    pending, count = [root], 1
    while pending:
        part = pending.pop()
        for chunk in _split(part):
            if count >= MAX_PARTS:
                return root
            child = _part(chunk, depth=part.depth + 1, digest=part.content_type)
            part.children.append(child)
            pending.append(child)
            count += 1
    return root


def parse_headers(raw: bytes) -> Message:
    """Headers only, from a part or from a text/rfc822-headers body."""
    return _part(raw.lstrip(b"\r\n"), depth=0).headers


def decode_base64(data: bytes) -> bytes:
    """Base64 with foreign characters skipped and missing padding supplied."""
    body, _, _ = data.partition(b"=")
    # A padded chunk in the middle is rare but legal where a client joined two encodings.
    if data.count(b"=") > 2:
        try:
            return binascii.a2b_base64(data)
        except binascii.Error:
            pass
    letters = _NOT_BASE64.sub(b"", body)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return base64.b64decode(letters + b"=" * (-len(letters) % 4))


def _decode_uu(data: bytes) -> bytes:
    out: list[bytes] = []
    for line in data.splitlines():
        if line.startswith((b"begin ", b"end")) or not line.strip():
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(out)


def _part(raw: bytes, *, depth: int, digest: str = "") -> Part:
    head, body = _split_headers(raw)
    try:
        headers: Message = BytesHeaderParser(policy=compat32).parsebytes(_joined_lines(head))
    except (ValueError, LookupError, TypeError, RecursionError):
        headers = Message()
    if digest == "multipart/digest":
        headers.set_default_type("message/rfc822")
    return Part(headers=headers, body=body, depth=depth)


def _split_headers(raw: bytes) -> tuple[bytes, bytes]:
    first_line = raw[:1000].split(b"\n", 1)[0]
    if not first_line.strip() or not _HEADER_LINE.match(first_line):
        # A part may have no headers at all: then its first line is empty, or it is all body.
        return b"", raw.partition(b"\n")[2] if not first_line.strip() else raw
    found = _BLANK_LINE.search(raw)
    if found is None:
        return (raw, b"") if len(raw) <= MAX_HEADER_BYTES else (raw[:MAX_HEADER_BYTES], b"")
    return raw[: found.start()][:MAX_HEADER_BYTES] + b"\n", raw[found.end() :]


def _joined_lines(head: bytes) -> bytes:
    # The header parser ends at the first odd line; dropping odd lines keeps the headers below.
    kept: list[bytes] = []
    for line in head.replace(b"\0", b"").replace(b"\r\n", b"\n").split(b"\n")[:MAX_HEADER_LINES]:
        if (kept and line[:1] in b" \t" and line.strip()) or _HEADER_LINE.match(line):
            kept.append(line.rstrip(b"\r"))
    return b"\n".join(kept) + b"\n\n"


def _split(part: Part) -> list[bytes]:
    """The raw children of a multipart; empty for a leaf, at the depth stop or without boundary."""
    if part.depth >= MAX_DEPTH or part.headers.get_content_maintype() != "multipart":
        return []
    try:
        boundary = part.headers.get_boundary() or ""
    except (ValueError, LookupError, TypeError):
        boundary = ""
    if not boundary:
        return []
    mark = re.escape(boundary.encode("utf-8", "surrogateescape").rstrip())
    chunks: list[bytes] = []
    begin = -1
    for found in re.finditer(rb"(?:^|\r?\n)--" + mark + rb"(--)?[ \t]*(?=\r?\n|\Z)", part.body):
        if begin >= 0:
            chunks.append(part.body[begin : found.start()])
        begin = found.end()
        if found.group(1):
            begin = -1
            break
        if len(chunks) >= MAX_PARTS:
            break
    if begin >= 0:  # truncated: the closing boundary never came
        chunks.append(part.body[begin:])
    return [_after_newline(chunk) for chunk in chunks]


def _after_newline(chunk: bytes) -> bytes:
    return chunk[2:] if chunk[:2] == b"\r\n" else chunk.removeprefix(b"\n")
