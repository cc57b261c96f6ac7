"""Setting up channels, pausing and resuming them, and noting how they are."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.base import TransportError
from integrations.events import ChannelPaused, ChannelRecovered, ChannelStalled
from integrations.hooks import new_secret
from integrations.kinds import Filled, Kind, fill
from integrations.models import Channel
from integrations.registry import EMAIL, kind_of
from omnidesk.accounts.models import Organization
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.events import publish
from omnidesk.core.text import one_line
from tickets.actions.base import InvalidChange

logger = structlog.get_logger(__name__)
# Refused credentials in a row before a channel pauses: more would lock accounts on the far side.
MAX_REFUSALS: Final = 5
# Success is noted at most this often, so that a busy channel's row is not a bottleneck.
NOTE_EVERY: Final = timedelta(seconds=10)


@transaction.atomic
def add_channel(
    *, organization: Organization, kind: str, name: str, given: Mapping[str, Any],
    **fields: Any,
) -> tuple[Channel, dict[str, str]]:  # fmt: skip
    """A new channel, active at once, and the secrets that were made up for it (show them once).

    Raises BadInput naming the setting. The caller holds a scope with the organization.
    """
    declared = kind_of(kind)
    label = one_line(name, 80)
    if not label:
        raise BadInput(_("Give the channel a name."), "name")
    if Channel.objects.filter(organization=organization, name__iexact=label).exists():
        raise BadInput(_("There is a channel called “%(name)s” already.") % {"name": label}, "name")
    filled = fill(declared, given)
    channel = Channel(organization=organization, kind=declared.key, name=label, **fields)
    write_settings(channel, filled)
    made_up = make_up_secrets(channel, declared)
    try:
        with transaction.atomic():
            channel.save(force_insert=True)
    except IntegrityError:
        raise BadInput(
            _("Another channel has the address %(address)s.") % {"address": channel.address},
            "address",
        ) from None
    return channel, made_up


@transaction.atomic
def change_channel(*, channel: Channel, given: Mapping[str, Any], **fields: Any) -> Channel:
    """Change settings by name, and columns; what is not given stays. Raises BadInput."""
    row = Channel.objects.select_for_update(of=("self",)).get(pk=channel.pk)
    filled = fill(
        kind_of(row.kind),
        given,
        present={**row.settings, "address": row.address},
        sealed=row.sealed_secrets,
    )
    write_settings(row, filled)
    for field, value in fields.items():
        setattr(row, field, value)
    row.save()
    return row


def write_settings(channel: Channel, filled: Filled) -> None:
    """Put cleaned settings into the row; unnamed secrets stay. The caller saves."""
    channel.address = filled.address
    channel.settings = dict(filled.plain)
    for name, value in filled.secrets.items():
        channel.set_secret(name, value)


def make_up_secrets(channel: Channel, kind: Kind) -> dict[str, str]:
    """Seal a random secret wherever the kind wants one and none is there. The caller saves."""
    made = {
        name: new_secret() if kind.standard_secrets else secrets.token_urlsafe(32)
        for name in kind.made_up
        if not channel.sealed_secrets.get(name)
    }
    for name, value in made.items():
        channel.set_secret(name, value)
    return made


@transaction.atomic
def keep_secret(*, channel: Channel, **news: str) -> Channel:
    """Seal secrets that the far side gave, by name ('' forgets one); the row as it is then."""
    row = Channel.objects.select_for_update(of=("self",)).get(pk=channel.pk)
    for name, value in news.items():
        row.set_secret(name, value)
    row.save(update_fields=["sealed_secrets"])
    return row


@transaction.atomic
def set_up_mail_channel(organization: Organization, address: str, *, name: str = "") -> Channel:
    """The organization's mail channel with `address`, made on first use; twice is once.

    The caller holds a scope with the organization. A new channel takes mail from the listener;
    polling a mailbox begins when its IMAP settings are filled in.
    """
    channel, _created = Channel.objects.get_or_create(
        organization=organization,
        kind=EMAIL,
        address=address.strip().lower(),
        defaults={"name": name or organization.name},
    )
    return channel


@transaction.atomic
def pause_channel(*, channel: Channel, reason: str, by_itself: bool = False) -> bool:
    """Stop taking in and sending; what waits to go out keeps waiting. Returns whether it ran."""
    changed = Channel.objects.working().filter(pk=channel.pk).update(
        is_active=False,
        paused_at=now(),
        paused_itself=by_itself,
        pause_reason=one_line(reason, 300),
    )  # fmt: skip
    if changed:
        logger.warning("channel_paused", channel=channel.pk, reason=reason, by_itself=by_itself)
        publish(
            ChannelPaused(
                organization_id=channel.organization_id,
                channel_id=channel.pk,
                by_itself=by_itself,
            )
        )
    return bool(changed)


@transaction.atomic
def resume_channel(*, channel: Channel) -> None:
    """Let a channel work again, from where it stopped. Raises InvalidChange if it works."""
    changed = Channel.objects.filter(pk=channel.pk, is_active=False).update(
        is_active=True,
        paused_at=None,
        paused_itself=False,
        pause_reason="",
        failures=0,
        refusals=0,
        stalled_at=None,
        last_error="",
        # The watch counts from here.
        last_success_at=now(),
    )
    if not changed:
        raise InvalidChange(_("“%(name)s” is not paused.") % {"name": channel.name})
    _publish_recovered(channel)


def _publish_recovered(channel: Channel) -> None:
    publish(ChannelRecovered(organization_id=channel.organization_id, channel_id=channel.pk))


@transaction.atomic
def note_success(channel: Channel) -> None:
    """Something came through. Costs one statement, and writes at most every ten seconds."""
    moment = now()
    old = Q(last_success_at=None) | Q(last_success_at__lt=moment - NOTE_EVERY)
    rows = Channel.objects.filter(pk=channel.pk)
    changed = rows.filter(old | Q(failures__gt=0) | ~Q(last_error="")).update(
        last_success_at=moment, last_error="", failures=0, refusals=0
    )
    if changed and rows.exclude(stalled_at=None).update(stalled_at=None):
        _publish_recovered(channel)


@transaction.atomic
def note_failure(channel: Channel, problem: TransportError) -> None:
    """Keep what went wrong, in words; refused credentials pause the channel after a few tries."""
    row = Channel.objects.select_for_update(of=("self",)).get(pk=channel.pk)
    row.last_error = one_line(problem.message, 300)
    row.failures += 1
    row.refusals = row.refusals + 1 if problem.refused else 0
    row.save(update_fields=["last_error", "failures", "refusals", "updated_at"])
    if row.refusals >= MAX_REFUSALS:
        with translation.override(channel.organization.language):
            reason = _("Sign-in was refused %(count)d times in a row: %(words)s") % {
                "count": row.refusals, "words": problem.message,
            }  # fmt: skip
        pause_channel(channel=row, reason=reason, by_itself=True)


@transaction.atomic
def mark_stalled(channel: Channel, reason: str) -> bool:
    """Raise the alarm once until the channel recovers; returns whether it was new."""
    changed = Channel.objects.working().filter(pk=channel.pk, stalled_at=None).update(
        stalled_at=now()
    )  # fmt: skip
    if changed:
        Channel.objects.filter(pk=channel.pk, last_error="").update(
            last_error=one_line(reason, 300)
        )
        logger.warning("channel_stalled", channel=channel.pk, reason=reason)
        publish(ChannelStalled(organization_id=channel.organization_id, channel_id=channel.pk))
    return bool(changed)
