"""Which kinds of channels are federated, and where their connectors lie; loaded on first use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, cast

from django.utils.module_loading import import_string

from integrations.federation.merge import FieldMap, Owner
from integrations.federation.port import Connector
from integrations.models import Channel
from integrations.registry import can_sync


@dataclass(frozen=True, slots=True)
class Federated:
    """A federated kind: its connector, its usual translations and owners of fields."""

    connect: Callable[[Channel], Connector]
    maps: Mapping[str, FieldMap]
    owners: Mapping[str, Owner]


_PLACES: Final = {
    "glpi": "integrations.channels.glpi.federated.FEDERATED",
    "servicedesk_plus": "integrations.channels.servicedesk_plus.federated.FEDERATED",
    "solman": "integrations.channels.solman.federated.FEDERATED",
}
KINDS: Final = tuple(_PLACES)


def in_step(channel: Channel) -> bool:
    """Whether this channel's tickets are kept in step: then only the federation opens them."""
    return channel.kind in KINDS and can_sync(channel)


@cache
def load(kind: str) -> Federated:
    """Raises KeyError for a kind that is not federated."""
    return cast("Federated", import_string(_PLACES[kind]))
