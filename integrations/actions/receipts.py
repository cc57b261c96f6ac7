"""What came in, kept exactly once, whatever the channel, and what became of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction

from integrations.models import Channel, Receipt, ReceiptState
from omnidesk.core.clock import now
from omnidesk.core.history import history_moment
from omnidesk.core.text import one_line
from tickets.models import Message, Ticket

# More than this many messages of one sender in an hour are a loop or a flood, no conversation.
MAX_PER_HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where it went, and why."""

    state: ReceiptState
    reason: str = ""
    message: Message | None = None
    ticket: Ticket | None = None
    # What matched and who was checked (`Receipt.trail`).
    trail: Mapping[str, Any] = field(default_factory=dict[str, Any])


def keep(
    channel: Channel, external_id: str, raw: bytes, *, remote_uid: str = "", sender: str = "",
    subject: str = "", is_auto: bool = False, waiting: bool = False,
) -> Receipt:  # fmt: skip
    """The receipt of something received; `was_known` is set where it had come before.

    The caller holds the organization's scope. `waiting` leaves it to a worker (`taking.py`),
    otherwise it counts as in quarantine until a verdict is written. Queries: 3 for a new one.
    """
    key = hashlib.sha256(external_id.encode("utf-8", "replace")).hexdigest()
    receipt = Receipt(
        organization_id=channel.organization_id,
        channel=channel,
        external_id=one_line(external_id, 998),
        key=key,
        remote_uid=remote_uid,
        raw=raw,
        size=len(raw),
        sender=one_line(sender, 320),
        subject=one_line(subject, 300),
        state=ReceiptState.WAITING if waiting else ReceiptState.QUARANTINED,
        is_auto=is_auto,
        received_at=now(),
        next_try_at=now() if waiting else None,
    )
    try:
        with transaction.atomic():
            receipt.save(force_insert=True)
    except IntegrityError:
        known = Receipt.objects.light().filter(channel=channel, key=key).first()
        if known is None:  # another thing at the same position of the far side
            known = Receipt.objects.light().get(channel=channel, remote_uid=remote_uid)
        known.was_known = True
        return known
    return receipt


def write_verdict(receipt: Receipt, verdict: Verdict) -> None:
    """Note on the receipt what became of it."""
    receipt.state = verdict.state.value
    receipt.reason = one_line(verdict.reason, 300)
    receipt.message = verdict.message
    receipt.ticket = verdict.message.ticket if verdict.message else verdict.ticket
    receipt.trail = dict(verdict.trail)
    receipt.save(update_fields=["state", "reason", "message", "ticket", "trail"])


def flooding(channel: Channel, sender: str) -> bool:
    """Whether the sender wrote more within the last hour than a person does."""
    if history_moment() is not None:
        return False  # an import brings a person's mails of years
    recent = Receipt.objects.filter(
        organization_id=channel.organization_id,
        sender=sender.lower()[:320],
        received_at__gte=now() - timedelta(hours=1),
    )
    return recent.count() > MAX_PER_HOUR
