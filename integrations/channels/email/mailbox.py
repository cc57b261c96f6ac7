"""Which way a mailbox is read: IMAP, or POP3 where the provider has nothing else."""

from integrations.channels.email import imap, pop3
from integrations.models import Channel


def take_new(channel: Channel) -> int:
    """Take in what is new; returns how many mails. Raises TransportError."""
    return pop3.take_new(channel) if _by_pop(channel) else imap.take_new(channel)


def test(channel: Channel) -> str:
    """Sign in and look, without taking anything. Raises TransportError."""
    if _by_pop(channel) and channel.settings.get("imap_host"):
        return pop3.test(channel)
    return imap.test(channel)


def _by_pop(channel: Channel) -> bool:
    return str(channel.settings.get("protocol", "")) == "pop3"
