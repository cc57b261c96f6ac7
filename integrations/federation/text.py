"""Texts on their way between two systems: markers, HTML, names. Pure."""

import html
import re
import secrets
from typing import Final

from integrations.channels.email.html import html_to_text, sanitise

# A line that people may see: it survives every sanitiser, and a search finds it.
_LINE: Final = "OmniDesk ref. {marker}"
_FOUND: Final = re.compile(r"OmniDesk ref\.(?:\s|&nbsp;|&#160;)*(OD-[0-9a-f]{12})")
_MARKUP_LINE: Final = re.compile(
    r"(?:<p>)?(?:<small>)?\s*OmniDesk ref\.(?:\s|&nbsp;|&#160;)*OD-[0-9a-f]{12}\s*"
    r"(?:</small>)?(?:</p>)?"
)
_ENTITY_TAG: Final = re.compile(r"&(?:lt|#60|#x3c);/?[a-z][a-z0-9]*", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-zA-Z][^>]*>")


def new_marker() -> str:
    """A fresh mark for something we are about to make over there."""
    return f"OD-{secrets.token_hex(6)}"


def with_marker(text: str, marker: str) -> str:
    """Plain text that carries the marker in its last line."""
    return f"{text.rstrip()}\n\n{_LINE.format(marker=marker)}"


def with_marker_html(markup: str, marker: str) -> str:
    """HTML that carries the marker at its end."""
    return f"{markup}<p><small>{_LINE.format(marker=marker)}</small></p>"


def marker_in(text: str) -> str:
    """The last marker in a text (an earlier one may be quoted), or ''."""
    found = _FOUND.findall(text)
    return found[-1] if found else ""


def without_marker(text: str) -> str:
    """The text as its writer meant it."""
    return _MARKUP_LINE.sub("", text).rstrip()


def decoded(content: str) -> str:
    """HTML as HTML: older systems hand it out with its tags encoded once more."""
    if _ENTITY_TAG.search(content) and not _TAG.search(content):
        return html.unescape(content)
    return content


def is_markup(text: str) -> bool:
    """Whether a text looks like HTML."""
    return bool(_TAG.search(text))


def readable(content: str) -> tuple[str, str]:
    """(text, safe HTML) of what the far side calls content: HTML, encoded HTML or plain text."""
    markup = without_marker(decoded(content))
    if not _TAG.search(markup):
        plain = html.unescape(markup).replace("\r\n", "\n").strip()
        return plain, ""
    return html_to_text(markup).strip(), sanitise(markup).markup


def short_name(name: str, limit: int) -> str:
    """A file name cut to `limit` characters, its extension kept."""
    if len(name) <= limit:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > limit // 3:
        return name[:limit]
    return f"{stem[: limit - len(extension) - 1]}.{extension}"
