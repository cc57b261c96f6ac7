"""Choosing the readable body among the parts of a mail."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from integrations.channels.email import headers
from integrations.channels.email.charsets import decode
from integrations.channels.email.html import Line, html_to_lines, lines_to_text
from integrations.channels.email.mime import Part
from integrations.channels.email.tnef import is_tnef, unpack

MAX_BODY: Final = 2_000_000  # characters kept of one body
_META: Final = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_BODY_TYPES: Final = {"text/plain", "text/html", "text/enriched", "text/x-markdown"}


@dataclass(slots=True)
class Bodies:
    """`plain` and `html` as sent (joined over several parts); `used` are ids of their parts."""

    plain: str = ""
    html: str = ""
    used: set[int] = field(default_factory=set)
    _lines: tuple[str, list[Line]] | None = None

    @property
    def text(self) -> str:
        """The whole readable body, as text."""
        if self.plain.strip():
            return self.plain.strip("\r\n").rstrip()
        return lines_to_text(self.lines)

    @property
    def lines(self) -> list[Line]:
        """The lines of `html`, read once however often they are asked for."""
        if self._lines is None or self._lines[0] != self.html:
            self._lines = self.html, html_to_lines(self.html) if self.html else []
        return self._lines[1]


def read(root: Part) -> Bodies:
    """The bodies of a mail. In a multipart/mixed all inline text parts count, in order."""
    bodies = Bodies()
    plain: list[str] = []
    html: list[str] = []
    for part in _candidates(root):
        if part.content_type not in _BODY_TYPES or _is_file(part, first=not (plain or html)):
            continue
        text = decode(part.content(), part.charset or _meta_charset(part))[:MAX_BODY]
        bodies.used.add(id(part))
        (html if part.content_type == "text/html" else plain).append(_unix(text))
    bodies.plain = "\n".join(one.rstrip("\n") + "\n" for one in plain).rstrip("\n")
    bodies.html = "\n".join(html)
    if not bodies.text.strip():
        _from_tnef(root, bodies)
    return bodies


def _from_tnef(root: Part, bodies: Bodies) -> None:
    """The text that only a winmail.dat holds; its files are told apart elsewhere."""
    for part in root.walk():
        content = b"" if part.children else part.content()
        if is_tnef(content):
            inner = unpack(content)
            bodies.plain = _unix(inner.text)[:MAX_BODY]
            bodies.html = bodies.html or _unix(inner.html)[:MAX_BODY]
            return


def _candidates(root: Part) -> Iterator[Part]:
    # Forwarded mails are attachments: their bodies are not this mail's.
    stack = [root]
    while stack:
        part = stack.pop()
        if part.children:
            stack.extend(reversed(part.children))
        elif not part.content_type.startswith("multipart/") or part is root:
            yield part


def _is_file(part: Part, *, first: bool) -> bool:
    if part.disposition == "attachment":
        return True
    name = headers.file_name(part.headers)
    # Some clients name the body part itself; a name without a disposition is no file then.
    return bool(name) and not (first and not part.disposition)


def _meta_charset(part: Part) -> str:
    if part.content_type != "text/html":
        return ""
    found = _META.search(part.content()[:2048])
    return found.group(1).decode("ascii") if found else ""


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
