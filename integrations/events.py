"""Facts about channels. Ids only; published by actions, heard after commit."""

from dataclasses import dataclass

from omnidesk.core.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelPaused(Event):
    """A channel stopped working by itself or by a person's hand (`by_itself` tells)."""

    channel_id: int
    by_itself: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelStalled(Event):
    """Nothing came through a channel for too long; told once until it recovers."""

    channel_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelBraked(Event):
    """More went out than is normal: nothing more leaves until a person releases the brake."""

    channel_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelRecovered(Event):
    """A stalled or paused channel works again."""

    channel_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookPaused(Event):
    """An outgoing webhook failed for days, or its address is gone: nobody is told any more."""

    endpoint_id: int
