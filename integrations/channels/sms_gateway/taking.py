"""A kept call -> the person's ticket."""

from integrations.actions.texting import accept_text
from integrations.base import TransportError
from integrations.channels.sms_gateway.parse import NotReadable, parse
from integrations.models import Channel, Receipt
from omnidesk.core.tenancy import organization_scope


def take(channel: Channel, receipt: Receipt) -> None:
    """Settle the receipt."""
    try:
        text = parse(bytes(receipt.raw), channel.settings)
    except NotReadable as problem:
        raise TransportError(str(problem), permanent=True) from problem
    with organization_scope(receipt.organization_id):
        accept_text(receipt, text)
