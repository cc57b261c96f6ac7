"""Mail at the door: kept with its bytes in one transaction for many, and read only once.

What is kept waits in its receipt until `integrations.taking` takes it in. The process that read a
mail to keep it usually takes it in a moment later, so it remembers what it read for that long;
another process reads the bytes again.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import structlog
from django.db import InterfaceError, OperationalError

from integrations import taking
from integrations.actions.receipts import (
    Arrival,
    envelope_of,
    keep_all,
    key_of,
    new_among,
    raws_of,
)
from integrations.base import InboundMessage
from integrations.models import Channel, Receipt
from integrations.receiving import NotReachable, as_delivered, keep_unreadable, read_mail
from omnidesk.core.tenancy import organization_scope

logger = structlog.get_logger(__name__)
MOST_REMEMBERED: Final = 200
# Bytes of mails that are remembered, and that are in a basket before it is emptied.
MOST_BYTES: Final = 16 * 2**20
FULL: Final = 25


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail as it came; `envelope` are the addresses that the sending server named."""

    raw: bytes
    remote_uid: str = ""
    envelope: tuple[str, ...] = ()


def keep_mails(channel: Channel, incoming: Sequence[Incoming], *, counts: bool = True) -> int:
    """Commit the mails' receipts; returns how many had not come before, 0 where nobody `counts`.

    A mail that cannot be kept with the others is kept alone, in quarantine if need be. Raises
    NotReachable when the database is away: then none of them may count as taken.
    """
    read = [(one, as_delivered(read_mail(one.raw), one.envelope)) for one in incoming]
    try:
        new = _keep(channel, read, counts=counts)
    except (OperationalError, InterfaceError) as problem:
        raise NotReachable from problem
    except Exception:
        # intended: one mail that the database refuses must not hold the others up
        logger.exception("mails_kept_apart", channel=channel.pk)
        new = sum(_keep_alone(channel, one, mail) for one, mail in read)
    for one, mail in read:
        _REMEMBERED.put((channel.pk, key_of(mail.external_id)), mail, len(one.raw))
    return new


def _keep(
    channel: Channel, read: Sequence[tuple[Incoming, InboundMessage]], *, counts: bool = True
) -> int:
    arrivals = [
        Arrival(
            external_id=mail.external_id,
            raw=one.raw,
            remote_uid=one.remote_uid,
            sender=mail.sender.email.lower(),
            subject=mail.subject,
            is_auto=mail.auto or mail.bulk,
            envelope=one.envelope,
        )
        for one, mail in read
    ]
    with organization_scope(channel.organization_id):
        new = new_among(channel, [one.external_id for one in arrivals]) if counts else 0
        keep_all(channel, arrivals)
    return new


def _keep_alone(channel: Channel, one: Incoming, mail: InboundMessage) -> int:
    try:
        return _keep(channel, [(one, mail)])
    except (OperationalError, InterfaceError) as problem:
        raise NotReachable from problem
    except Exception as problem:
        logger.exception("mail_intake_failed", channel=channel.pk, external_id=mail.external_id)
        words = f"{type(problem).__name__}: {problem}"
        receipt = keep_unreadable(channel, mail, one.raw, one.remote_uid, words)
        return int(not receipt.was_known)


def mail_of(receipt: Receipt) -> InboundMessage:
    """The mail that a receipt keeps, read from its bytes."""
    return as_delivered(read_mail(bytes(receipt.raw)), envelope_of(receipt))


def mails_of(
    channel: Channel, receipts: Sequence[Receipt]
) -> Iterator[tuple[Receipt, InboundMessage]]:
    """Receipts (without their bytes) and their mails. Opens a scope for those not remembered."""
    known = {one.pk: _REMEMBERED.take((channel.pk, one.key)) for one in receipts}
    unread = [pk for pk, mail in known.items() if mail is None]
    raws: dict[int, bytes] = {}
    if unread:
        with organization_scope(channel.organization_id):
            raws = raws_of(unread)
    for receipt in receipts:
        mail = known[receipt.pk]
        if mail is None and receipt.pk in raws:
            mail = as_delivered(read_mail(raws[receipt.pk]), envelope_of(receipt))
        if mail is not None:
            yield receipt, mail


class Remembered:
    """Mails that were read a moment ago, by channel and key; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._mails: OrderedDict[tuple[int, str], tuple[InboundMessage, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, key: tuple[int, str], mail: InboundMessage, size: int) -> None:
        """Remember a mail of so many bytes."""
        with self._lock:
            self._drop(key)
            self._mails[key] = (mail, size)
            self._bytes += size
            while self._mails and (len(self._mails) > MOST_REMEMBERED or self._bytes > MOST_BYTES):
                self._drop(next(iter(self._mails)))

    def take(self, key: tuple[int, str]) -> InboundMessage | None:
        """The mail, which is forgotten; None where it is not remembered."""
        with self._lock:
            return self._drop(key)

    def _drop(self, key: tuple[int, str]) -> InboundMessage | None:
        mail, size = self._mails.pop(key, (None, 0))
        self._bytes -= size
        return mail


_REMEMBERED: Final = Remembered()


class Basket:
    """Mails of one mailbox that were fetched and are not kept yet.

    Used as a context: at its end, also where the line broke, what is in it is kept and taken in.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._mails: list[Incoming] = []
        # How many came in that had not come before.
        self.taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.empty()

    def put(self, one: Incoming) -> None:
        """Add a mail."""
        self._mails.append(one)

    @property
    def is_full(self) -> bool:
        """Whether it should be emptied before more is put in."""
        return len(self._mails) >= FULL or sum(len(m.raw) for m in self._mails) >= MOST_BYTES

    def empty(self) -> None:
        """Keep what is in it, and take it in. Raises NotReachable where it cannot be kept."""
        if not self._mails:
            return
        self.taken += keep_mails(self._channel, self._mails)
        self._mails = []
        taking.take_what_waits(self._channel)
