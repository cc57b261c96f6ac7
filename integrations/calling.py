"""Sending webhooks: claim, call, settle. At least once, with the same id at every try."""

import json
import time
from datetime import timedelta
from typing import Final

import structlog
from django.db.models import Q

from integrations import signatures
from integrations.actions.hooks import note_call, queue_calls
from integrations.hooks import CallState, WebhookCall, WebhookEndpoint
from omnidesk.core.clock import now
from omnidesk.core.http import HttpDoor, HttpProblem
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.core.vault import UnreadableSecret, unseal

logger = structlog.get_logger(__name__)
TIMEOUT: Final = 15.0  # seconds
ANSWER_LIMIT: Final = 64 * 1024
GONE: Final = 410
# Between the tries: about three days in all.
WAITS: Final = tuple(
    timedelta(seconds=one) for one in (5, 300, 1800, 7200, 18_000, 36_000, 36_000, 50_400, 72_000)
)
STALE_CLAIM: Final = timedelta(minutes=5)


def send(organization_id: int, call_id: int) -> CallState | None:
    """Try one call; returns its state, None where it was not due."""
    call = _claim(organization_id, call_id)
    if call is None:
        return None
    try:
        status = _post(call)
    except UnreadableSecret as problem:
        return _settle(call, CallState.FAILED, None, str(problem))
    except HttpProblem as problem:
        return _failed(call, problem)
    return _settle(call, CallState.SENT, status, "")


def _claim(organization_id: int, call_id: int) -> WebhookCall | None:
    moment = now()
    free = Q(state=CallState.QUEUED) | Q(
        state=CallState.CLAIMED, claimed_at__lt=moment - STALE_CLAIM
    )
    with organization_scope(organization_id):
        claimed = WebhookCall.objects.filter(
            free,
            pk=call_id,
            next_try_at__lte=moment,
            endpoint__in=WebhookEndpoint.objects.filter(is_active=True),
        ).update(state=CallState.CLAIMED, claimed_at=moment)
        if not claimed:
            return None
        call = WebhookCall.objects.select_related("endpoint").get(pk=call_id)
        call.attempts += 1
        call.save(update_fields=["attempts"])
    return call


def _post(call: WebhookCall) -> int:
    body = json.dumps(call.body, ensure_ascii=False, separators=(",", ":")).encode()
    stamp = str(int(time.time()))
    signed = [signatures.standard_sign(one, call.message_id, stamp, body) for one in _secrets(call)]
    headers = {
        "Content-Type": "application/json",
        "webhook-id": call.message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signed),
    }
    with HttpDoor(timeout=TIMEOUT, tries=1, size_limit=ANSWER_LIMIT) as door:
        return door.request("POST", call.endpoint.url, content=body, headers=headers).status


def _secrets(call: WebhookCall) -> list[str]:
    endpoint = call.endpoint
    found = [endpoint.secret]
    if (
        endpoint.old_sealed_secret
        and endpoint.old_secret_until
        and (endpoint.old_secret_until > now())
    ):
        found.append(unseal(endpoint.old_sealed_secret))
    return found


def _failed(call: WebhookCall, problem: HttpProblem) -> CallState:
    gone = problem.status == GONE
    left = call.attempts <= len(WAITS) and not gone
    if not left:
        return _settle(call, CallState.FAILED, problem.status, problem.message, gone=gone)
    wait = WAITS[call.attempts - 1]
    if problem.retry_after:
        wait = max(wait, min(timedelta(seconds=problem.retry_after), timedelta(days=1)))
    with organization_scope(call.organization_id):
        note_call(
            call, CallState.QUEUED, status=problem.status or None, error=problem.message,
            again_in=wait,
        )  # fmt: skip
    return CallState.QUEUED


def _settle(
    call: WebhookCall, state: CallState, status: int | None, error: str, *, gone: bool = False
) -> CallState:
    with organization_scope(call.organization_id):
        note_call(call, state, status=status or None, error=error, gone=gone)
    logger.info("webhook_settled", call=call.pk, state=state.value, attempts=call.attempts)
    return state


def sweep() -> list[tuple[int, int]]:
    """Queue what no event announced; returns (organization, call) of everything due."""
    moment = now()
    with system_scope():
        active = WebhookEndpoint.objects.filter(is_active=True)
        for organization_id in set(active.values_list("organization_id", flat=True)):
            queue_calls(organization_id)
        free = Q(state=CallState.QUEUED) | Q(
            state=CallState.CLAIMED, claimed_at__lt=moment - STALE_CLAIM
        )
        rows = WebhookCall.objects.filter(free, next_try_at__lte=now(), endpoint__in=active)
        return list(rows.order_by("next_try_at").values_list("organization_id", "pk")[:500])
