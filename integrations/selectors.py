"""Reading channels: by name, and how they are, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from integrations.models import (
    Channel,
    Delivery,
    Receipt,
    ReceiptState,
    Step,
    WebhookEndpoint,
)
from integrations.registry import can_sync, kind_of
from omnidesk.accounts.models import Organization, User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput

NEEDS_A_PERSON: Final = frozenset({"paused", "stalled", "braked"})


@dataclass(frozen=True, slots=True)
class Health:
    """One channel's line. `state`: ok, failing, braked, stalled, paused or off; times are UTC."""

    channel: Channel
    kind_label: str
    state: str
    words: str
    fetches: bool
    webhook: str
    waiting: int
    oldest_waiting: datetime | None
    failed: int
    quarantined: int


def find_channel(name: str, organization: str = "") -> Channel:
    """The channel by name, short name or number, whatever the case; the caller holds a scope.

    Raises BadInput where there is none or more than one.
    """
    rows = Channel.objects.select_related("organization")
    if organization:
        rows = rows.filter(organization=find_organization(organization))
    exact = Q(name__iexact=name) | Q(slug=name.lower())
    if name.isdigit() and len(name) < 19:
        exact |= Q(pk=int(name))
    found = list(rows.filter(exact)[:3])
    if not found:
        raise BadInput(_("There is no channel called “%(name)s”.") % {"name": name[:80]}, "name")
    if len(found) > 1:
        known = ", ".join(one.slug for one in found)
        raise BadInput(
            _("Several channels are called “%(name)s”. Use one of: %(known)s.")
            % {"name": name[:80], "known": known},
            "name",
        )
    return found[0]


def find_organization(name: str) -> Organization:
    """By short name, name or number. Raises BadInput that names the ones there are."""
    rows = Organization.objects.filter(Q(slug__iexact=name) | Q(name__iexact=name))
    if name.isdigit() and len(name) < 19:
        rows = rows | Organization.objects.filter(pk=int(name))
    found = list(rows[:2])
    if len(found) == 1:
        return found[0]
    known = ", ".join(Organization.objects.values_list("slug", flat=True)[:20])
    raise BadInput(
        _("There is no organization called “%(name)s”. There are: %(known)s.")
        % {"name": name[:80], "known": known or "–"},
        "organization",
    )


def state_of(channel: Channel) -> str:
    """ok, failing, braked, stalled, paused (by itself or with a reason) or off."""
    if not channel.is_active:
        return "paused" if channel.pause_reason else "off"
    if channel.braked_at is not None:
        return "braked"
    if channel.stalled_at is not None:
        return "stalled"
    return "failing" if channel.failures else "ok"


def state_words(channel: Channel) -> str:
    """One clear sentence about the channel."""
    state = state_of(channel)
    if state == "off":
        return _("Switched off.")
    if state == "paused":
        return _("Paused: %(reason)s") % {"reason": channel.pause_reason}
    if state == "braked":
        return _("Answers are held back: %(reason)s") % {"reason": channel.brake_reason}
    if state == "stalled":
        return _("Stands still: %(error)s") % {"error": channel.last_error}
    if state == "failing":
        return _("Last try failed: %(error)s") % {"error": channel.last_error}
    if channel.last_success_at is None:
        return _("Nothing has come through yet.")
    return _("Works.")


def webhook_address(channel: Channel) -> str:
    """The address that the far side calls, '' for a kind that is not called."""
    kind = kind_of(channel.kind)
    if not kind.webhook:
        return ""
    return settings.BASE_URL.rstrip("/") + reverse(kind.webhook, args=[channel.slug])


def health(channels: Iterable[Channel]) -> list[Health]:
    """The lines of `channels`. Queries: 2 (deliveries, receipts) and what `channels` costs."""
    rows = list(channels)
    ids = [one.pk for one in rows]
    day = now() - timedelta(days=1)
    out: dict[int, Mapping[str, Any]] = {
        row["channel"]: row
        for row in Delivery.objects.filter(channel__in=ids)
        .filter(Q(state=Step.QUEUED) | Q(state=Step.FAILED, settled_at__gte=day))
        .order_by()
        .values("channel")
        .annotate(
            waiting=Count("pk", filter=Q(state=Step.QUEUED)),
            failed=Count("pk", filter=Q(state=Step.FAILED)),
            oldest=Min("created_at", filter=Q(state=Step.QUEUED)),
        )
    }
    kept = dict(
        Receipt.objects.filter(channel__in=ids, state=ReceiptState.QUARANTINED)
        .order_by()
        .values("channel")
        .annotate(count=Count("pk"))
        .values_list("channel", "count")
    )
    return [_line(one, out.get(one.pk, {}), kept.get(one.pk, 0)) for one in rows]


def _line(channel: Channel, out: Mapping[str, Any], quarantined: int) -> Health:
    return Health(
        channel=channel,
        kind_label=str(kind_of(channel.kind).label),
        state=state_of(channel),
        words=state_words(channel),
        fetches=can_sync(channel),
        webhook=webhook_address(channel),
        waiting=out.get("waiting", 0),
        oldest_waiting=out.get("oldest"),
        failed=out.get("failed", 0),
        quarantined=quarantined,
    )


def led_channels(user: User) -> list[Channel]:
    """Channels of the organizations that the person leads. Queries: 1."""
    ids = [one for one in user.staffed_organization_ids() if user.has_role(one, Role.LEAD)]
    rows = Channel.objects.filter(organization__in=ids).select_related("organization")
    return list(rows.order_by("organization__name", "name"))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something of the channels that needs a person."""

    name: str
    words: str


def _needs(channel: Channel) -> str:
    braked = channel.is_active and channel.braked_at is not None
    return state_words(channel) if braked else channel.pause_reason or channel.last_error


def troubled(user: User) -> list[Trouble]:
    """Channels that paused by themselves or stand still, webhooks that gave up. Queries: 2."""
    rows = [one for one in led_channels(user) if state_of(one) in NEEDS_A_PERSON]
    channels = [one for one in rows if one.is_active or one.paused_itself]
    ids = [one for one in user.staffed_organization_ids() if user.has_role(one, Role.LEAD)]
    hooks = WebhookEndpoint.objects.filter(organization__in=ids, is_active=False)
    return [
        *(Trouble(one.name, _needs(one)) for one in channels),
        *(Trouble(one.name, one.pause_reason) for one in hooks.exclude(pause_reason="")),
    ]
