"""A kept call -> its ticket."""

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
