"""Turning what webhooks kept into tickets, in a worker: claim, take, settle.

A webhook only verifies and keeps, so that it answers at once. The kind's `take` may ask the far
side (no transaction is open) and settles the receipt in one transaction with what it led to: a
process that dies in between leaves the receipt waiting, and the sweep gives it out again.
"""

import time
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Q, QuerySet
from django.utils import translation

from integrations import registry
from integrations.actions.channels import note_failure, note_success
from integrations.actions.receipts import Verdict, write_verdict
from integrations.base import TransportError
from integrations.models import Channel, Receipt, ReceiptState
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.core.text import one_line
from tickets.actions.base import InvalidChange

logger = structlog.get_logger(__name__)
MAX_TRIES: Final = 8
FIRST_WAIT: Final = 15  # seconds; doubles at every try
LONGEST_WAIT: Final = 900
AT_ONCE: Final = 20
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
    except (OperationalError, InterfaceError):
        # Nothing is known and nothing can be written: the claim runs out, the sweep comes again.
        logger.warning("receipt_not_taken", receipt=receipt.pk)
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
        with organization_scope(organization_id):
            rows = _waiting(now()).filter(channel_id=channel_id)
            ids = list(rows.order_by("next_try_at", "pk").values_list("pk", flat=True)[:AT_ONCE])
        if not ids:
            break
        for receipt_id in ids:
            taken += bool(take_in(organization_id, receipt_id))
    return taken


def _waiting(moment: datetime) -> QuerySet[Receipt]:
    """What nobody is at and whose time has come, of the scope."""
    free = Q(claimed_at=None) | Q(claimed_at__lt=moment - STALE_CLAIM)
    return Receipt.objects.filter(
        free,
        state=ReceiptState.WAITING,
        next_try_at__lte=moment,
        channel__in=Channel.objects.working(),
    )


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
    with organization_scope(receipt.organization_id):
        Receipt.objects.filter(pk=receipt.pk, state=ReceiptState.WAITING).update(
            claimed_at=None,
            next_try_at=now() + timedelta(seconds=wait),
            reason=one_line(problem.message, 300),
        )


def _quarantine(receipt: Receipt, reason: str) -> None:
    with organization_scope(receipt.organization_id):
        write_verdict(receipt, Verdict(ReceiptState.QUARANTINED, reason))


def due() -> list[tuple[int, int]]:
    """(organization, receipt) of what waits and whose time has come, oldest first."""
    with system_scope():
        rows = _waiting(now())
        return list(rows.order_by("next_try_at").values_list("organization_id", "pk")[:500])
