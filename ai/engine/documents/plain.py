"""Plain text, Markdown, HTML pages and e-mails."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

from lxml import etree, html

from ai.engine.documents.pieces import (
    BROKEN,
    EMPTY,
    MOST_TEXT,
    TOO_LONG,
    Extracted,
    Refused,
    Section,
    table_rows,
)

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Nobody reads these.
_SILENT = "//script|//style|//noscript|//template|//nav|//head|//svg|//iframe|//comment()"
_BLOCKS = frozenset({
    "p", "div", "section", "article", "main", "li", "ul", "ol", "table", "pre", "blockquote",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "footer", "aside", "dl", "dt", "dd", "figure",
})  # fmt: skip
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}


def read_text(content: bytes) -> Extracted:
    """A text file."""
    return _whole("txt", decode(content))


def read_markdown(content: bytes) -> Extracted:
    """A Markdown file: its headings are ours already."""
    return _whole("md", decode(content))


def read_html(content: bytes) -> Extracted:
    """A page's words, with headings, lists and tables."""
    return _whole("html", html_text(content))


def read_mail(content: bytes) -> Extracted:
    """An e-mail's subject and words; files that hang on it are documents of their own."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    try:
        subject = " ".join(str(message.get("subject", "")).split())
        body = _mail_body(message)
    except (LookupError, ValueError, AttributeError, TypeError, IndexError) as error:
        raise Refused(BROKEN) from error
    return _whole("eml", f"# {subject}\n\n{body}" if subject else body)


def _mail_body(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    raw = part.get_payload(decode=True)
    content = raw if isinstance(raw, bytes) else b""
    text = _in_charset(content, part.get_content_charset() or "utf-8")
    if part.get_content_subtype() == "html":
        return html_text(text.encode())
    return text


def _in_charset(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return decode(content)


def decode(content: bytes) -> str:
    """The text of bytes in UTF-8, UTF-16 with its mark, or else the western table."""
    if content.startswith(_UTF16):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def html_text(content: bytes) -> str:
    """An HTML page as paragraphs, "#" headings, "- " items and rows."""
    try:
        tree = html.fromstring(decode(content).encode(), parser=html.HTMLParser(
            encoding="utf-8", no_network=True, remove_pis=True))  # fmt: skip
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise Refused(EMPTY if not content.strip() else BROKEN) from error
    title = " ".join("".join(tree.xpath("//head/title/text()")).split())
    for node in tree.xpath(_SILENT):
        if node.getparent() is not None:
            node.drop_tree()
    blocks = _blocks(tree)
    if title and not any(block.startswith("# ") for block in blocks):
        blocks.insert(0, f"# {title}")
    return "\n\n".join(blocks)


def _blocks(root: html.HtmlElement) -> list[str]:
    """The page's blocks in order; without recursion, for a hostile page may be nested deeply."""
    blocks: list[str] = []
    words: list[str] = []
    prefix = ""

    def flush() -> None:
        text = " ".join("".join(words).split())
        words.clear()
        if text:
            blocks.append(f"{prefix}{text}")

    in_table = 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        tag = node.tag if isinstance(node.tag, str) else ""
        if event == "start":
            if tag == "table" and not in_table:
                flush()
                rows = [[cell.text_content() for cell in row.xpath("./td|./th")]
                        for row in node.iter("tr")]  # fmt: skip
                blocks.extend(table_rows(rows))
            in_table += tag == "table"
            if not in_table and tag in _BLOCKS:
                flush()
                prefix = f"{_HEADINGS[tag]} " if tag in _HEADINGS else "- " if tag == "li" else ""
            if not in_table:
                words.append("\n" if tag == "br" else "")
                words.append(node.text or "")
            continue
        in_table -= tag == "table"
        if not in_table and tag in _BLOCKS:
            flush()
            prefix = ""
        if not in_table:
            words.append(node.tail or "")
    flush()
    return blocks


def _whole(kind: str, text: str) -> Extracted:
    if len(text) > MOST_TEXT:
        raise Refused(TOO_LONG)
    if not text.strip():
        raise Refused(EMPTY)
    return Extracted(kind, (Section("", text.replace("\r\n", "\n")),))
