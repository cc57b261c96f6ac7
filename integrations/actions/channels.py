"""Setting up channels."""

from django.db import transaction

from integrations.models import Channel, ChannelKind
from omnidesk.accounts.models import Organization


@transaction.atomic
def set_up_mail_channel(organization: Organization, address: str, *, name: str = "") -> Channel:
    """The organization's mail channel with `address`, made on first use; twice is once.

    The caller holds a scope with the organization. A new channel takes mail from the listener;
    polling a mailbox begins when its IMAP settings are filled in.
    """
    channel, _ = Channel.objects.get_or_create(
        organization=organization,
        kind=ChannelKind.EMAIL,
        address=address.strip().lower(),
        defaults={"name": name or organization.name},
    )
    return channel
