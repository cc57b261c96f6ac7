"""Mail that waits in its receipt becomes tickets: the plain ones together, the others alone."""

from collections.abc import Sequence

from django.db.models import Q

from integrations.actions.batch import Arrived, take_plain
from integrations.actions.channels import note_success
from integrations.actions.inbound import note_kept_passed_on, take_kept
from integrations.mailkeeping import mail_of, mails_of
from integrations.models import Channel, Receipt
from integrations.receiving import accept, elsewhere
from omnidesk.core.tenancy import organization_scope


def take(channel: Channel, receipt: Receipt) -> None:
    """Settle one mail, in one transaction with what it leads to.

    Where a route names another mailbox, that one takes it in first: a process that dies in between
    comes by again, and the other mailbox knows the mail then.
    """
    mail = mail_of(receipt)
    other = elsewhere(channel, mail)
    if other is not None:
        accept(other, mail, bytes(receipt.raw), "")
    with organization_scope(channel.organization_id):
        if other is not None:
            note_kept_passed_on(receipt, channel, other.name)
        else:
            take_kept(receipt, channel, mail)


def take_many(channel: Channel, receipts: Sequence[Receipt], free: Q) -> tuple[int, list[int]]:
    """Settle the plain ones in one transaction: see `registry.take_many`."""
    arrived = [Arrived(receipt, mail) for receipt, mail in mails_of(channel, receipts)]
    with organization_scope(channel.organization_id):
        done, left = take_plain(channel, arrived, free)
        if done:
            note_success(channel)
    return done, left
