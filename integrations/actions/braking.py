"""The brake on what goes out: abnormal volume stops a channel's sending until a person looks.

A loop, a rule gone wild or a stolen account must not send thousands of mails before anybody
sees it. Taking in goes on, and nothing that waits is lost.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Count
from django.db.models.functions import TruncHour
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.events import ChannelBraked, ChannelRecovered
from integrations.models import Channel, Delivery, Step
from integrations.registry import kind_of
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import one_line
from tickets.actions.base import InvalidChange
from tickets.models import Letter, LetterState
from tickets.notices import Medium

logger = structlog.get_logger(__name__)
# Fewer than this in an hour are normal anywhere, unless the channel says otherwise.
ALWAYS_NORMAL: Final = 200
TIMES_BUSIEST: Final = 4  # what is abnormal, measured by the busiest hour of the last days
LOOK_BACK: Final = timedelta(days=14)
_GONE_OUT: Final = [Step.HANDING_OVER, Step.SENT, Step.UNCERTAIN]


def sent_lately(channel: Channel, moment: datetime) -> int:
    """How many answers left within the hour, or since a person released the brake."""
    since = moment - timedelta(hours=1)
    if channel.brake_released_at is not None:
        since = max(since, channel.brake_released_at)
    rows = Delivery.objects.filter(channel=channel, state__in=_GONE_OUT, claimed_at__gte=since)
    return rows.count() + (_texts_told(channel, since) if kind_of(channel.kind).short else 0)


def _texts_told(channel: Channel, since: datetime) -> int:
    """Notices that left as text messages: they cost like answers."""
    rows = Letter.objects.filter(
        organization_id=channel.organization_id,
        medium=Medium.SMS,
        state__in=[LetterState.HANDING_OVER, LetterState.SENT, LetterState.UNCERTAIN],
        claimed_at__gte=since,
    )
    return rows.count()


def limit_of(channel: Channel, moment: datetime) -> int:
    """Answers in an hour from which the brake holds: as set, or a multiple of what is usual."""
    if channel.send_limit:
        return channel.send_limit
    usual = (
        Delivery.objects.filter(
            channel=channel,
            state__in=_GONE_OUT,
            claimed_at__range=(moment - LOOK_BACK, moment - timedelta(hours=1)),
        )
        .order_by()
        .annotate(hour=TruncHour("claimed_at"))
        .values("hour")
        .annotate(count=Count("pk"))
        .order_by("-count")
        .values_list("count", flat=True)
        .first()
    )
    return max(ALWAYS_NORMAL, TIMES_BUSIEST * (usual or 0))


def may_send(channel: Channel) -> bool:
    """Whether one more answer may leave; pulls the brake where it may not.

    Queries: 1 while the hour is a normal one, 2 for text messages. The caller holds the
    organization's scope.
    """
    if channel.braked_at is not None:
        return False
    moment = now()
    count = sent_lately(channel, moment)
    if count < (channel.send_limit or ALWAYS_NORMAL):
        return True
    limit = limit_of(channel, moment)
    if count < limit:
        return True
    _brake(channel, count, limit)
    return False


@transaction.atomic
def _brake(channel: Channel, count: int, limit: int) -> None:
    with translation.override(channel.organization.language):
        reason = _("%(count)d answers in an hour, and %(limit)d is the most that is normal.") % {
            "count": count, "limit": limit,
        }  # fmt: skip
    changed = Channel.objects.filter(pk=channel.pk, braked_at=None).update(
        braked_at=now(), brake_reason=one_line(reason, 300)
    )
    if changed:
        logger.warning("channel_braked", channel=channel.pk, count=count, limit=limit)
        publish(ChannelBraked(organization_id=channel.organization_id, channel_id=channel.pk))


@transaction.atomic
def release_brake(*, channel: Channel) -> None:
    """Let what waits go out; counting begins anew. Raises InvalidChange if nothing is held."""
    changed = Channel.objects.filter(pk=channel.pk, braked_at__isnull=False).update(
        braked_at=None, brake_reason="", brake_released_at=now()
    )
    if not changed:
        raise InvalidChange(_("“%(name)s” holds nothing back.") % {"name": channel.name})
    logger.warning("channel_brake_released", channel=channel.pk)
    publish(ChannelRecovered(organization_id=channel.organization_id, channel_id=channel.pk))
