"""Sending what the outbox holds: claim, hand over, settle, each step committed before the next.

queued -> claimed -> handing_over -> sent | failed | uncertain, and back to queued for a later
try. No transaction is open while the mail server is spoken to. A process that dies while
`claimed` has sent nothing: the sweep queues the row again. One that dies while `handing_over`
may have sent it: the sweep calls it uncertain and a person decides, so that no answer is lost
and none goes out twice.
"""

import os
import random
import socket
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.actions.braking import may_send
from integrations.actions.channels import note_failure, note_success
from integrations.actions.outbound import line_of, queue_delivery, settle, stop_automatic
from integrations.actions.states import note_parts
from integrations.base import OutboundMessage, TransportError
from integrations.models import Channel, Delivery, Step
from integrations.outgoing import compose_answer
from integrations.registry import transport_for
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.core.text import one_line
from tickets.automatic import automatic_is_stopped
from tickets.choices import DeliveryState, MessageKind
from tickets.models import Message

logger = structlog.get_logger(__name__)
MAX_TRIES: Final = 10
FIRST_WAIT: Final = 30  # seconds; doubles at every try, about four hours in all
LONGEST_WAIT: Final = 3600
# Longer than all timeouts of one SMTP session before and after DATA.
STALE_CLAIM: Final = timedelta(minutes=5)
STALE_HAND_OVER: Final = timedelta(minutes=3)
# An answer whose event was lost is found this far back.
LOOK_BACK: Final = timedelta(days=14)
SETTLE_TIME: Final = timedelta(seconds=10)


class Overtaken(Exception):
    """The sweep took the row away from a process that was too slow."""


def deliver(organization_id: int, delivery_id: int) -> Step | None:
    """Try the delivery once; returns the step it reached, None where it was not due."""
    token = f"{socket.gethostname()[:20]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    with organization_scope(organization_id):
        delivery = _claim(delivery_id, token)
        if delivery is None:
            return None
        message = compose_answer(delivery)
    return _attempt(delivery, message, token)


def _claim(delivery_id: int, token: str) -> Delivery | None:
    if stop_automatic(delivery_id):
        return None
    channel = Channel.objects.sending().filter(deliveries=delivery_id).first()
    if channel is not None and not may_send(channel):
        return None
    claimed = (
        # A paused or braked channel keeps its answers. A sub-select and no join: with a join the
        # state would be checked inside it, on rows as they were before waiting for the lock.
        Delivery.objects.filter(
            pk=delivery_id,
            state=Step.QUEUED,
            next_try_at__lte=now(),
            channel__in=Channel.objects.sending(),
        ).update(state=Step.CLAIMED, claimed_at=now(), claimed_by=token)
    )
    if not claimed:
        return None
    delivery = Delivery.objects.select_related(
        "channel__organization", "organization", "message__author", "message__ticket__requester"
    ).get(pk=delivery_id)
    delivery.attempts += 1
    delivery.save(update_fields=["attempts"])
    return delivery


def _attempt(delivery: Delivery, message: OutboundMessage, token: str) -> Step:
    try:
        transport = transport_for(_channel(delivery))
        result = transport.send(message, _hand_over(delivery, token))
    except Overtaken:
        logger.warning("delivery_overtaken", delivery=delivery.pk)
        return Step.CLAIMED
    except TransportError as problem:
        return _failed(delivery, token, problem)
    except Exception as problem:  # intended: one odd message must not stop the queue
        logger.exception("delivery_crashed", delivery=delivery.pk)
        return _failed(delivery, token, _as_transport_error(delivery, problem))
    _finish(delivery, token, Step.SENT, result.detail, result.parts)
    logger.info("delivery_sent", delivery=delivery.pk, attempts=delivery.attempts)
    return Step.SENT


def _hand_over(delivery: Delivery, token: str) -> Callable[[], None]:
    def commit() -> None:
        with organization_scope(delivery.organization_id):
            ours = Delivery.objects.filter(pk=delivery.pk, state=Step.CLAIMED, claimed_by=token)
            stopped = delivery.message.is_ai and automatic_is_stopped()
            if stopped:
                # Back to the queue, where the next look ends it: nothing was handed over.
                ours.update(state=Step.QUEUED, next_try_at=now())
            else:
                taken = ours.update(state=Step.HANDING_OVER, claimed_at=now())
        if stopped or not taken:
            raise Overtaken
        delivery.state = Step.HANDING_OVER

    return commit


def _as_transport_error(delivery: Delivery, problem: Exception) -> TransportError:
    words = one_line(f"{type(problem).__name__}: {problem}", 250)
    return TransportError(words, uncertain=delivery.state == Step.HANDING_OVER)


def _failed(delivery: Delivery, token: str, problem: TransportError) -> Step:
    if problem.refused:
        with organization_scope(delivery.organization_id):
            note_failure(_channel(delivery), problem)
    if problem.uncertain:
        _finish(delivery, token, Step.UNCERTAIN, problem.message)
        return Step.UNCERTAIN
    if problem.permanent or delivery.attempts >= MAX_TRIES:
        _finish(delivery, token, Step.FAILED, problem.message)
        return Step.FAILED
    wait = min(FIRST_WAIT * 2 ** (delivery.attempts - 1), LONGEST_WAIT)
    wait = max(wait, min(problem.retry_after, LONGEST_WAIT))
    later = now() + timedelta(seconds=wait * random.uniform(0.8, 1.2))
    with organization_scope(delivery.organization_id):
        _ours(delivery, token).update(
            state=Step.QUEUED,
            next_try_at=later,
            error=one_line(problem.message, 300),
            log=line_of(Step.QUEUED.value, problem.message, delivery.attempts),
        )
    logger.info("delivery_postponed", delivery=delivery.pk, error=problem.message, wait=int(wait))
    return Step.QUEUED


def _finish(
    delivery: Delivery, token: str, step: Step, detail: str, parts: tuple[str, ...] = ()
) -> None:
    with organization_scope(delivery.organization_id):
        # Also out of `uncertain`: a slow process that did get its answer knows better than the
        # sweep that gave it up.
        if _ours(delivery, token, Step.UNCERTAIN).update(state=step):
            with translation.override(delivery.organization.language):
                settle(delivery, step, detail)
                if parts:
                    note_parts(delivery.pk, parts)
            if step is Step.SENT:
                note_success(_channel(delivery))


def _channel(delivery: Delivery) -> Channel:
    assert delivery.channel is not None  # noqa: S101  claimed rows have one; for the type checker
    return delivery.channel


def _ours(delivery: Delivery, token: str, *more: Step) -> QuerySet[Delivery]:
    states = [Step.CLAIMED, Step.HANDING_OVER, *more]
    return Delivery.objects.filter(pk=delivery.pk, claimed_by=token, state__in=states)


def sweep() -> list[tuple[int, int]]:
    """Recover what died or was never announced; returns (organization, delivery) now due."""
    with system_scope():
        _queue_unannounced()
        _recover()
        due = Delivery.objects.filter(
            state=Step.QUEUED, next_try_at__lte=now(), channel__in=Channel.objects.sending()
        )
        return list(due.order_by("next_try_at").values_list("organization_id", "pk")[:500])


def _queue_unannounced() -> None:
    moment = now()
    lost = Message.objects.filter(
        delivery_state=DeliveryState.QUEUED,
        kind=MessageKind.PUBLIC,
        delivery__isnull=True,
        created_at__range=(moment - LOOK_BACK, moment - SETTLE_TIME),
    )
    for message_id in lost.values_list("pk", flat=True)[:500]:
        queue_delivery(message_id)


def _recover() -> None:
    moment = now()
    Delivery.objects.filter(state=Step.CLAIMED, claimed_at__lt=moment - STALE_CLAIM).update(
        state=Step.QUEUED, next_try_at=moment
    )
    stale = Q(state=Step.HANDING_OVER, claimed_at__lt=moment - STALE_HAND_OVER)
    rows = Delivery.objects.select_for_update(skip_locked=True, of=("self",)).filter(stale)
    for delivery in rows.select_related("message__ticket", "organization"):
        with translation.override(delivery.organization.language):
            detail = _("The connection ended during the hand-over. Send it again if it is missing.")
            settle(delivery, Step.UNCERTAIN, detail)
        logger.warning("delivery_uncertain", delivery=delivery.pk)
