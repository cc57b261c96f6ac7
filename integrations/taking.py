"""Turning what webhooks and mailboxes kept into tickets: claim, take, settle.

A webhook only verifies and keeps, so that it answers at once; so does the mail listener. A kind may
settle many in one transaction (`take_many`): the rows' locks are its claim, so that a process that
dies leaves them free. What that leaves, and all of a batch in which something failed, is taken one
by one. The kind's `take` may ask the far
side (no transaction is open) and settles the receipt in one transaction with what it led to: a
process that dies in between leaves the receipt waiting, and the sweep gives it out again.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.utils import translation

from integrations import registry
from integrations.actions.channels import note_failure, note_success
from integrations.actions.receipts import Verdict, write_verdict
from integrations.base import TransportError
from integrations.models import Channel, Receipt, ReceiptQuerySet, ReceiptState
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.core.text import one_line
from tickets.actions.base import InvalidChange

logger = structlog.get_logger(__name__)
MAX_TRIES: Final = 8
FIRST_WAIT: Final = 15  # seconds; doubles at every try
LONGEST_WAIT: Final = 900
AT_ONCE: Final = 50
MOST_BYTES: Final = 16 * 2**20
DRAIN_SECONDS: Final = 200.0
STALE_CLAIM: Final = timedelta(minutes=6)  # longer than the task may run


def take_in(organization_id: int, receipt_id: int) -> str:
    """Take in one receipt if it is due; returns the state it reached, '' where it was not due."""
    receipt = _claim(organization_id, receipt_id)
    if receipt is None:
        return ""
    channel = receipt.channel
    try:
        with translation.override(channel.organization.language):
            registry.take(channel, receipt)
    except TransportError as problem:
        _note(channel, problem)
        _put_back(receipt, problem)
    except InvalidChange as problem:
        _quarantine(receipt, str(problem))
    except (OperationalError, InterfaceError) as problem:
        # Nothing is known: the sweep comes again, at the latest when the claim has run out.
        logger.warning("receipt_not_taken", receipt=receipt.pk, error=str(problem))
        with suppress(OperationalError, InterfaceError):
            _come_again(receipt, FIRST_WAIT, "")
        return ""
    except Exception as problem:
        # intended: a surprise is kept with its record and does not stop the rest
        logger.exception("receipt_crashed", receipt=receipt.pk)
        _quarantine(receipt, f"{type(problem).__name__}: {problem}")
    else:
        with organization_scope(organization_id):
            note_success(channel)
    with organization_scope(organization_id):
        return str(Receipt.objects.values_list("state", flat=True).get(pk=receipt.pk))


def take_waiting(organization_id: int, channel_id: int) -> int:
    """Take in what waits in one channel and is due, oldest first; returns how many were settled.

    Several workers may be at it: each receipt is claimed by one. Ends with the time of a task;
    the sweep gives out what is left.
    """
    end = time.monotonic() + DRAIN_SECONDS
    taken = 0
    while time.monotonic() < end:
        found, more = _next(organization_id, channel_id)
        if not found:
            break
        done, left = _take_together(found)
        if not done and not left:
            break  # another taker is at all of it
        for receipt_id in left:
            done += bool(take_in(organization_id, receipt_id))
        taken += done
        if not more:
            break  # what came meanwhile has its own nudge, and gathers until then
    return taken


def take_what_waits(channel: Channel) -> None:
    """The same where it must not fail: what was kept is taken in later, if not now."""
    try:
        take_waiting(channel.organization_id, channel.pk)
    except (OperationalError, InterfaceError) as problem:
        logger.warning("receipts_not_taken", channel=channel.pk, error=str(problem))


def _next(organization_id: int, channel_id: int) -> tuple[list[Receipt], bool]:
    """What is to be taken in next, as much as may be in memory at once, with one channel.

    And whether that was not all of it.
    """
    with organization_scope(organization_id):
        rows = _waiting(now()).filter(channel_id=channel_id).light()
        found = list(rows.order_by("next_try_at", "pk")[:AT_ONCE])
        if not found:
            return [], False
        channels = Channel.objects.select_related(
            "organization", "default_team", "default_category__default_team"
        )
        channel = channels.get(pk=channel_id)
    size = 0
    for number, row in enumerate(found):
        row.channel = channel
        size += row.size
        if size > MOST_BYTES and number:
            return found[:number], True
    return found, len(found) == AT_ONCE


def _take_together(found: Sequence[Receipt]) -> tuple[int, list[int]]:
    """How many were settled together, and the ids of those to be taken one by one."""
    channel = found[0].channel
    try:
        with translation.override(channel.organization.language):
            return registry.take_many(channel, found, _free(now()))
    except Exception:
        # intended: the one that is at fault is found, and told of, when each is taken alone
        logger.warning("receipts_taken_apart", channel=channel.pk, exc_info=True)
        return 0, [receipt.pk for receipt in found]


def _free(moment: datetime) -> Q:
    """What waits, whose time has come, and that nobody is at."""
    unclaimed = Q(claimed_at=None) | Q(claimed_at__lt=moment - STALE_CLAIM)
    return unclaimed & Q(state=ReceiptState.WAITING, next_try_at__lte=moment)


def _waiting(moment: datetime) -> ReceiptQuerySet:
    """The same of the scope's working channels."""
    return Receipt.objects.filter(_free(moment), channel__in=Channel.objects.working())


def _claim(organization_id: int, receipt_id: int) -> Receipt | None:
    moment = now()
    with organization_scope(organization_id):
        claimed = _waiting(moment).filter(pk=receipt_id).update(claimed_at=moment)
        if not claimed:
            return None
        receipt = Receipt.objects.select_related("channel__organization").get(pk=receipt_id)
        receipt.attempts += 1
        receipt.save(update_fields=["attempts"])
    return receipt


def _note(channel: Channel, problem: TransportError) -> None:
    with organization_scope(channel.organization_id):
        note_failure(channel, problem)


def _put_back(receipt: Receipt, problem: TransportError) -> None:
    if problem.permanent or receipt.attempts >= MAX_TRIES:
        _quarantine(receipt, problem.message)
        return
    wait = min(FIRST_WAIT * 2 ** (receipt.attempts - 1), LONGEST_WAIT)
    wait = max(wait, min(problem.retry_after, LONGEST_WAIT))
    _come_again(receipt, wait, problem.message)


def _come_again(receipt: Receipt, seconds: float, reason: str) -> None:
    with organization_scope(receipt.organization_id):
        Receipt.objects.filter(pk=receipt.pk, state=ReceiptState.WAITING).update(
            claimed_at=None,
            next_try_at=now() + timedelta(seconds=seconds),
            reason=one_line(reason, 300),
        )


def _quarantine(receipt: Receipt, reason: str) -> None:
    with organization_scope(receipt.organization_id):
        write_verdict(receipt, Verdict(ReceiptState.QUARANTINED, reason))


def due() -> list[tuple[int, int]]:
    """(organization, channel) where something waits and its time has come."""
    with system_scope():
        rows = _waiting(now()).order_by("organization_id", "channel_id")
        return list(rows.values_list("organization_id", "channel_id").distinct())
