"""What came in, kept exactly once, whatever the channel, and what became of it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Q, Subquery

from integrations.models import Channel, Receipt, ReceiptState
from omnidesk.core.clock import now
from omnidesk.core.history import history_moment
from omnidesk.core.text import one_line
from tickets.models import Message, Ticket

# More than this many messages of one sender in an hour are a loop or a flood, no conversation.
MAX_PER_HOUR: Final = 60
# Where the trail keeps the envelope.
ENVELOPE: Final = "envelope"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where it went, and why."""

    state: ReceiptState
    reason: str = ""
    message: Message | None = None
    ticket: Ticket | None = None
    # What matched and who was checked (`Receipt.trail`).
    trail: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Something received, as it is kept. `envelope` are the addresses the sending server named."""

    external_id: str
    raw: bytes
    remote_uid: str = ""
    sender: str = ""
    subject: str = ""
    is_auto: bool = False
    envelope: Sequence[str] = ()


def keep(
    channel: Channel, external_id: str, raw: bytes, *, remote_uid: str = "", sender: str = "",
    subject: str = "", is_auto: bool = False, waiting: bool = False,
) -> Receipt:  # fmt: skip
    """The receipt of something received; `was_known` is set where it had come before.

    The caller holds the organization's scope. `waiting` leaves it to a worker (`taking.py`),
    otherwise it counts as in quarantine until a verdict is written. Queries: 3 for a new one.
    """
    arrival = Arrival(
        external_id=external_id, raw=raw, remote_uid=remote_uid, sender=sender, subject=subject,
        is_auto=is_auto,
    )  # fmt: skip
    receipt = receipt_of(channel, arrival, waiting=waiting)
    try:
        with transaction.atomic():
            receipt.save(force_insert=True)
    except IntegrityError:
        known = Receipt.objects.light().filter(channel=channel, key=receipt.key).first()
        if known is None:  # another thing at the same position of the far side
            known = Receipt.objects.light().get(channel=channel, remote_uid=remote_uid)
        known.was_known = True
        return known
    return receipt


@transaction.atomic(savepoint=False)
def keep_all(channel: Channel, arrivals: Sequence[Arrival]) -> None:
    """Keep several for a worker, each once.

    All or none, with what else the caller's transaction holds. The caller holds the organization's
    scope. Queries: 1.
    """
    Receipt.objects.bulk_create(
        (receipt_of(channel, arrival, waiting=True) for arrival in arrivals), ignore_conflicts=True
    )


@transaction.atomic(savepoint=False)
def keep_new(channel: Channel, arrivals: Sequence[Arrival]) -> list[Receipt | None]:
    """Keep for a worker those that nobody knows; None for the others, of which nothing is kept.

    The caller holds the organization's scope. Raises IntegrityError, with nothing kept, where
    another process keeps one of them at this moment. Queries: 2.
    """
    keys = [key_of(one.external_id) for one in arrivals]
    uids = [one.remote_uid for one in arrivals if one.remote_uid]
    rows = Receipt.objects.filter(Q(key__in=keys) | Q(remote_uid__in=uids), channel=channel)
    seen: set[str] = set()
    for key, uid in rows.values_list("key", "remote_uid"):
        seen |= {key, uid}
    found: list[Receipt | None] = []
    for key, one in zip(keys, arrivals, strict=True):
        new = key not in seen and (not one.remote_uid or one.remote_uid not in seen)
        found.append(receipt_of(channel, one, waiting=True) if new else None)
        seen |= {key, one.remote_uid}
    Receipt.objects.bulk_create(row for row in found if row is not None)
    return found


def new_among(channel: Channel, external_ids: Iterable[str]) -> int:
    """How many of these have not come yet. The caller holds the scope. Queries: 1."""
    keys = {key_of(one) for one in external_ids}
    return len(keys) - Receipt.objects.filter(channel=channel, key__in=keys).count()


def receipt_of(channel: Channel, arrival: Arrival, *, waiting: bool) -> Receipt:
    """The row of something received, not saved."""
    moment = now()
    return Receipt(
        organization_id=channel.organization_id,
        channel=channel,
        external_id=one_line(arrival.external_id, 998),
        key=key_of(arrival.external_id),
        remote_uid=arrival.remote_uid,
        raw=arrival.raw,
        size=len(arrival.raw),
        sender=one_line(arrival.sender, 320),
        subject=one_line(arrival.subject, 300),
        state=ReceiptState.WAITING if waiting else ReceiptState.QUARANTINED,
        is_auto=arrival.is_auto,
        received_at=moment,
        next_try_at=moment if waiting else None,
        trail={ENVELOPE: list(arrival.envelope)} if arrival.envelope else {},
    )


def key_of(external_id: str) -> str:
    """What the same thing is known by, whatever the length of its id."""
    return hashlib.sha256(external_id.encode("utf-8", "replace")).hexdigest()


def raws_of(ids: Sequence[int]) -> dict[int, bytes]:
    """The bytes as they came, by receipt. The caller holds the scope. Queries: 1."""
    rows = Receipt.objects.filter(pk__in=ids).values_list("pk", "raw")
    return {pk: bytes(raw) for pk, raw in rows}


def envelope_of(receipt: Receipt) -> tuple[str, ...]:
    """The addresses that the sending server named; empty where it was not asked."""
    return tuple(receipt.trail.get(ENVELOPE, ()))


def trail_of(receipt: Receipt, trail: Mapping[str, Any]) -> dict[str, Any]:
    """What matched, beside the envelope that the receipt keeps."""
    kept = envelope_of(receipt)
    return {**({ENVELOPE: list(kept)} if kept else {}), **trail}


def write_verdict(receipt: Receipt, verdict: Verdict) -> None:
    """Note on the receipt what became of it."""
    receipt.state = verdict.state.value
    receipt.reason = one_line(verdict.reason, 300)
    receipt.message = verdict.message
    receipt.ticket = verdict.message.ticket if verdict.message else verdict.ticket
    receipt.trail = trail_of(receipt, verdict.trail)
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


def flooded(receipts: Sequence[Receipt]) -> set[int]:
    """The ids of those that were too many of their sender when they came in. Queries: 1, or 0.

    What came later does not count: mails wait for each other, and a batch is no flood.
    """
    if history_moment() is not None:
        return set()
    before = Receipt.objects.filter(
        organization_id=OuterRef("organization_id"),
        sender=OuterRef("sender"),
        received_at__gte=OuterRef("received_at") - timedelta(hours=1),
        pk__lte=OuterRef("pk"),
    )
    counted = before.order_by().values("sender").annotate(count=Count("pk")).values("count")
    rows = Receipt.objects.filter(pk__in=[one.pk for one in receipts])
    many = rows.annotate(before=Subquery(counted)).filter(before__gt=MAX_PER_HOUR)
    return set(many.order_by().values_list("pk", flat=True))
