"""A first import: old tickets of the far side, many in one transaction.

A ticket is plain when nothing of it is here yet and no file hangs on it. What is not plain is left
to `takeover`, which writes down one ticket at a time; every piece that it becomes (its opening, its
messages, its state, what both sides agree on) is made by the same functions, so that a ticket ends
the same either way. `tests/federation/test_importing.py` takes the same tickets in both ways.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from integrations.federation.agreeing import Rules, agree
from integrations.federation.claims import Claimed, let_be
from integrations.federation.ours import (
    address_of,
    colleagues,
    hand_of,
    requesters_from,
    status_called,
)
from integrations.federation.port import RemoteItem, RemoteTicket, What
from integrations.federation.takeover import (
    note_seen,
    opening_of,
    ours_of,
    past,
    said_of,
)
from integrations.links import ExternalItem, ExternalLink, ItemState
from integrations.models import Channel, RemoteRequest
from omnidesk.accounts.models import User
from omnidesk.core.bulk import update_many
from omnidesk.core.clock import now
from omnidesk.core.history import writing_history
from tickets.actions.clocks import start_clocks
from tickets.actions.intake import open_tickets
from tickets.actions.mirror import Past, mirror_past
from tickets.choices import Source
from tickets.models import Category, Message, Status, Ticket, TicketType

_WRITTEN: Final = (
    "ticket", "base", "state", "error", "remote_version", "seen_version", "remote_changed_at",
    "display_id", "url", "local_version",
)  # fmt: skip


@dataclass(slots=True)
class Found:
    """An old ticket as it was read, and our claim on its link."""

    claimed: Claimed
    seen: RemoteTicket

    @property
    def link(self) -> ExternalLink:
        """Its row."""
        return self.claimed.link

    @property
    def items(self) -> list[RemoteItem]:
        """What was said, each once, in its order."""
        once = {item.remote_id: item for item in reversed(self.seen.items)}
        return sorted(once.values(), key=lambda one: (one.at is None, one.at or now()))


def is_new_and_old(link: ExternalLink) -> bool:
    """Whether its ticket is an old one over there and not here yet."""
    return link.is_old and link.ticket_id is None and bool(link.remote_id)


def has_files(seen: RemoteTicket) -> bool:
    """Whether bytes are to be fetched beside it."""
    return any(item.what is What.DOCUMENT for item in seen.items)


@transaction.atomic
def take_in_together(
    channel: Channel, found: Sequence[Found], rules: Rules
) -> tuple[set[int], set[int]]:
    """Open our tickets for plain ones; the caller holds the organization's scope.

    Returns the links whose tickets are here now, and those of them that are in step and let go: the
    others are held, for something is yet to be written over there. What is in neither is left to
    `takeover`.
    Queries: as many for twenty tickets as for one, one for each solved ticket, and those of a field
    that a ticket cannot be opened with.
    """
    held = _held(channel, found)
    if not held:
        return set(), set()
    people = requesters_from(channel, [one.seen.requester for one in held])
    tickets = _open(channel, held, rules, people)
    messages = _tell(channel, held, tickets, rules)
    start_clocks([ticket for ticket in tickets if not ticket.is_settled])
    owing = _agree(held, tickets, rules)
    _write(held, messages)
    here = {one.link.pk for one in held}
    let_be([one.claimed for one in held if one.link.pk not in owing])
    return here, here - owing


def _held(channel: Channel, found: Sequence[Found]) -> list[Found]:
    """Those whose links nobody took away from us and of which no call told. Queries: 2."""
    wanted = {one.link.pk: one for one in found}
    rows = ExternalLink.objects.filter(pk__in=wanted, ticket=None).order_by("pk")
    claims = dict(rows.select_for_update(of=("self",)).values_list("pk", "claimed_by"))
    ids = [one.link.remote_id for one in found]
    told = RemoteRequest.objects.filter(channel=channel, remote_id__in=ids)
    known = set(told.values_list("remote_id", flat=True))
    return [
        one
        for pk, one in wanted.items()
        if claims.get(pk) == one.claimed.token and one.link.remote_id not in known
    ]


def _open(
    channel: Channel, held: Sequence[Found], rules: Rules, people: Mapping[str, User]
) -> list[Ticket]:
    kinds = {
        kind.key: kind for kind in TicketType.objects.filter(organization=channel.organization_id)
    }
    categories = _categories(channel, [one.seen.category for one in held])
    with writing_history(past(None)):
        messages = open_tickets(
            organization_id=channel.organization_id,
            openings=[
                opening_of(
                    one.link,
                    one.seen,
                    rules,
                    people[address_of(channel, one.seen.requester)],
                    kinds.get(ours_of(one.seen, rules, "type")),
                    categories.get(one.seen.category.lower()),
                )
                for one in held
            ],
            source=Source(channel.kind),
            actor=hand_of(channel),
            quiet=True,
        )
    return [message.ticket for message in messages]


def _categories(channel: Channel, names: Sequence[str]) -> dict[str, Category]:
    if not any(names):
        return {}
    rows = Category.objects.filter(organization_id=channel.organization_id)
    found: dict[str, Category] = {}
    for row in rows.select_related("default_team"):
        found.setdefault(row.name.lower(), row)
    return found


def _tell(
    channel: Channel, held: Sequence[Found], tickets: Sequence[Ticket], rules: Rules
) -> list[list[Message]]:
    authors = colleagues(channel, [item.author for one in held for item in one.items])
    stages: dict[str, Status] = {}

    def status_of(ticket: Ticket, seen: RemoteTicket) -> Status:
        key = ours_of(seen, rules, "status")
        if not key:
            return ticket.status
        if key not in stages:
            stages[key] = status_called(channel.organization_id, key)
        return stages[key]

    def author_of(ticket: Ticket, item: RemoteItem) -> User | None:
        if item.from_requester:
            return ticket.requester
        return authors.get(item.author.email.strip().lower())

    pasts = [
        Past(
            ticket=ticket,
            said=[
                (said_of(one.link, item, author_of(ticket, item)), past(item.at))
                for item in one.items
            ],
            status=status_of(ticket, one.seen),
            priority=ours_of(one.seen, rules, "priority"),
            at=one.seen.head.changed_at,
            logged_at=past(one.seen.head.changed_at),
        )
        for one, ticket in zip(held, tickets, strict=True)
    ]
    with writing_history(past(None)):
        return mirror_past(pasts=pasts, actor=hand_of(channel), source=Source(channel.kind))


def _agree(held: Sequence[Found], tickets: Sequence[Ticket], rules: Rules) -> set[int]:
    """Bring the fields together; the links where the far side is to be written to."""
    owing = set()
    for one, ticket in zip(held, tickets, strict=True):
        row = one.link
        row.ticket = ticket
        ours, todo = agree(row, ticket, one.seen, rules, first=True)
        note_seen(row, one.seen)
        row.local_version = ours.version
        if todo.to_them:
            owing.add(row.pk)
    return owing


def _write(held: Sequence[Found], messages: Sequence[Sequence[Message]]) -> None:
    """The items and the links. Queries: 2."""
    ExternalItem.objects.bulk_create(
        ExternalItem(
            organization_id=one.link.organization_id,
            link=one.link,
            what=item.what.value,
            message=message,
            remote_id=item.remote_id,
            came_in=True,
            state=ItemState.DONE,
        )
        for one, found in zip(held, messages, strict=True)
        for item, message in zip(one.items, found, strict=True)
    )
    update_many([one.link for one in held], _WRITTEN)
