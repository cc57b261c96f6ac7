"""What a file is: by its bytes; the name only tells kinds of text apart."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePath

from ai.engine.documents.pieces import BOMB, BROKEN, ENCRYPTED, UNKNOWN, Refused

KINDS = ("pdf", "docx", "xlsx", "pptx", "txt", "md", "html", "eml")
# What the packed file may become, and how much smaller than that it may be: honest office
# files shrink to a tenth, a bomb to a thousandth.
MOST_UNPACKED = 200 * 2**20
MOST_RATIO = 100
SMALL_ENOUGH = 4 * 2**20
MOST_ENTRIES = 10_000

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_PARTS = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx", "ppt/presentation.xml": "pptx"}
_BY_NAME = {".md": "md", ".markdown": "md", ".html": "html", ".htm": "html", ".eml": "eml"}
_HTML = re.compile(
    rb"^\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL
)
_MAIL = re.compile(rb"^(?:[A-Za-z][A-Za-z0-9-]{1,60}:[^\r\n]{0,2000}\r?\n(?:[ \t][^\r\n]*\r?\n)*)+")
_MAIL_HEADS = re.compile(
    rb"^(?:from|received|message-id|return-path):", re.IGNORECASE | re.MULTILINE
)
# Bytes that stand in no text of any encoding.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def kind_of(name: str, content: bytes) -> str:
    """One of `KINDS`. Raises `Refused` for an encrypted, broken or unknown file."""
    head = content[:1024]
    if b"%PDF-" in head:
        return "pdf"
    if head.startswith(_OLE):
        # Office encrypts by wrapping the file in its old container.
        raise Refused(ENCRYPTED if _ENCRYPTED_PACKAGE in content else UNKNOWN)
    if head.startswith(b"PK"):
        return _office_kind(content)
    if _looks_binary(content):
        raise Refused(UNKNOWN)
    return _text_kind(name, content)


def _office_kind(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise Refused(BROKEN) from error
    check_sizes(entries)
    names = {entry.filename for entry in entries}
    found = next((kind for part, kind in _PARTS.items() if part in names), None)
    if found is None:
        raise Refused(UNKNOWN)
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused(ENCRYPTED)
    return found


def check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    """Raise `Refused(BOMB)` for an archive that unpacks to more than a document would."""
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    swells = unpacked > SMALL_ENOUGH and unpacked > MOST_RATIO * max(1, packed)
    if unpacked > MOST_UNPACKED or len(entries) > MOST_ENTRIES or swells:
        raise Refused(BOMB)


def _looks_binary(content: bytes) -> bool:
    return not content.startswith(_UTF16) and bool(_BINARY.search(content[:65_536]))


def _text_kind(name: str, content: bytes) -> str:
    by_name = _BY_NAME.get(PurePath(name.lower()).suffix)
    if by_name:
        return by_name
    if _HTML.match(content[:4096]):
        return "html"
    headers = _MAIL.match(content[:16_384])
    if headers and len(_MAIL_HEADS.findall(headers.group())) > 1:
        return "eml"
    return "txt"
