"""Answers out as text messages: counted, cut where they are too long, recorded first."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from integrations.base import OutboundMessage, SendResult, TransportError
from integrations.channels.sms.client import Client
from integrations.models import Channel
from integrations.texting.segments import count, split

MAX_PARTS: Final = 5


class SmsTransport:
    """Sends from one number or messaging service."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.client = Client(channel)

    def send(self, message: OutboundMessage, handing_over: Callable[[], None]) -> SendResult:
        """Post each part once. A failure after the first part is uncertain: a person decides."""
        parts = split(message.text)
        if len(parts) > MAX_PARTS:
            raise TransportError(
                _("The answer is too long for text messages (%(count)d of at most %(limit)d).")
                % {"count": len(parts), "limit": MAX_PARTS},
                permanent=True,
            )
        ids: list[str] = []
        for part in parts:
            try:
                said = self.client.send(self._form(message, part), _once(handing_over, ids))
            except TransportError as problem:
                raise _after(problem, len(ids), len(parts)) from problem
            ids.append(str(said["sid"]))
        segments = sum(count(part).segments for part in parts)
        detail = _("Taken by the provider, billed as %(count)d") % {"count": segments}
        return SendResult(ids[0], detail, tuple(ids))

    def _form(self, message: OutboundMessage, text: str) -> dict[str, str]:
        service = str(self.channel.settings.get("messaging_service_sid") or "")
        sender = {"MessagingServiceSid": service} if service else {"From": self.channel.address}
        form = {"To": message.recipient, **sender, "Body": text}
        if delivery := message.extra.get("delivery"):
            form["StatusCallback"] = f"{status_address(self.channel)}?delivery={delivery}"
        return form


def status_address(channel: Channel) -> str:
    """Where the provider reports on a message."""
    base = str(channel.settings.get("public_url") or settings.BASE_URL).rstrip("/")
    return base + reverse("webhook-sms-status", args=[channel.slug])


def _once(handing_over: Callable[[], None], ids: list[str]) -> Callable[[], None]:
    return handing_over if not ids else lambda: None


def _after(problem: TransportError, sent: int, of: int) -> TransportError:
    if not sent:
        return problem
    return TransportError(
        _("Only %(sent)d of %(of)d parts were sent: %(words)s")
        % {"sent": sent, "of": of, "words": problem.message},
        uncertain=True,
        refused=problem.refused,
    )


def test(channel: Channel) -> str:
    """Sign in, send nothing. Raises TransportError."""
    return _("Signed in to the account %(name)s.") % {"name": Client(channel).account_name()}
