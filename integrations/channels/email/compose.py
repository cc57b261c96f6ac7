"""OutboundMessage -> the bytes of a mail that threads well and starts no loops."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Final

from integrations.base import EmailAddress, OutboundMessage, TransportError
from integrations.channels.email.auto import AUTO_HEADER
from integrations.channels.email.html import html_to_text
from integrations.channels.email.tokens import thread_token

TICKET_HEADER: Final = "X-OmniDesk-Ticket"
MAX_REFERENCES: Final = 20
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_NO_IDENTIFIER: Final = re.compile(r"[^!-;=?-~]+")
_ADDRESS: Final = re.compile(r"^[^\s<>()\[\],;:\\\"@]{1,64}@[^\s<>()\[\],;:\\\"@]{1,255}$")
_TYPE: Final = re.compile(r"^[\w.+-]{1,60}/[\w.+-]{1,80}$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all mails of one mailbox share. `reply_above` is an optional line above the text."""

    address: str
    name: str = ""
    domain: str = ""
    reply_above: str = ""


def message_id_for(ticket_id: int, message_id: int, *, domain: str, secret: str) -> str:
    """The Message-ID (without angle brackets) of a message; the same at every try."""
    return f"{thread_token(ticket_id, message_id, secret)}@{domain}"


def compose(
    message: OutboundMessage, letterhead: Letterhead, *, now: datetime | None = None
) -> bytes:
    """The mail as bytes with CRLF line ends. Raises TransportError for an unusable recipient."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(message.sender_name or letterhead.name, letterhead.address)
    mail["To"] = _address(message.recipient_name, message.recipient)
    if message.cc:
        mail["Cc"] = [_address(box.name, box.email) for box in message.cc]
    if message.reply_to:
        mail["Reply-To"] = _address(message.sender_name or letterhead.name, message.reply_to)
    mail["Subject"] = _line(message.subject) or "-"
    mail["Date"] = format_datetime(now or datetime.now(tz=UTC))
    _mark(mail, message)
    _fill(mail, message, letterhead)
    for attachment in message.attachments:
        main, _, sub = _media_type(attachment.content_type).partition("/")
        mail.add_attachment(
            attachment.content, maintype=main, subtype=sub, filename=_line(attachment.name)
        )
    if message.language:
        # Last of all: filling the mail drops every Content-* field it finds.
        mail["Content-Language"] = _line(message.language)[:35]
    return _thread(message) + mail.as_bytes()


def recipients(message: OutboundMessage) -> list[str]:
    """The envelope's recipients, each once."""
    boxes = (EmailAddress(email=message.recipient), *message.cc)
    return list(dict.fromkeys(box.email for box in boxes))


def _thread(message: OutboundMessage) -> bytes:
    # Written by hand: the library turns ids longer than a line into encoded words.
    references = [*message.references]
    if message.in_reply_to and message.in_reply_to not in references:
        references.append(message.in_reply_to)
    # The first names the thread, the last ones its newest mails; the middle may go.
    kept = references[:1] + references[1:][-(MAX_REFERENCES - 1) :]
    fields = (
        ("Message-ID", [message.message_id]),
        ("In-Reply-To", [message.in_reply_to]),
        ("References", kept),
    )
    out = ""
    for name, ids in fields:
        clean = [f"<{one}>" for one in map(_identifier, ids) if one]
        out += f"{name}: " + "\r\n ".join(clean) + "\r\n" if clean else ""
    return out.encode("ascii")


def _mark(mail: EmailMessage, message: OutboundMessage) -> None:
    if message.ticket_number:
        mail[TICKET_HEADER] = _line(message.ticket_number)
    if message.auto:
        mail["Auto-Submitted"] = "auto-replied" if message.in_reply_to else "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail[AUTO_HEADER] = "yes"
    if link := _line(message.extra.get("list_unsubscribe", "")):
        mail["List-Unsubscribe"] = f"<{_NO_IDENTIFIER.sub('', link)[:500]}>"


def _fill(mail: EmailMessage, message: OutboundMessage, letterhead: Letterhead) -> None:
    text = message.text or html_to_text(message.html)
    markup = message.html
    if letterhead.reply_above:
        mark = f"--- {_line(letterhead.reply_above)} ---"
        text = f"{mark}\n\n{text}"
        markup = f"<p>{escape(mark)}</p>{markup}" if markup else ""
    mail.set_content(_writable(text), cte="quoted-printable")
    if markup:
        mail.add_alternative(_writable(markup), subtype="html", cte="quoted-printable")


def _address(name: str, email: str) -> Address:
    if not _ADDRESS.match(email):
        raise TransportError(f"{email or 'An empty value'} is not an e-mail address", True)
    user, _, domain = email.rpartition("@")
    try:
        return Address(display_name=_line(name), username=user, domain=domain)
    except (ValueError, IndexError) as problem:
        raise TransportError(f"{email} is not an e-mail address", True) from problem


def _line(value: str) -> str:
    # No control characters (a line break would begin a new header), no halves of characters.
    return _UNPRINTABLE.sub(" ", value).strip()


def _writable(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _identifier(value: str) -> str:
    return _NO_IDENTIFIER.sub("", value)[:500]


def _media_type(value: str) -> str:
    return value if _TYPE.match(value) else "application/octet-stream"
