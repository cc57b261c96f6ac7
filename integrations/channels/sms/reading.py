"""A kept text message, for people to look at."""

from integrations.base import EmailAddress, InboundMessage
from integrations.channels.sms.parse import parse


def read(raw: bytes) -> InboundMessage:
    """Sender and words. Never raises."""
    text = parse(raw)
    return InboundMessage(
        external_id=text.external_id,
        sender=EmailAddress(text.name, text.sender),
        text=text.text,
        reply_text=text.text,
    )
