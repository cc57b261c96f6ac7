"""A kept call -> the request as it is now -> its ticket."""

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models import Q

from integrations.actions.channels import note_success
from integrations.actions.linking import hint as hint_at
from integrations.actions.receipts import raws_of
from integrations.actions.request_batch import Called, accept_requests
from integrations.actions.requests import accept_request, follow_link
from integrations.base import InboundRequest, TransportError
from integrations.channels.servicedesk_plus.federated import can_ask, connected
from integrations.channels.servicedesk_plus.parse import (
    NotReadable,
    parse,
    request_of,
)
from integrations.federation import engine
from integrations.federation.kinds import in_step
from integrations.federation.port import Surprise
from integrations.models import Channel, Receipt, RemoteRequest
from integrations.tasks import nudge_enriching
from omnidesk.core.tenancy import organization_scope


def take(channel: Channel, receipt: Receipt) -> None:
    """Settle the receipt. The call is a hint: with credentials the request itself is read."""
    try:
        hint = parse(bytes(receipt.raw))
    except NotReadable as problem:
        raise TransportError(str(problem), permanent=True) from problem
    if in_step(channel):
        _keep_in_step(channel, receipt, hint)
        return
    request = _fresh(channel, hint)
    with organization_scope(receipt.organization_id), transaction.atomic():
        row = accept_request(receipt, request)
        if row is not None and row.stage == RemoteRequest.Stage.WAITING:
            nudge_enriching(row)


def take_many(channel: Channel, receipts: Sequence[Receipt], free: Q) -> tuple[int, list[int]]:
    """Settle the plain ones in one transaction: see `registry.take_many`.

    Where the request itself is to be asked for first, each has its own turn.
    """
    if in_step(channel) or can_ask(channel):
        return 0, [receipt.pk for receipt in receipts]
    calls, left = [], []
    with organization_scope(channel.organization_id), transaction.atomic():
        raws = raws_of([receipt.pk for receipt in receipts])
        for receipt in receipts:
            try:
                calls.append(Called(receipt, parse(raws[receipt.pk])))
            except (NotReadable, KeyError):
                left.append(receipt.pk)
        done, others, rows = accept_requests(channel, calls, free)
        for row in rows:
            if row.stage == RemoteRequest.Stage.WAITING:
                nudge_enriching(row)
        if done:
            note_success(channel)
    return done, [*left, *others]


def _keep_in_step(channel: Channel, receipt: Receipt, request: InboundRequest) -> None:
    """The call is a hint: the federation reads the request and opens its one ticket."""
    with organization_scope(receipt.organization_id):
        link = hint_at(channel=channel, remote_id=request.remote_id)
    if link is not None:
        engine.look_at(receipt.organization_id, link.pk)
    with organization_scope(receipt.organization_id), transaction.atomic():
        row = follow_link(receipt, request)
        if row is not None and row.stage == RemoteRequest.Stage.WAITING:
            nudge_enriching(row)


def _fresh(channel: Channel, hint: InboundRequest) -> InboundRequest:
    if not can_ask(channel):
        return hint
    try:
        with connected(channel) as desk:
            found = request_of(desk.request(hint.remote_id))
    except Surprise as problem:
        raise TransportError(str(problem), permanent=True) from problem
    # What the API leaves out, the call may have said.
    return replace(
        found,
        remote_id=hint.remote_id,
        display_id=found.display_id or hint.display_id,
        email=found.email or hint.email,
        version=max(found.version, hint.version),
    )
