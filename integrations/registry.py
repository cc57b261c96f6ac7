"""Which kinds of channels there are and which code serves them.

Every folder of `integrations/channels/` with a `kind.py` is a kind. Its code is loaded on first
use, so that a process pays only for the kinds it works with.
"""

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from integrations import channels
from integrations.base import InboundMessage, Transport, TransportError
from integrations.kinds import Kind, Words
from omnidesk.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Q

    from integrations.models import Channel, Receipt

EMAIL: Final = "email"


@cache
def kinds() -> dict[str, Kind]:
    """All kinds by key, in the order of their folders; a folder is called like its kind."""
    return {
        one.name: import_module(f"{channels.__name__}.{one.name}.kind").KIND
        for one in pkgutil.iter_modules(channels.__path__)
    }


def kind_choices() -> list[tuple[str, Words]]:
    """For the model's field."""
    return [(kind.key, kind.label) for kind in kinds().values()]


def kind_of(key: str) -> Kind:
    """The kind. Raises BadInput that names the kinds there are."""
    kind = kinds().get(key) or kinds().get(key.replace("-", "_"))
    if kind is None:
        raise BadInput(
            _("There is no kind of channel called “%(kind)s”. There are: %(known)s.")
            % {"kind": key[:40], "known": ", ".join(kinds())},
            "kind",
        )
    return kind


@cache
def _load(path: str) -> Any:
    return import_string(path)


def _code(key: str, part: str) -> Any | None:
    kind = kind_of(key)
    path = str(getattr(kind, part))
    return _load(f"{channels.__name__}.{kind.key}.{path}") if path else None


def can_send(key: str) -> bool:
    """Whether channels of this kind carry answers."""
    return bool(kind_of(key).transport)


def transport_for(channel: "Channel") -> Transport:
    """The way out of `channel`. Raises LookupError for a kind without one."""
    code = _code(channel.kind, "transport")
    if code is None:
        raise LookupError(f"Channels of kind {channel.kind!r} cannot send.")
    return cast("Transport", code(channel))


def can_sync(channel: "Channel") -> bool:
    """Whether there is something to fetch with the channel's present settings."""
    kind = kind_of(channel.kind)
    return bool(kind.sync) and all(channel.settings.get(name) for name in kind.sync_needs)


def sync(channel: "Channel") -> int:
    """Fetch what is new; returns how many things came in. Raises TransportError."""
    code = _code(channel.kind, "sync")
    if code is None or not can_sync(channel):
        raise TransportError(_("There is nothing to fetch: this channel is called from outside."))
    return int(code(channel))


def test(channel: "Channel") -> str:
    """Reach the far side without changing anything; one sentence. Raises TransportError."""
    code = _code(channel.kind, "test")
    return str(code(channel)) if code else _("The settings are complete.")


def take(channel: "Channel", receipt: "Receipt") -> None:
    """Turn what a webhook kept into a ticket and settle the receipt. Raises TransportError."""
    code = _code(channel.kind, "take")
    if code is None:
        raise TransportError(_("Channels of this kind take nothing in."), permanent=True)
    code(channel, receipt)


def take_many(
    channel: "Channel", receipts: "Sequence[Receipt]", free: "Q"
) -> tuple[int, list[int]]:
    """Settle those of what waits that can be settled together, all or none.

    Returns how many, and the ids of those that `take` has to look at one by one; what another
    taker holds is neither. `free` tells receipts that nobody is at. A kind may leave all to `take`.
    """
    code = _code(channel.kind, "take_many")
    if code is None:
        return 0, [receipt.pk for receipt in receipts]
    done, left = code(channel, receipts, free)
    return int(done), list(left)


def read(key: str, raw: bytes) -> InboundMessage:
    """What a channel of this kind received, for people to look at. Never raises."""
    code = _code(key, "read")
    if code is None:
        return InboundMessage(external_id="", text=raw.decode("utf-8", "replace"))
    return cast("InboundMessage", code(raw))
