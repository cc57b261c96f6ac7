"""From bytes at the door to a committed receipt; shared by the listener and by polling."""

from collections.abc import Sequence
from dataclasses import replace

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.actions.channels import note_success
from integrations.actions.conversation import find_thread, route_for
from integrations.actions.inbound import accept_inbound, note_passed_on, quarantine_raw
from integrations.base import InboundMessage
from integrations.channels.email.parse import parse
from integrations.models import Channel, Receipt
from integrations.registry import EMAIL
from omnidesk.core.tenancy import organization_scope, system_scope

logger = structlog.get_logger(__name__)


class NotReachable(Exception):
    """The database is away: the sender must come again later."""


def read_mail(raw: bytes) -> InboundMessage:
    """The mail in `raw`. Never raises."""
    return parse(raw)


def mail_channels(addresses: list[str]) -> list[Channel]:
    """The active mail channels with these addresses (`desk+anything@…` is `desk@…`), each once."""
    wanted = {base_address(one) for one in addresses}
    try:
        with system_scope():
            found = Channel.objects.working().of_kind(EMAIL).filter(address__in=wanted)
            return list(found.select_related("organization").order_by("pk"))
    except (OperationalError, InterfaceError) as problem:
        raise NotReachable from problem


def base_address(address: str) -> str:
    """The address without its `+` part, in lower case."""
    user, _, domain = address.strip().lower().rpartition("@")
    return f"{user.partition('+')[0]}@{domain}"


def receive(
    channel: Channel, raw: bytes, *, remote_uid: str = "", envelope: Sequence[str] = ()
) -> Receipt:
    """Commit the mail's receipt and what follows from it, before anybody is told "taken".

    `envelope` are the addresses that the sending server named. A mail that our own code stumbles
    over is kept in quarantine. Raises NotReachable when nothing could be kept, so that the
    sender tries again.
    """
    mail = as_delivered(read_mail(raw), envelope)
    try:
        other = elsewhere(channel, mail)
        if other is not None:
            return _pass_on(channel, other, mail, raw, remote_uid)
        return accept(channel, mail, raw, remote_uid)
    except (OperationalError, InterfaceError) as problem:
        logger.warning("mail_not_kept", channel=channel.pk, error=str(problem))
        raise NotReachable from problem
    except Exception as problem:
        logger.exception("mail_intake_failed", channel=channel.pk, external_id=mail.external_id)
        words = f"{type(problem).__name__}: {problem}"
        return keep_unreadable(channel, mail, raw, remote_uid, words)


def as_delivered(mail: InboundMessage, envelope: Sequence[str]) -> InboundMessage:
    """The mail with the addresses that the sending server named, before those in its header."""
    if not envelope:
        return mail
    named = (*(one.lower() for one in envelope), *mail.delivered_to)
    return replace(mail, delivered_to=tuple(dict.fromkeys(named)))


def accept(channel: Channel, mail: InboundMessage, raw: bytes, remote_uid: str) -> Receipt:
    """Commit the mail's receipt in the channel with what follows from it."""
    with organization_scope(channel.organization_id):
        receipt = accept_inbound(channel, mail, raw, remote_uid=remote_uid)
        note_success(channel)
        return receipt


def elsewhere(channel: Channel, mail: InboundMessage) -> Channel | None:
    """The mailbox that a route names instead of this one. One hop: routes there are not asked."""
    with organization_scope(channel.organization_id):
        route = route_for(channel, mail)
        if route is None or route.to_channel_id in {None, channel.pk}:
            return None
        if find_thread(channel, mail) is not None:
            return None  # the conversation goes on where it is
    with system_scope():
        found = Channel.objects.working().of_kind(EMAIL).filter(pk=route.to_channel_id)
        return found.select_related("organization").first()


def _pass_on(
    channel: Channel, other: Channel, mail: InboundMessage, raw: bytes, remote_uid: str
) -> Receipt:
    """First the other mailbox takes it in, then this one notes that it has passed it on.

    A process that dies in between comes by again; the other mailbox knows the mail then.
    """
    taken = accept(other, mail, raw, "")
    with organization_scope(channel.organization_id):
        note_passed_on(channel, mail, other.name, remote_uid=remote_uid)
        note_success(channel)
    return taken


def keep_headers(channel: Channel, head: bytes, size: int, *, remote_uid: str) -> Receipt:
    """Show a mail that is too large to fetch: its headers, in quarantine."""
    with translation.override(channel.organization.language):
        reason = _("The mail has %(size)d MB, more than is taken in.") % {"size": size // 2**20}
    return keep_unreadable(channel, read_mail(head), head, remote_uid, reason)


def keep_unreadable(
    channel: Channel, mail: InboundMessage, raw: bytes, remote_uid: str, reason: str
) -> Receipt:
    """Keep a mail in quarantine. Raises NotReachable where even that is not possible."""
    try:
        with organization_scope(channel.organization_id):
            return quarantine_raw(channel, mail, raw, reason, remote_uid=remote_uid)
    except Exception as problem:
        logger.exception("mail_not_kept", channel=channel.pk)
        raise NotReachable from problem
