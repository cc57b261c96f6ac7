"""PDF: the text of each page, without what every page repeats."""

from __future__ import annotations

import io
import re
from collections import Counter

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from ai.engine.documents.pieces import (
    BROKEN,
    EMPTY,
    ENCRYPTED,
    MOST_TEXT,
    TOO_LONG,
    Extracted,
    Refused,
    Section,
)

MOST_PAGES = 3_000
# A line at the edge of a page that so many pages share is a running head or a page number.
REPEATED_SHARE = 0.5
FEWEST_PAGES = 4
EDGE_LINES = 2
_DIGITS = re.compile(r"\d+")
_HYPHEN = re.compile(r"(\w)-\n(?=[a-zà-öø-ÿ])")


def read_pdf(content: bytes) -> Extracted:
    """The pages that hold text. Raises `Refused`."""
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        # Many files are locked for changes only and open with an empty password.
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused(ENCRYPTED)
        count = len(reader.pages)
        if count > MOST_PAGES:
            raise Refused(TOO_LONG)
        pages = _texts(reader)
    except Refused:
        raise
    except PyPdfError as error:
        raise Refused(BROKEN) from error
    if not any(page.strip() for page in pages):
        raise Refused(EMPTY)
    sections = [
        Section(f"page:{number}", _flowing(page))
        for number, page in enumerate(_without_edges(pages), 1)
        if page.strip()
    ]
    return Extracted("pdf", tuple(sections), count)


def _texts(reader: PdfReader) -> list[str]:
    pages: list[str] = []
    length = 0
    for page in reader.pages:
        text = page.extract_text() or ""
        length += len(text)
        if length > MOST_TEXT:
            raise Refused(TOO_LONG)
        pages.append(text)
    return pages


def _without_edges(pages: list[str]) -> list[str]:
    """The pages without lines that stand at the edge of most of them."""
    if len(pages) < FEWEST_PAGES:
        return pages
    seen: Counter[str] = Counter()
    for page in pages:
        lines = [line for line in page.split("\n") if line.strip()]
        seen.update({_shape(line) for line in [*lines[:EDGE_LINES], *lines[-EDGE_LINES:]]})
    common = {shape for shape, times in seen.items() if times > REPEATED_SHARE * len(pages)}
    return [_trimmed(page, common) for page in pages]


def _trimmed(page: str, common: set[str]) -> str:
    lines = page.split("\n")
    filled = [place for place, line in enumerate(lines) if line.strip()]
    if len(filled) <= 2 * EDGE_LINES:
        # Nearly empty: what looks like an edge may be all there is.
        return page
    edges = {*filled[:EDGE_LINES], *filled[-EDGE_LINES:]}
    kept = (
        line for place, line in enumerate(lines) if place not in edges or _shape(line) not in common
    )
    return "\n".join(kept)


def _shape(line: str) -> str:
    return _DIGITS.sub("0", " ".join(line.split()).lower())


def _flowing(page: str) -> str:
    """A page's lines with words put together again that were cut at a line's end."""
    return _HYPHEN.sub(r"\1", page.replace("\u00ad\n", "")).strip()
