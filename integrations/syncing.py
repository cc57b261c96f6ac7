"""Fetching from the far side, whatever the kind: one look at a time, its outcome on the row.

`watch` notices what nobody reports: a channel that should fetch and does not, answers that wait.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from integrations import registry
from integrations.actions.channels import mark_stalled, note_failure, note_success
from integrations.base import TransportError
from integrations.models import Channel, Delivery, Step
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.core.text import one_line

logger = structlog.get_logger(__name__)
# A look that did not end is given up after this; longer than any task may run.
STALE_LOOK: Final = timedelta(minutes=15)
STALLS_AFTER: Final = timedelta(minutes=15)
# After failures the looks become rarer, up to one in this time.
LONGEST_PAUSE: Final = timedelta(minutes=10)


def due() -> list[tuple[int, int]]:
    """(organization, channel) of every channel whose next look is due."""
    moment = now()
    fetching = [key for key, kind in registry.kinds().items() if kind.sync]
    with system_scope():
        rows = list(Channel.objects.working().filter(kind__in=fetching))
    return [(one.organization_id, one.pk) for one in rows if _is_due(one, moment)]


def _is_due(channel: Channel, moment: datetime) -> bool:
    if not registry.can_sync(channel):
        return False
    if channel.last_polled_at is None:
        return True
    every = timedelta(seconds=registry.kind_of(channel.kind).interval)
    wait = min(every * 2 ** min(channel.failures, 10), max(LONGEST_PAUSE, every))
    # Half a beat early: beat's own rhythm must not make every second look late.
    due_at: datetime = channel.last_polled_at + wait - timedelta(seconds=10)
    return due_at <= moment


def look(organization_id: int, channel_id: int) -> int:
    """Fetch what is new in one channel; returns how many things came in, 0 where it failed."""
    channel = _begin(organization_id, channel_id)
    if channel is None:
        return 0
    try:
        return _fetch(channel)
    except TransportError as problem:
        logger.warning("channel_not_read", channel=channel.pk, error=problem.message)
        return 0


def fetch_now(channel: Channel) -> int:
    """The same because a person asked. Raises TransportError, also while another look runs."""
    begun = _begin(channel.organization_id, channel.pk)
    if begun is None:
        raise TransportError(_("A worker is fetching at this moment. Try again later."))
    return _fetch(begun)


def _fetch(channel: Channel) -> int:
    try:
        return _noted(channel)
    finally:
        with organization_scope(channel.organization_id):
            Channel.objects.filter(pk=channel.pk).update(polling_since=None, last_polled_at=now())


def _noted(channel: Channel) -> int:
    """One fetch, its outcome noted on the row. Raises TransportError after noting it."""
    try:
        with translation.override(channel.organization.language):
            taken = registry.sync(channel)
    except TransportError as problem:
        with organization_scope(channel.organization_id):
            note_failure(channel, problem)
        raise
    except Exception as problem:
        logger.exception("channel_sync_crashed", channel=channel.pk)
        words = one_line(f"{type(problem).__name__}: {problem}", 250)
        with organization_scope(channel.organization_id):
            note_failure(channel, TransportError(words))
        raise TransportError(words) from problem
    with organization_scope(channel.organization_id):
        note_success(channel)
    return taken


def _begin(organization_id: int, channel_id: int) -> Channel | None:
    with organization_scope(organization_id):
        free = Q(polling_since=None) | Q(polling_since__lt=now() - STALE_LOOK)
        rows = Channel.objects.working().filter(free, pk=channel_id)
        if not rows.update(polling_since=now()):
            return None
        return Channel.objects.select_related("organization").get(pk=channel_id)


def watch() -> int:
    """Raise the alarm for channels that stand still; returns how many are new."""
    moment = now()
    found = 0
    with system_scope():
        waiting = set(
            Delivery.objects.filter(
                state=Step.QUEUED,
                created_at__lt=moment - STALLS_AFTER,
                channel__in=Channel.objects.sending(),
            ).values_list("channel_id", flat=True)
        )
        rows = Channel.objects.working().filter(stalled_at=None).select_related("organization")
        for channel in rows:
            with translation.override(channel.organization.language):
                reason = _stands_still(channel, moment, waiting)
                found += bool(reason) and mark_stalled(channel, reason)
    return found


def _stands_still(channel: Channel, moment: datetime, waiting: set[int]) -> str:
    if channel.pk in waiting:
        return _("Answers have been waiting for more than 15 minutes.")
    if not registry.can_sync(channel):
        return ""
    every = timedelta(seconds=registry.kind_of(channel.kind).interval)
    last = channel.last_success_at or channel.created_at
    if moment - last > max(STALLS_AFTER, 3 * every):
        return _("Nothing could be fetched for more than 15 minutes.")
    return ""
