"""Bytes of a mail -> InboundMessage. Never raises, whatever the bytes; cost is linear."""

import hashlib
from dataclasses import replace
from typing import Final

from integrations.base import InboundMessage
from integrations.channels.email import attachments, auto, bodies, headers, mime
from integrations.channels.email.calendars import (
    MAX_CALENDAR,
    MAX_EVENTS,
    Invitation,
    invitations,
)
from integrations.channels.email.charsets import decode
from integrations.channels.email.reply import strip_lines, strip_text
from integrations.channels.email.sealed import sealing
from integrations.channels.email.tokens import find_token
from omnidesk.core.text import detect_language

MAX_MAIL: Final = 60_000_000
_TOO_LARGE: Final = "The mail is larger than 60 MB; only its beginning was read."
_UNREADABLE: Final = "The mail could not be read: {reason}."


def parse(raw: bytes, *, fallback_language: str = "") -> InboundMessage:
    """The mail as a channel-neutral message.

    Where the bytes are too damaged, `error` says so and the fields that could be read are filled.
    """
    digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    error = _TOO_LARGE if len(raw) > MAX_MAIL else ""
    base = InboundMessage(external_id=digest, error=error)
    try:
        root = mime.parse_tree(raw[:MAX_MAIL])
        base = _with_headers(base, root)
        return _with_content(base, root, fallback_language)
    except Exception as problem:  # noqa: BLE001  intended: a mail must never stop the intake
        reason = f"{type(problem).__name__}"
        return replace(base, error=_UNREADABLE.format(reason=reason))


def _with_headers(base: InboundMessage, root: mime.Part) -> InboundMessage:
    fields = root.headers
    ids = headers.message_ids(fields, "Message-ID")
    references = headers.message_ids(fields, "References")
    replied = headers.message_ids(fields, "In-Reply-To")
    origin = auto.origin(root)
    to = headers.addresses(fields, "To")
    cc = headers.addresses(fields, "Cc")
    hints = [*replied, *reversed(references), origin.bounce_of]
    delivered = headers.addresses(fields, "Delivered-To", "X-Original-To", "Envelope-To")
    hints += [box.email for box in (*to, *delivered)]
    return replace(
        base,
        external_id=ids[0] if ids else base.external_id,
        sender=headers.sender(fields),
        to=to,
        cc=cc,
        reply_to=headers.addresses(fields, "Reply-To"),
        subject=headers.subject(fields),
        message_id=ids[0] if ids else "",
        in_reply_to=replied[0] if replied else "",
        references=references,
        auto=origin.auto,
        auto_reply=origin.auto_reply,
        bulk=origin.bulk,
        bounce=origin.bounce,
        bounce_of=origin.bounce_of,
        bounce_permanent=origin.bounce_permanent,
        bounced_recipient=origin.recipient,
        thread_token=find_token(hints),
        own_token=find_token(ids),
        vouched_by=headers.vouchers(fields),
        sent_at=headers.date(fields),
        fields=headers.all_fields(fields),
        delivered_to=tuple(dict.fromkeys(box.email.lower() for box in delivered)),
    )


def _with_content(base: InboundMessage, root: mime.Part, fallback: str) -> InboundMessage:
    body = bodies.read(root)
    text = body.text
    reply = reply_part(body)
    told = headers.first(root.headers, "Content-Language").split(",")[0].strip().lower()[:2]
    return replace(
        base,
        text=text,
        reply_text=reply,
        html=body.html,
        invitations=_invitations(root),
        sealing=sealing(root),
        attachments=attachments.collect(root, body.used, body.html),
        language=detect_language(reply or text, told or fallback),
    )


def _invitations(root: mime.Part) -> tuple[Invitation, ...]:
    found: list[Invitation] = []
    for part in root.walk():
        if part.content_type == "text/calendar" and not part.children:
            found += invitations(decode(part.content()[:MAX_CALENDAR], part.charset))
    # Clients repeat the invitation as a file: each once.
    return tuple(dict.fromkeys(found))[:MAX_EVENTS]


def reply_part(body: bodies.Bodies) -> str:
    """What the sender newly wrote, by the plain body; by the HTML where plain shows no seam."""
    if not body.plain.strip():
        return strip_lines(body.lines) if body.html else ""
    plain = strip_text(body.plain)
    if not body.html or len(plain) < len(body.text):
        return plain
    lines = body.lines
    marked = any(line.hint for line in lines)
    by_html = strip_lines(lines) if marked else ""
    return by_html if by_html and len(by_html) < len(plain) else plain
