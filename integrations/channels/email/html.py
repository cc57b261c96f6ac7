"""HTML bodies: readable text, the quote marks that mail clients leave, and safe display."""

import html as entities
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import nh3
from lxml import etree

MAX_HTML: Final = 4_000_000
MAX_QUOTE_DEPTH: Final = 20

CUT: Final = "cut"
ATTRIBUTION: Final = "attribution"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BLOCKS: Final = _words(
    "address article aside blockquote body center dd div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section table tbody tfoot thead "
    "tr ul"
)
_SPACED: Final = _words("p h1 h2 h3 h4 h5 h6 ul ol pre")
_HIDDEN: Final = _words("head style script title noscript template object iframe svg select")
_VOID: Final = _words("br hr img input link meta area base col embed wbr source")
_INVISIBLE: Final = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
# Class or id of the element with which a client opens the older mail (also with Outlook's `x_`).
_CUT_NAMES: Final = _words(
    "divrplyfwdmsg appendonsend olk_src_body_section zmail_extra zmail_extra_hr yahoo_quoted "
    "yahooquoted protonmail_quote tutanota_quote ms-outlook-mobile-reference-message "
    "mail-editor-reference-message-container stopspelling replysplit reply_separator "
    "fsnotifreplyabove gmail_quote_forward mimestream_quote qt-reply-header "
    "iosmailquoted lotus_quote ymail_android_signature_quote quoted_mail"
)
_ATTRIBUTION_NAMES: Final = _words("gmail_attr moz-cite-prefix moz-email-headers-table")
_OUTLOOK_RULE: Final = re.compile(
    r"border:\s*none;\s*border-top:\s*solid\s+#?(?:b5c4df|e1e1e1|cccccc|windowtext)", re.IGNORECASE
)
_OUTLOOK_PREFIX: Final = re.compile(r"^(?:x_){1,9}")
_SPACE: Final = re.compile(r"[ \t\r\n\f\v]+")
_TAG: Final = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of readable text; `hint` is CUT, ATTRIBUTION or '' (nothing known)."""

    text: str
    hint: str = ""


class _Reader:
    """A target for lxml's parser: no tree is built, so depth costs nothing."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.buffer: list[str] = []
        self.stack: list[tuple[str, str]] = []  # (tag, what its end must undo)
        self.quote = self.hidden = self.pre = self.attribution = 0
        self.cut = False
        self.gap = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = tag.lower() if isinstance(tag, str) else ""
        undo = ""
        if tag in _HIDDEN or _INVISIBLE.search(attributes.get("style", "")[:500]):
            undo, self.hidden = "hidden", self.hidden + 1
        elif not self.hidden:
            undo = self._open(tag, attributes)
        if tag not in _VOID:
            self.stack.append((tag, undo))
        elif undo == "hidden":
            self.hidden -= 1

    def _open(self, tag: str, attributes: Mapping[str, str]) -> str:
        if tag == "br":
            self._flush(always=True)
            return ""
        if tag in _BLOCKS:
            self._flush()
            self.gap = self.gap or (tag in _SPACED and bool(self.lines))
        if tag == "td" or tag == "th":
            self.buffer.append(" ")
        elif tag == "li":
            self.buffer.append("- ")
        elif tag == "pre":
            self.pre += 1
            return "pre"
        hint = _hint(tag, attributes)
        if hint == CUT:
            self._flush()
            self.cut = True
        if tag == "blockquote":
            self.quote += 1
            return "quote"
        if hint == ATTRIBUTION and not self.quote:
            self._flush()
            self.attribution += 1
            return "attribution"
        return ""

    def end(self, tag: str) -> None:
        tag = tag.lower() if isinstance(tag, str) else ""
        if tag in _VOID:
            return
        if not self.hidden and tag in _BLOCKS:
            self._flush()
            self.gap = self.gap or tag in _SPACED
        while self.stack:
            opened, undo = self.stack.pop()
            self._undo(undo)
            if opened == tag:
                break

    def _undo(self, undo: str) -> None:
        if undo and undo != "hidden":
            self._flush()
        if undo == "hidden":
            self.hidden -= 1
        elif undo == "pre":
            self.pre -= 1
        elif undo == "quote":
            self.quote -= 1
        elif undo == "attribution":
            self.attribution -= 1

    def data(self, text: str) -> None:
        if self.hidden:
            return
        if not self.pre:
            self.buffer.append(text)
            return
        for number, piece in enumerate(text.split("\n")):
            if number:
                self._flush(always=True)
            self.buffer.append(piece.rstrip("\r").replace("\xa0", " "))

    def comment(self, text: str) -> None:
        if "originalmessage" in text[:60].lower() and not self.hidden:
            self._flush()
            self.cut = True

    def close(self) -> list[Line]:
        self._flush()
        return self.lines

    def _flush(self, *, always: bool = False) -> None:
        text = "".join(self.buffer)
        self.buffer.clear()
        text = text.rstrip() if self.pre else _SPACE.sub(" ", text).replace("\xa0", " ").strip()
        if not text and not always:
            return
        prefix = "> " * min(self.quote, MAX_QUOTE_DEPTH)
        if self.gap and self.lines and self.lines[-1].text.strip("> "):
            self.lines.append(Line(prefix.rstrip()))
        self.gap = False
        hint = CUT if self.cut else ATTRIBUTION if self.attribution and not self.quote else ""
        self.cut = False
        self.lines.append(Line((prefix + text).rstrip(), hint if text else ""))
        if hint == CUT and not text:
            self.cut = True


def _hint(tag: str, attributes: Mapping[str, str]) -> str:
    names = f"{attributes.get('class', '')[:300]} {attributes.get('id', '')[:100]}".lower()
    for name in names.split():
        name = _OUTLOOK_PREFIX.sub("", name)
        if name in _CUT_NAMES or "yahoo_quoted" in name:
            return CUT
        if name in _ATTRIBUTION_NAMES or (name == "gmail_quote" and tag == "div"):
            return ATTRIBUTION
    if attributes.get("name", "") in {"quote", "quoted-content"}:
        return CUT
    if tag == "div" and _OUTLOOK_RULE.search(attributes.get("style", "")[:300]):
        return CUT
    return ""


def html_to_lines(markup: str) -> list[Line]:
    """Readable lines of an HTML body; quoted blocks carry `> `. Linear, never raises."""
    parser = etree.HTMLParser(
        target=_Reader(), encoding="utf-8", recover=True, huge_tree=True, remove_pis=True
    )
    try:
        parser.feed(markup[:MAX_HTML].encode("utf-8", "replace"))
        lines = parser.close()
    except (etree.LxmlError, ValueError, AssertionError):
        plain = entities.unescape(_TAG.sub(" ", markup[:MAX_HTML]))
        lines = [Line(one.strip()) for one in plain.splitlines()]
    return list(lines)


def html_to_text(markup: str) -> str:
    """Readable text of an HTML body; runs of blank lines become one."""
    return lines_to_text(html_to_lines(markup))


def lines_to_text(lines: Iterable[Line]) -> str:
    """The text of lines; runs of blank ones become one."""
    out: list[str] = []
    for line in lines:
        if line.text or (out and out[-1]):
            out.append(line.text)
    return "\n".join(out).strip()


_TAGS: Final = _words(
    "a abbr b blockquote br center code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr "
    "i img ins kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th "
    "thead tr tt u ul"
)
_ATTRIBUTES: Final = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign", "scope"},
    "ol": {"start", "type"},
}


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """Markup safe to show, and how many remote images were kept from loading."""

    markup: str
    blocked_images: int


def sanitise(markup: str, inline: Mapping[str, str] | None = None) -> SafeHtml:
    """Display form of a mail's HTML: no scripts, styles or forms; no request to outside.

    `inline` maps content ids to the address of the stored attachment. A remote image keeps its
    address in `data-blocked-src`, so that the reader may load it by choice.
    """
    clean = nh3.clean(
        markup[:MAX_HTML].replace("\0", ""),
        tags=set(_TAGS),
        clean_content_tags={"script", "style", "title", "template", "noscript"},
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
    known = inline or {}
    blocked = 0

    def rewrite(tag: re.Match[str]) -> str:
        nonlocal blocked
        source = _SOURCE.search(tag.group())
        if source is None:
            return tag.group()
        value = entities.unescape(source.group(1)).strip()
        content_id = value[4:].strip("<>") if value[:4].lower() == "cid:" else ""
        if content_id in known:
            name, value = "src", known[content_id]
        elif content_id:  # whoever shows the message knows its files
            name, value = "src", f"cid:{content_id}"
        else:
            blocked += 1
            name = "data-blocked-src"
        attribute = f' {name}="{entities.escape(value)}"'
        return tag.group().replace(source.group(), attribute)

    return SafeHtml(_IMAGE.sub(rewrite, clean), blocked)


# Of cleaned markup only: there every value is quoted and every text escaped.
_IMAGE: Final = re.compile(r'<img(?: [a-z-]+="[^"]*")*>')
_SOURCE: Final = re.compile(r' src="([^"]*)"')


def fold_quotes(text: str, reply_text: str) -> tuple[str, str]:
    """(what to show, what to fold away) of a plain body whose new part is `reply_text`."""
    if not reply_text.strip() or reply_text.strip() == text.strip():
        return text, ""
    at = text.find(reply_text.strip())
    if at < 0:
        return reply_text, text
    end = at + len(reply_text.strip())
    return reply_text, f"{text[:at]}{text[end:]}".strip()
