"""Kept calls -> their tickets."""

from collections.abc import Sequence

from django.db.models import Q

from integrations.actions.channels import note_success
from integrations.actions.receipts import raws_of
from integrations.actions.request_batch import Called, accept_requests
from integrations.actions.requests import accept_request
from integrations.base import TransportError
from integrations.channels.webhook.parse import NotReadable, parse
from integrations.models import Channel, Receipt
from omnidesk.core.tenancy import organization_scope


def take(channel: Channel, receipt: Receipt) -> None:
    """Settle the receipt."""
    try:
        mapped = parse(bytes(receipt.raw), channel.settings)
    except NotReadable as problem:
        raise TransportError(str(problem), permanent=True) from problem
    with organization_scope(receipt.organization_id):
        accept_request(receipt, mapped, speaks=True)


def take_many(channel: Channel, receipts: Sequence[Receipt], free: Q) -> tuple[int, list[int]]:
    """Settle the plain ones in one transaction: see `registry.take_many`."""
    calls, left = [], []
    with organization_scope(channel.organization_id):
        raws = raws_of([receipt.pk for receipt in receipts])
        for receipt in receipts:
            try:
                calls.append(Called(receipt, parse(raws[receipt.pk], channel.settings)))
            except (NotReadable, KeyError):
                left.append(receipt.pk)
        done, others, _rows = accept_requests(channel, calls, free)
        if done:
            note_success(channel)
    return done, [*left, *others]
