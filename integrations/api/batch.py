"""A batch of signed calls: judged one by one, kept by one transaction for each channel."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.db.models import Q

from integrations.actions.receipts import keep_new
from integrations.api import inbound, servicedesk_plus
from integrations.api.base import Call, Judge, WebhookLimit
from integrations.models import Channel
from integrations.tasks import nudge_taking
from omnidesk.core.api.limits import Decision, client_address, take_together
from omnidesk.core.api.problems import Problem
from omnidesk.core.tenancy import organization_scope, system_scope

logger = structlog.get_logger(__name__)
# Calls of one batch.
FULL: Final = 100
# How long a channel is taken to be as it was read: a pause or a new secret counts after that.
REMEMBERED: Final = 1.0
MOST_CHANNELS: Final = 500
_WAYS: Final[Mapping[str, tuple[tuple[str, ...], Judge]]] = {
    "servicedesk-plus": (servicedesk_plus.ServiceDeskPlusWebhook.kinds, servicedesk_plus.judge),
    "inbound": (inbound.InboundWebhook.kinds, inbound.judge),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call as it came: the kind of its address, the channel's name, ASGI's scope."""

    way: str
    channel: str
    scope: dict[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """The receipt of a call, which is committed."""

    receipt: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A plain call: where it stands in its batch, who called."""

    position: int
    address: str
    channel: Channel
    call: Call


def keep_together(waiting: Sequence[Waiting]) -> list[Kept | None]:
    """What could be kept, in its order; None for what has to take the usual way. Never raises."""
    found: list[Kept | None] = [None] * len(waiting)
    try:
        judged = [
            one for number, call in enumerate(waiting) if (one := _judged(number, call)) is not None
        ]
        for channel, calls in _by_channel(judged).items():
            for one, kept in _keep(channel, calls):
                found[one.position] = kept
    except Exception:
        # intended: whatever it is, the usual way answers each of them, and tells
        logger.warning("calls_not_kept_together", count=len(waiting), exc_info=True)
    finally:
        connection.close()  # back to the pool, the broken ones too
    return found


def _judged(position: int, waiting: Waiting) -> _Judged | None:
    """The call if everything about it is plain."""
    kinds, judge = _WAYS[waiting.way]
    channel = _channel(kinds, waiting.channel)
    if channel is None or not channel.is_active or not channel.organization.is_active:
        return None
    request = ASGIRequest(waiting.scope, BytesIO(waiting.body))
    try:
        request.get_host()
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return None
        call = judge(request, channel, waiting.body)
    except (Problem, DisallowedHost):
        return None
    return None if call.problem else _Judged(position, client_address(request), channel, call)


_channels: dict[tuple[tuple[str, ...], str], tuple[Channel, float]] = {}


def _channel(kinds: tuple[str, ...], name: str) -> Channel | None:
    """The channel by short name or number, as it was a moment ago."""
    known = _channels.get((kinds, name))
    if known and known[1] > time.monotonic():
        return known[0]
    wanted = Q(slug=name.lower())
    if name.isdigit() and len(name) < 19:
        wanted |= Q(pk=int(name))
    with system_scope():
        rows = Channel.objects.select_related("organization").filter(wanted, kind__in=kinds)
        found = rows.order_by("pk").first()
    if found is not None:
        if len(_channels) >= MOST_CHANNELS:
            _channels.clear()
        _channels[kinds, name] = (found, time.monotonic() + REMEMBERED)
    return found


def _by_channel(judged: Sequence[_Judged]) -> dict[Channel, list[_Judged]]:
    found: dict[Channel, list[_Judged]] = defaultdict(list)
    for one in judged:
        found[one.channel].append(one)
    return found


def _keep(channel: Channel, calls: Sequence[_Judged]) -> list[tuple[_Judged, Kept]]:
    """Those that nobody knew and that are not too many. Queries: 2, and the scope's."""
    decisions = _counted(calls)
    passing = [one for one in calls if one.address in decisions]
    if not passing:
        return []
    with organization_scope(channel.organization_id):
        receipts = keep_new(channel, [one.call.arrival for one in passing])
        new = [row for row in receipts if row is not None]
        if new:
            nudge_taking(new[0])  # one stands for all
    return [
        (one, Kept(row.pk, decision.headers() if decision else {}))
        for one, row in zip(passing, receipts, strict=True)
        if row is not None
        for decision in (decisions[one.address],)
    ]


def _counted(calls: Sequence[_Judged]) -> dict[str, Decision | None]:
    """The addresses whose calls may pass, each with what its limit says."""
    counts: dict[str, int] = defaultdict(int)
    for one in calls:
        counts[one.address] += 1
    decisions = {
        address: take_together(WebhookLimit.name, address, count)
        for address, count in counts.items()
    }
    return {address: one for address, one in decisions.items() if one is None or one.allowed}
