"""A kept call -> the request as it is now -> its ticket."""

from dataclasses import replace

from django.db import transaction

from integrations.actions.requests import accept_request
from integrations.base import InboundRequest, TransportError
from integrations.channels.servicedesk_plus.client import Client
from integrations.channels.servicedesk_plus.parse import (
    NotReadable,
    parse,
    request_of,
)
from integrations.models import Channel, Receipt, RemoteRequest
from integrations.tasks import nudge_enriching
from omnidesk.core.tenancy import organization_scope


def take(channel: Channel, receipt: Receipt) -> None:
    """Settle the receipt. The call is a hint: with credentials the request itself is read."""
    try:
        hint = parse(bytes(receipt.raw))
    except NotReadable as problem:
        raise TransportError(str(problem), permanent=True) from problem
    request = _fresh(channel, hint)
    with organization_scope(receipt.organization_id), transaction.atomic():
        row = accept_request(receipt, request)
        if row is not None and row.stage == RemoteRequest.Stage.WAITING:
            nudge_enriching(row)


def _fresh(channel: Channel, hint: InboundRequest) -> InboundRequest:
    with Client(channel) as client:
        if not client.ready:
            return hint
        found = request_of(client.request(hint.remote_id))
    # What the API leaves out, the call may have said.
    return replace(
        found,
        remote_id=hint.remote_id,
        display_id=found.display_id or hint.display_id,
        email=found.email or hint.email,
        version=max(found.version, hint.version),
    )
