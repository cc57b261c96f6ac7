"""Many mails at once: those that only open a ticket are taken in together, in one transaction.

A mail is plain when none of the questions that `inbound` asks has another answer than "open a
ticket": it answers nothing, is no alarm, no bounce and no automatic reply, its sender is neither
blocked nor a flood and may write here, and all of its files can be kept. What is not plain is left
to `inbound`, which decides on one mail at a time; so the rules stand there alone, and this module
only knows which mails they say nothing about.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q

from integrations.actions.alarming import patterns_of, sighting_by
from integrations.actions.content import Content, opening_of
from integrations.actions.conversation import (
    belongs,
    first_route,
    hints_at_ticket,
    referred,
    routes_of,
    spoken_among,
)
from integrations.actions.inbound import actor_of, opening_by, unusable
from integrations.actions.receipts import flooded, trail_of
from integrations.alarms import AlarmPattern
from integrations.base import InboundMessage
from integrations.blocklist import blocked_among
from integrations.models import Channel, MailRoute, Receipt, ReceiptState
from omnidesk.accounts.actions import find_or_create_requesters
from omnidesk.accounts.models import User
from omnidesk.core.bulk import update_many
from omnidesk.core.history import history_moment
from tickets.actions.intake import Opening, open_tickets
from tickets.choices import Source
from tickets.models import Message

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Arrived:
    """A mail with its receipt; `at` is when it was sent where old mail is taken in."""

    receipt: Receipt
    mail: InboundMessage
    at: datetime | None = None
    content: Content | None = None
    route: MailRoute | None = None

    @property
    def address(self) -> str:
        """The sender's, as people are known by it."""
        return self.mail.sender.email.strip().lower()


@dataclass(frozen=True, slots=True)
class _Around:
    """What the mails of a batch are compared with, read once."""

    channel: Channel
    gone: frozenset[str]
    blocked: frozenset[str]
    spoken: frozenset[str]
    floods: frozenset[int]
    patterns: Sequence[AlarmPattern] = ()
    routes: Sequence[MailRoute] = ()
    # Grows with the batch: a mail may answer one that came right before it.
    seen: set[str] = field(default_factory=set[str])

    @classmethod
    def of(cls, channel: Channel, arrived: Sequence[Arrived]) -> "_Around":
        """Queries: 5, and 2 where mails refer to others."""
        here, senders = channel.organization_id, {one.address for one in arrived}
        left = User.objects.filter(email__in=senders, is_active=False)
        return cls(
            channel=channel,
            gone=frozenset(left.values_list("email", flat=True)),
            blocked=frozenset(blocked_among(here, senders)),
            spoken=frozenset(
                spoken_among(here, {i for one in arrived for i in referred(one.mail)})
            ),
            floods=frozenset(flooded([one.receipt for one in arrived])),
            patterns=patterns_of(here) if history_moment() is None else (),
            routes=routes_of(channel),
        )

    def is_plain(self, one: Arrived) -> bool:
        """Whether the mail opens a ticket and needs nothing else; then its content is read."""
        mail = one.mail
        refers = not self.seen.isdisjoint(referred(mail))
        again = one.receipt.key in self.seen
        self.seen.update({mail.message_id, one.receipt.key} - {""})
        if refers or again or not self._opens(one) or not self._may_open(one):
            return False
        one.route = first_route(self.routes, self.channel, mail)
        if one.route is not None and one.route.to_channel_id not in {None, self.channel.pk}:
            return False
        one.content = opening_of(mail)
        return not one.content.refused

    def _opens(self, one: Arrived) -> bool:
        mail = one.mail
        return not (
            mail.own_token
            or mail.bounce
            or mail.auto_reply
            or hints_at_ticket(mail)
            or not self.spoken.isdisjoint(referred(mail))
            or (self.patterns and sighting_by(self.patterns, mail))
        )

    def _may_open(self, one: Arrived) -> bool:
        return (
            not unusable(self.channel, one.mail, forced=True)
            and one.address not in self.blocked | self.gone
            and one.receipt.pk not in self.floods
            and (self.channel.accepts_strangers or belongs(self.channel.organization, one.address))
        )


@transaction.atomic
def take_plain(channel: Channel, arrived: Sequence[Arrived], free: Q) -> tuple[int, list[int]]:
    """Open a ticket for every plain mail that waits.

    Returns how many, and the receipts of the mails that have to be decided on one by one. `free`
    tells receipts that nobody is at; one that another taker holds belongs to neither. The caller
    holds the organization's scope. Queries: 20 for mails of new people, however many; 4 less for
    known ones, 2 more where mails refer to others, and those of their files.
    """
    waiting = Receipt.objects.filter(free, pk__in=[one.receipt.pk for one in arrived])
    held = set(
        waiting.order_by("pk")
        .select_for_update(of=("self",), skip_locked=True)
        .values_list("pk", flat=True)
    )
    mine = [one for one in arrived if one.receipt.pk in held]
    plain = sort_out(channel, mine)
    open_plain(channel, plain)
    settle(plain)
    done = {one.receipt.pk for one in plain}
    return len(plain), [one.receipt.pk for one in mine if one.receipt.pk not in done]


def sort_out(channel: Channel, arrived: Sequence[Arrived]) -> list[Arrived]:
    """The plain ones among them, in their order. Queries: 5, and 2 where mails refer to others."""
    if not arrived:
        return []
    around = _Around.of(channel, arrived)
    return [one for one in arrived if around.is_plain(one)]


def open_plain(channel: Channel, plain: Sequence[Arrived]) -> list[Message]:
    """Open a ticket for each; its receipt says so, unsaved."""
    if not plain:
        return []
    people = find_or_create_requesters(
        organization_id=channel.organization_id, names=_names(one.mail for one in plain)
    )
    messages = open_tickets(
        organization_id=channel.organization_id,
        openings=[_opening(channel, one, people) for one in plain],
        source=Source.EMAIL,
        actor=actor_of(channel),
    )
    for one, message in zip(plain, messages, strict=True):
        _put_verdict(one, message)
    return messages


def _names(mails: Iterable[InboundMessage]) -> dict[str, str]:
    """Address -> the first name that anybody gave for it."""
    names: dict[str, str] = {}
    for mail in mails:
        address = mail.sender.email.strip().lower()
        names[address] = names.get(address) or mail.sender.name
    return names


def _opening(channel: Channel, one: Arrived, people: Mapping[str, User]) -> Opening:
    content = one.content or opening_of(one.mail)
    opening = opening_by(channel, one.mail, content, one.route, people[one.address])
    return replace(opening, at=one.at)


def _put_verdict(one: Arrived, message: Message) -> None:
    receipt = one.receipt
    receipt.state, receipt.reason = ReceiptState.ACCEPTED.value, ""
    receipt.message, receipt.ticket = message, message.ticket
    route = {"route": str(one.route)} if one.route else {}
    # As `inbound` writes it for a mail that no ticket was found for.
    trail = {"by": "", "voice": "", "vouched": list(one.mail.vouched_by), **route}
    receipt.trail = trail_of(receipt, trail)


def settle(plain: Sequence[Arrived]) -> None:
    """Write what became of kept mails. Queries: 1."""
    update_many([one.receipt for one in plain], ["state", "reason", "message", "ticket", "trail"])
    if plain:
        first, last = plain[0].receipt.pk, plain[-1].receipt.pk
        logger.info("mails_received", count=len(plain), first=first, last=last)
