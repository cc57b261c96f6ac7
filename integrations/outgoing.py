"""From an answer on a ticket to the message that a channel sends."""

import re
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext as _

from integrations.base import EmailAddress, OutboundAttachment, OutboundMessage
from integrations.models import Channel, Delivery
from integrations.registry import kind_of
from integrations.stationery import LINK, Stationery
from omnidesk.core.text import render_markdown
from tickets.automation.filling import values_for
from tickets.models import Message, Ticket

_ANCHOR: Final = re.compile(r"\[([^\]\n]{1,200})\]\((https?://[^)\s]{1,1000})\)")
_MARK: Final = re.compile(r"\*\*|__|`|^#{1,6} ", re.MULTILINE)
LANGUAGES: Final = {code for code, _name in settings.LANGUAGES}


def compose_answer(delivery: Delivery) -> OutboundMessage:
    """Everything the transport needs, read now: no database afterwards. Needs a channel."""
    message, channel = delivery.message, delivery.channel
    if channel is None:
        raise ValueError("A delivery without a channel is not sent.")
    ticket = message.ticket
    if kind_of(channel.kind).short:
        return _compose_short(delivery, message)
    language = _language(ticket, delivery)
    first, last = _inbound_ids(ticket)
    earlier = _earlier_answers(message)
    paper = Stationery.of(channel.settings)
    with translation.override(language):
        values = _values(message, ticket) if paper != Stationery() else {}
        text, html = _with_footer(message, ticket)
    return OutboundMessage(
        idempotency_key=f"answer-{delivery.organization_id}-{message.pk}",
        recipient=delivery.recipients[0],
        recipient_name=ticket.requester.name,
        cc=tuple(EmailAddress(email=one) for one in delivery.recipients[1:]),
        subject=paper.subject_for(values, _subject(ticket), f"[#{ticket.number}]"),
        text=paper.text_for(values, message.text) or text,
        html=paper.html_for(values, message.html or render_markdown(message.text)) or html,
        sender_name=_sender_name(message, channel),
        message_id=delivery.external_id,
        in_reply_to=last or (earlier[-1] if earlier else ""),
        references=tuple(dict.fromkeys(one for one in (first, *earlier, last) if one)),
        attachments=_attachments(message),
        auto=message.is_ai,
        ticket_number=str(ticket.number),
        language=language,
    )


def _compose_short(delivery: Delivery, message: Message) -> OutboundMessage:
    text = plain(message.text)
    if message.attachments.filter(is_internal=False).exists():
        link = reverse("portal:ticket", args=[message.ticket.number])
        text = f"{text}\n{settings.BASE_URL.rstrip('/')}{link}"
    return OutboundMessage(
        idempotency_key=f"answer-{delivery.organization_id}-{message.pk}",
        recipient=delivery.recipients[0],
        text=text,
        auto=message.is_ai,
        ticket_number=str(message.ticket.number),
        extra={"delivery": str(delivery.pk)},
    )


def plain(markdown: str) -> str:
    """Markdown as a telephone shows it: links written out, marks gone."""
    text = _ANCHOR.sub(r"\1 (\2)", markdown)
    return _MARK.sub("", text).strip()


def _language(ticket: Ticket, delivery: Delivery) -> str:
    for code in (ticket.requester.language, ticket.language, delivery.organization.language):
        if code in LANGUAGES:
            return code
    return settings.LANGUAGE_CODE


def _inbound_ids(ticket: Ticket) -> tuple[str, str]:
    ids = list(
        ticket.messages.filter(from_requester=True)
        .exclude(external_id="")
        .order_by("created_at", "pk")
        .values_list("external_id", flat=True)
    )
    return (ids[0], ids[-1]) if ids else ("", "")


def _earlier_answers(message: Message) -> list[str]:
    rows = Delivery.objects.filter(message__ticket=message.ticket, message__pk__lt=message.pk)
    ids = rows.exclude(external_id="").order_by("message_id").values_list("external_id", flat=True)
    return list(ids)


def _subject(ticket: Ticket) -> str:
    title = ticket.subject
    return f"{'' if title.lower().startswith('re:') else 'Re: '}{title} [#{ticket.number}]"


def _sender_name(message: Message, channel: Channel) -> str:
    if message.author is None:
        return channel.name
    return f"{message.author.display_name} ({channel.name})"


def _link(ticket: Ticket) -> str:
    return settings.BASE_URL.rstrip("/") + reverse("portal:ticket", args=[ticket.number])


def _values(message: Message, ticket: Ticket) -> dict[str, str]:
    return {**values_for(ticket, message.author), LINK: _link(ticket)}


def _with_footer(message: Message, ticket: Ticket) -> tuple[str, str]:
    link = _link(ticket)
    words = _("Ticket %(number)d · answer this mail or open") % {"number": ticket.number}
    text = f"{message.text}\n\n-- \n{words} {link}\n"
    footer = format_html('<p>-- <br>{} <a href="{}">{}</a></p>', words, link, link)
    html = f"{message.html}{footer}" if message.html else ""
    return text, html


def _attachments(message: Message) -> tuple[OutboundAttachment, ...]:
    out = []
    for one in message.attachments.filter(is_internal=False):
        with one.file.open("rb") as file:
            out.append(OutboundAttachment(one.name, one.content_type, file.read()))
    return tuple(out)
