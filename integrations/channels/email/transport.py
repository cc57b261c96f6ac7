"""The e-mail channel's way out: compose, then the installation's door."""

from collections.abc import Callable

from integrations.base import OutboundMessage, SendResult
from integrations.channels.email.compose import Letterhead, compose, recipients
from integrations.channels.email.relay import door
from integrations.models import Channel


class EmailTransport:
    """Sends answers in the name of one mailbox."""

    def __init__(self, channel: Channel) -> None:
        self.letterhead = Letterhead(
            address=channel.address,
            name=channel.name,
            domain=channel.address.rpartition("@")[2],
            reply_above=str(channel.settings.get("reply_above", "")),
        )

    def send(self, message: OutboundMessage, handing_over: Callable[[], None]) -> SendResult:
        """Compose the mail and hand it to the mail server (or write it to a file)."""
        data = compose(message, self.letterhead)
        return door().send(
            self.letterhead.address,
            recipients(message),
            data,
            key=message.idempotency_key,
            handing_over=handing_over,
        )
