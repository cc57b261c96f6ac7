"""The e-mail channel's way out: compose, then the mailbox's own server or the installation's."""

from collections.abc import Callable, Sequence
from typing import Final

from integrations.base import OutboundMessage, SendResult, TransportError
from integrations.channels.email.compose import Letterhead, compose, recipients
from integrations.channels.email.oauth import access_token, forget_token, uses_oauth
from integrations.channels.email.relay import Door, Relay, door
from integrations.models import Channel
from omnidesk.core.vault import UnreadableSecret

_PORTS: Final = {"smtps": 465, "smtp+tls": 587, "smtp": 25}


class EmailTransport:
    """Sends answers in the name of one mailbox."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.letterhead = Letterhead(
            address=channel.address,
            name=channel.name,
            domain=channel.address.rpartition("@")[2],
            reply_above=str(channel.settings.get("reply_above", "")),
        )

    def send(self, message: OutboundMessage, handing_over: Callable[[], None]) -> SendResult:
        """Compose the mail and hand it to the mail server (or write it to a file)."""
        data = compose(message, self.letterhead)
        return self._hand(recipients(message), data, message.idempotency_key, handing_over)

    def _hand(
        self, to: Sequence[str], data: bytes, key: str, handing_over: Callable[[], None]
    ) -> SendResult:
        way = own_door(self.channel) or door()
        try:
            return way.send(self.letterhead.address, to, data, key=key, handing_over=handing_over)
        except TransportError as problem:
            if problem.refused and uses_oauth(self.channel):
                forget_token(self.channel)
            raise


def own_door(channel: Channel) -> Door | None:
    """The mailbox's own mail server, or None where answers leave by EMAIL_URL."""
    host = str(channel.settings.get("smtp_host", ""))
    if not host:
        return None
    security = str(channel.settings.get("smtp_security") or "smtp+tls")
    try:
        token = access_token(channel) if uses_oauth(channel) else ""
        password = "" if token else channel.secret("password")
    except UnreadableSecret as problem:
        raise TransportError(str(problem)) from problem
    return Relay(
        host=host,
        port=int(channel.settings.get("smtp_port") or _PORTS[security]),
        security=security,
        # A server that wants no sign-in gets none.
        user=str(channel.settings.get("imap_user") or channel.address) if token or password else "",
        password=password,
        is_own=True,
        token=token,
    )
