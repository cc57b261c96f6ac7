"""Which ticket a message belongs to, and in whose name it may speak there."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from integrations.base import InboundMessage
from integrations.channels.email.tokens import verify_token
from integrations.models import Channel, Delivery, MailRoute
from omnidesk.accounts.actions import find_or_create_requester
from omnidesk.accounts.models import Membership, Organization, User
from omnidesk.accounts.roles import STAFF_ROLES
from tickets.copies import takes_part
from tickets.models import Message, Ticket

MAX_REFERENCES: Final = 50
LONGEST_ADDRESS: Final = 254
_SUBJECT_NUMBER: Final = re.compile(r"\[#(\d{1,18})\]")


class Voice(Enum):
    """In whose name a sender writes on a ticket."""

    REQUESTER = "requester"  # the requester, or somebody in copy
    DESK = "desk"  # an agent, and our own mail server vouches for the address
    NOTE = "note"  # an agent by the address alone, which anybody can write into a mail
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket a mail answers to, what told so (`by`), and the words that matched."""

    ticket: Ticket
    by: str
    evidence: str

    def trail(self) -> dict[str, Any]:
        """As a receipt keeps it, for people to look at."""
        return {"by": self.by, "evidence": self.evidence[:300], "number": self.ticket.number}


def find_thread(channel: Channel, mail: InboundMessage) -> Ticket | None:
    """The ticket of the channel's organization that the mail answers to, or None."""
    match = trace_thread(channel, mail)
    return match.ticket if match else None


def trace_thread(channel: Channel, mail: InboundMessage) -> Match | None:
    """The same with what told so.

    By our signed mark first, then by the Message-IDs it refers to, then by the number in its
    subject. A mark of another organization's ticket finds nothing here.
    """
    found = verify_token(mail.thread_token, settings.SECRET_KEY) if mail.thread_token else None
    tickets = Ticket.objects.alive().filter(organization_id=channel.organization_id)
    if found:
        ticket = tickets.filter(pk=found[0]).first()
        if ticket is not None:
            return Match(ticket, "token", mail.thread_token)
    return _by_references(channel, mail) or _by_subject(channel, mail)


def referred(mail: InboundMessage) -> list[str]:
    """The Message-IDs that the mail answers or refers to, the nearest first."""
    return [one for one in (mail.in_reply_to, *reversed(mail.references)) if one][:MAX_REFERENCES]


def spoken_among(organization_id: int, ids: Collection[str]) -> set[str]:
    """Those of the Message-IDs that lie on a ticket. Queries: 2, none for no ids."""
    if not ids:
        return set()
    here = {"organization_id": organization_id, "external_id__in": ids}
    return {
        *Message.objects.filter(**here).values_list("external_id", flat=True),
        *Delivery.objects.filter(**here).values_list("external_id", flat=True),
    }


def hints_at_ticket(mail: InboundMessage) -> bool:
    """Whether the mail carries a mark or a number that may be a ticket's. Queries: 0."""
    return bool(mail.thread_token) or _SUBJECT_NUMBER.search(mail.subject) is not None


def _by_references(channel: Channel, mail: InboundMessage) -> Match | None:
    ids = referred(mail)
    if not ids:
        return None
    here = Q(organization_id=channel.organization_id, external_id__in=ids)
    for found in (
        Message.objects.filter(here).values_list("ticket_id", "external_id").first(),
        Delivery.objects.filter(here).values_list("message__ticket_id", "external_id").first(),
    ):
        if found:
            ticket = Ticket.objects.alive().filter(pk=found[0]).first()
            by = "in_reply_to" if found[1] == mail.in_reply_to else "references"
            return Match(ticket, by, found[1]) if ticket else None
    return None


def _by_subject(channel: Channel, mail: InboundMessage) -> Match | None:
    found = _SUBJECT_NUMBER.search(mail.subject)
    if found is None:
        return None
    number = int(found.group(1))
    tickets = Ticket.objects.alive().filter(organization_id=channel.organization_id)
    ticket = tickets.filter(number=number).first() if number < 2**63 else None
    return Match(ticket, "subject", found.group(0)) if ticket else None


def routes_of(channel: Channel) -> list[MailRoute]:
    """The mailbox's routes in their order. Queries: 1."""
    rows = MailRoute.objects.filter(channel=channel)
    return list(rows.select_related("team", "category", "category__default_team"))


def first_route(
    routes: Sequence[MailRoute], channel: Channel, mail: InboundMessage
) -> MailRoute | None:
    """The first of the mailbox's routes that the mail matches. Queries: 0."""
    return next((one for one in routes if one.matches(mail, channel.address)), None)


def route_for(channel: Channel, mail: InboundMessage) -> MailRoute | None:
    """The first route of the mailbox that the mail matches. Queries: 1."""
    return first_route(routes_of(channel), channel, mail)


def known_person(mail: InboundMessage) -> User | None:
    """The person with the sender's address, if there is one."""
    return User.objects.filter(email=mail.sender.email.lower()).first()


def voice_of(channel: Channel, ticket: Ticket, mail: InboundMessage, person: User | None) -> Voice:
    """In whose name the sender may write on the ticket."""
    if person is not None and ticket.requester_id == person.pk:
        return Voice.REQUESTER
    if person is not None and is_staff(person, ticket.organization_id):
        ours = str(channel.settings.get("trusted_server", "")).lower()
        vouched = bool(ours) and ours in mail.vouched_by
        return Voice.DESK if vouched and not answers_notice(mail) else Voice.NOTE
    if takes_part(ticket, mail.sender.email):
        return Voice.REQUESTER
    return Voice.STRANGER


def answers_notice(mail: InboundMessage) -> bool:
    """Whether the mail answers a mail of notices, which may repeat what only the desk reads.

    Their mark names message 0. What an agent answers to one stays inside the desk.
    """
    found = verify_token(mail.thread_token, settings.SECRET_KEY) if mail.thread_token else None
    return found is not None and found[1] == 0


def is_staff(person: User, organization_id: int) -> bool:
    """Whether the person works on the organization's desk."""
    return Membership.objects.filter(
        user=person, organization_id=organization_id, role__in=STAFF_ROLES
    ).exists()


def may_open(channel: Channel, mail: InboundMessage, person: User | None) -> bool:
    """Whether the sender may open tickets: strangers may, or of a known domain, or a member."""
    organization = channel.organization
    if person is not None and not person.is_active:
        return False
    if channel.accepts_strangers or belongs(organization, mail.sender.email):
        return True
    return (
        person is not None
        and Membership.objects.filter(user=person, organization=organization).exists()
    )


def belongs(organization: Organization, address: str) -> bool:
    """Whether the address is of one of the organization's domains."""
    return address.rpartition("@")[2].lower() in {one.lower() for one in organization.domains}


def person_for(channel: Channel, mail: InboundMessage) -> User:
    """The sender as a requester of the organization, made on first contact."""
    return find_or_create_requester(
        organization_id=channel.organization_id, email=mail.sender.email, name=mail.sender.name
    )
