"""Outgoing webhooks: queueing what happened, settling calls, secrets, pausing."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.events import WebhookPaused
from integrations.hooks import (
    NOTICE_EVENT,
    RULE_EVENT,
    TEST_EVENT,
    WITHOUT_VALUES,
    CallState,
    WebhookCall,
    WebhookEndpoint,
    new_secret,
)
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import one_line
from omnidesk.core.vault import seal
from tickets.actions.base import InvalidChange
from tickets.models import Change, Ticket

# How long a change may wait to be noticed: what an event did not announce, the sweep finds.
LOOK_BACK: Final = timedelta(hours=1)
OLD_SECRET_FOR: Final = timedelta(hours=24)
PAUSES_AFTER: Final = timedelta(days=3)


@transaction.atomic
def queue_calls(
    organization_id: int, *, ticket_ids: Collection[int] | None = None
) -> list[WebhookCall]:
    """A row for every recent change and every endpoint that wants it, each once; returns new ones.

    The caller holds the scope. Queries: 1 where there is no endpoint.
    """
    endpoints = list(
        WebhookEndpoint.objects.filter(organization_id=organization_id, is_active=True)
    )
    made: list[WebhookCall] = []
    for endpoint in endpoints:
        made += _queue_for(endpoint, ticket_ids)
    return made


def _queue_for(endpoint: WebhookEndpoint, ticket_ids: Collection[int] | None) -> list[WebhookCall]:
    since = max(endpoint.created_at, now() - LOOK_BACK)
    changes = Change.objects.filter(
        organization_id=endpoint.organization_id, at__gte=since
    ).exclude(pk__in=WebhookCall.objects.filter(endpoint=endpoint).values("change_id"))
    if ticket_ids is not None:
        changes = changes.filter(ticket__in=ticket_ids)
    rows = changes.select_related("ticket__status", "ticket__category", "ticket__requester")
    wanted = [one for one in rows.order_by("pk")[:500] if _wants(endpoint, one)]
    calls = [
        WebhookCall(
            organization_id=endpoint.organization_id,
            endpoint=endpoint,
            change=one,
            message_id=f"msg_{uuid.uuid4().hex}",
            event=one.verb,
            body=body_of(one),
            next_try_at=now(),
        )
        for one in wanted
    ]
    WebhookCall.objects.bulk_create(calls, ignore_conflicts=True)
    ids = [one.message_id for one in calls]
    return list(WebhookCall.objects.filter(message_id__in=ids))


def _wants(endpoint: WebhookEndpoint, change: Change) -> bool:
    ticket = change.ticket
    return (
        endpoint.hears(change.verb)
        and (not endpoint.only_sources or ticket.source in endpoint.only_sources)
        and (not endpoint.only_priorities or ticket.priority in endpoint.only_priorities)
    )


def body_of(change: Change) -> dict[str, Any]:
    """What an endpoint is told: facts of the ticket and the change, never what people wrote."""
    old, new = (None, None) if change.verb in WITHOUT_VALUES else (change.old, change.new)
    return {
        "type": change.verb,
        "timestamp": change.at.isoformat(),
        "data": {
            "ticket": facts_of(change.ticket),
            "change": {"field": change.field, "old": old, "new": new},
            "by": {"kind": change.actor_kind, "name": change.actor_label},
        },
    }


def facts_of(ticket: Ticket) -> dict[str, Any]:
    """A ticket as endpoints see it."""
    link = settings.BASE_URL.rstrip("/") + reverse("desk:ticket", args=[ticket.number])
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status.key,
        "status_category": ticket.status_category,
        "category": ticket.category.name if ticket.category else None,
        "urgency": ticket.urgency,
        "priority": ticket.priority,
        "source": ticket.source,
        "requester": ticket.requester.email,
        "version": ticket.version,
        "url": link,
    }


@transaction.atomic
def queue_for_rule(endpoint: WebhookEndpoint, ticket: Ticket, *, by: str) -> WebhookCall:
    """A call because a rule of the desk says so."""
    return WebhookCall.objects.create(
        organization_id=endpoint.organization_id,
        endpoint=endpoint,
        message_id=f"msg_{uuid.uuid4().hex}",
        event=RULE_EVENT,
        body={
            "type": RULE_EVENT,
            "timestamp": now().isoformat(),
            "data": {"ticket": facts_of(ticket), "by": {"kind": "rule", "name": by}},
        },
        next_try_at=now(),
    )


@transaction.atomic
def queue_notice(endpoint: WebhookEndpoint, letter_id: int, data: Mapping[str, Any]) -> None:
    """A call that passes on what a letter tells; the same letter is never queued twice."""
    WebhookCall.objects.bulk_create(
        [
            WebhookCall(
                organization_id=endpoint.organization_id,
                endpoint=endpoint,
                message_id=f"msg_letter_{letter_id}_{endpoint.pk}",
                event=NOTICE_EVENT,
                body={"type": NOTICE_EVENT, "timestamp": now().isoformat(), "data": dict(data)},
                next_try_at=now(),
            )
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def queue_test(endpoint: WebhookEndpoint) -> WebhookCall:
    """A call that only says hello."""
    return WebhookCall.objects.create(
        organization_id=endpoint.organization_id,
        endpoint=endpoint,
        message_id=f"msg_{uuid.uuid4().hex}",
        event=TEST_EVENT,
        body={"type": TEST_EVENT, "timestamp": now().isoformat(), "data": {"name": endpoint.name}},
        next_try_at=now(),
    )


@transaction.atomic
def call_again(call: WebhookCall) -> WebhookCall:
    """Queue a settled call once more, with the same id. Raises InvalidChange for one under way."""
    changed = WebhookCall.objects.filter(
        pk=call.pk, state__in=[CallState.SENT, CallState.FAILED]
    ).update(state=CallState.QUEUED, attempts=0, next_try_at=now(), error="", settled_at=None)
    if not changed:
        raise InvalidChange(_("This call is under way."))
    return WebhookCall.objects.get(pk=call.pk)


@transaction.atomic
def rotate_secret(endpoint: WebhookEndpoint) -> str:
    """A new secret (shown once); the former one signs beside it for a day."""
    row = WebhookEndpoint.objects.select_for_update(of=("self",)).get(pk=endpoint.pk)
    made = new_secret()
    row.old_sealed_secret = row.sealed_secret
    row.old_secret_until = now() + OLD_SECRET_FOR
    row.sealed_secret = seal(made)
    row.save(update_fields=["old_sealed_secret", "old_secret_until", "sealed_secret", "updated_at"])
    return made


@transaction.atomic
def note_call(
    call: WebhookCall, state: CallState, *, status: int | None, error: str = "",
    again_in: timedelta | None = None, gone: bool = False,
) -> None:  # fmt: skip
    """Write how a try ended, on the call and on its endpoint; days of failure pause it."""
    moment = now()
    call.state = state.value
    call.status_code, call.error = status, one_line(error, 300)
    call.next_try_at = moment + again_in if again_in else call.next_try_at
    call.settled_at = None if again_in else moment
    call.claimed_at = None
    call.save()
    row = WebhookEndpoint.objects.select_for_update(of=("self",)).get(pk=call.endpoint_id)
    if state is CallState.SENT:
        row.failing_since, row.last_error, row.last_success_at = None, "", moment
    else:
        row.failing_since = row.failing_since or moment
        row.last_error = call.error
    row.save(update_fields=["failing_since", "last_error", "last_success_at", "updated_at"])
    if gone or (row.failing_since and moment - row.failing_since > PAUSES_AFTER):
        _pause(row, gone=gone)


def _pause(row: WebhookEndpoint, *, gone: bool) -> None:
    with translation.override(row.organization.language):
        reason = (
            _("The address said that it is gone for good (410).")
            if gone
            else _("It failed for three days: %(error)s") % {"error": row.last_error}
        )
    changed = WebhookEndpoint.objects.filter(pk=row.pk, is_active=True).update(
        is_active=False, pause_reason=one_line(reason, 300)
    )
    if changed:
        publish(WebhookPaused(organization_id=row.organization_id, endpoint_id=row.pk))


@transaction.atomic
def resume_endpoints(ids: Sequence[int]) -> int:
    """Let paused endpoints hear again; what waited is sent now."""
    rows = WebhookEndpoint.objects.filter(pk__in=ids, is_active=False)
    return rows.update(is_active=True, pause_reason="", failing_since=None)
