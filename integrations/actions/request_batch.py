"""Many calls of another helpdesk at once: those that only open a ticket, in one transaction.

A call is plain when nothing of it is known yet and its requester may open tickets here. What is
not plain is left to `requests`, which decides on one call at a time: the rules stand there alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from integrations.actions.conversation import belongs
from integrations.actions.receipts import trail_of
from integrations.actions.requests import (
    actor_of,
    address_of,
    is_usable,
    lock_requests,
    name_of,
    opening_by,
    row_by,
    source_of,
)
from integrations.base import InboundRequest
from integrations.models import Channel, Receipt, ReceiptState, RemoteRequest
from omnidesk.accounts.actions import find_or_create_requesters
from omnidesk.accounts.models import Membership, User
from omnidesk.core.bulk import update_many
from tickets.actions.intake import open_tickets


@dataclass(frozen=True, slots=True)
class Called:
    """A call with its receipt."""

    receipt: Receipt
    request: InboundRequest


@transaction.atomic
def accept_requests(
    channel: Channel, calls: Sequence[Called], free: Q
) -> tuple[int, list[int], list[RemoteRequest]]:
    """Open a ticket for every plain call that waits.

    Returns how many, the receipts of those that have to be decided on one by one, and the rows by
    which the requests are known now. `free` tells receipts that nobody is at. The caller holds the
    organization's scope. Queries: as many for fifty calls as for one.
    """
    lock_requests(channel, [one.request.remote_id for one in calls if one.request.remote_id])
    waiting = Receipt.objects.filter(free, pk__in=[one.receipt.pk for one in calls])
    locked = waiting.order_by("pk").select_for_update(of=("self",), skip_locked=True)
    held = set(locked.values_list("pk", flat=True))
    mine = [one for one in calls if one.receipt.pk in held]
    plain = _plain(channel, mine)
    rows = _open(channel, plain) if plain else []
    done = {one.receipt.pk for one in plain}
    return len(plain), [one.receipt.pk for one in mine if one.receipt.pk not in done], rows


def _plain(channel: Channel, calls: Sequence[Called]) -> list[Called]:
    """Those that open a ticket and need nothing else. Queries: 3."""
    addresses = {address_of(channel, one.request) for one in calls}
    people = {user.email: user for user in User.objects.filter(email__in=addresses)}
    members = set(
        Membership.objects.filter(
            user__in=[user.pk for user in people.values()], organization_id=channel.organization_id
        ).values_list("user__email", flat=True)
    )
    ids = {one.request.remote_id for one in calls}
    rows = RemoteRequest.objects.filter(channel=channel, remote_id__in=ids)
    seen = set(rows.values_list("remote_id", flat=True))
    plain = []
    for one in calls:
        remote_id, address = one.request.remote_id, address_of(channel, one.request)
        known = bool(remote_id) and remote_id in seen
        seen.add(remote_id)
        gone = address in people and not people[address].is_active
        welcome = (
            not one.request.email
            or address in members
            or channel.accepts_strangers
            or belongs(channel.organization, address)
        )
        if is_usable(address) and welcome and not known and not gone:
            plain.append(one)
    return plain


def _open(channel: Channel, plain: Sequence[Called]) -> list[RemoteRequest]:
    names: dict[str, str] = {}
    for one in plain:
        address = address_of(channel, one.request)
        names[address] = names.get(address) or name_of(channel, one.request)
    people = find_or_create_requesters(organization_id=channel.organization_id, names=names)
    messages = open_tickets(
        organization_id=channel.organization_id,
        openings=[
            opening_by(channel, people[address_of(channel, one.request)], one.request)
            for one in plain
        ],
        source=source_of(channel),
        actor=actor_of(channel),
    )
    for one, message in zip(plain, messages, strict=True):
        receipt = one.receipt
        receipt.state, receipt.reason = ReceiptState.ACCEPTED.value, ""
        receipt.message, receipt.ticket = message, message.ticket
        receipt.trail = trail_of(receipt, {})
    update_many([one.receipt for one in plain], ["state", "reason", "message", "ticket", "trail"])
    return RemoteRequest.objects.bulk_create(
        row_by(channel, message.ticket, one.request)
        for one, message in zip(plain, messages, strict=True)
        if one.request.remote_id
    )
