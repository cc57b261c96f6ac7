"""Which code serves which kind of channel, by dotted path, loaded on first use."""

from functools import cache
from typing import Final, Protocol, cast

from django.utils.module_loading import import_string

from integrations.base import Transport
from integrations.models import Channel, ChannelKind


class TransportFactory(Protocol):
    """Builds the way out of one configured channel."""

    def __call__(self, channel: Channel) -> Transport:
        """Read the channel's settings; no network yet."""


TRANSPORTS: Final[dict[str, str]] = {
    ChannelKind.EMAIL: "integrations.channels.email.transport.EmailTransport",
}


@cache
def _load(path: str) -> TransportFactory:
    return cast("TransportFactory", import_string(path))


def transport_for(channel: Channel) -> Transport:
    """The way out of `channel`. Raises LookupError for a kind without one."""
    if channel.kind not in TRANSPORTS:
        raise LookupError(f"Channels of kind {channel.kind!r} cannot send.")
    return _load(TRANSPORTS[channel.kind])(channel)
