"""Which ticket a message belongs to, and in whose name it may speak there."""

import re
from enum import Enum
from typing import Final

from django.conf import settings
from django.db.models import Q

from integrations.base import InboundMessage
from integrations.channels.email.tokens import verify_token
from integrations.models import Channel, Delivery, MailRoute
from omnidesk.accounts.actions import find_or_create_requester
from omnidesk.accounts.models import Membership, Organization, User
from omnidesk.accounts.roles import STAFF_ROLES
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


def find_thread(channel: Channel, mail: InboundMessage) -> Ticket | None:
    """The ticket of the channel's organization that the mail answers to, or None.

    By our signed mark first, then by the Message-IDs it refers to, then by the number in its
    subject. A mark of another organization's ticket finds nothing here.
    """
    found = verify_token(mail.thread_token, settings.SECRET_KEY) if mail.thread_token else None
    tickets = Ticket.objects.alive().filter(organization_id=channel.organization_id)
    if found:
        ticket = tickets.filter(pk=found[0]).first()
        if ticket is not None:
            return ticket
    return _by_references(channel, mail) or _by_subject(channel, mail)


def _by_references(channel: Channel, mail: InboundMessage) -> Ticket | None:
    ids = [one for one in (mail.in_reply_to, *reversed(mail.references)) if one][:MAX_REFERENCES]
    if not ids:
        return None
    here = Q(organization_id=channel.organization_id, external_id__in=ids)
    for ticket_id in (
        Message.objects.filter(here).values_list("ticket_id", flat=True).first(),
        Delivery.objects.filter(here).values_list("message__ticket_id", flat=True).first(),
    ):
        if ticket_id:
            return Ticket.objects.alive().filter(pk=ticket_id).first()
    return None


def _by_subject(channel: Channel, mail: InboundMessage) -> Ticket | None:
    found = _SUBJECT_NUMBER.search(mail.subject)
    if found is None:
        return None
    number = int(found.group(1))
    tickets = Ticket.objects.alive().filter(organization_id=channel.organization_id)
    return tickets.filter(number=number).first() if number < 2**63 else None


def route_for(channel: Channel, mail: InboundMessage) -> MailRoute | None:
    """The first route of the mailbox that the mail matches. Queries: 1."""
    routes = MailRoute.objects.filter(channel=channel).select_related("team", "category")
    return next((one for one in routes if one.matches(mail, channel.address)), None)


def known_person(mail: InboundMessage) -> User | None:
    """The person with the sender's address, if there is one."""
    return User.objects.filter(email=mail.sender.email.lower()).first()


def voice_of(channel: Channel, ticket: Ticket, mail: InboundMessage, person: User | None) -> Voice:
    """In whose name the sender may write on the ticket."""
    if person is not None and ticket.requester_id == person.pk:
        return Voice.REQUESTER
    if person is not None and _is_staff(person, ticket.organization_id):
        ours = str(channel.settings.get("trusted_server", "")).lower()
        vouched = bool(ours) and ours in mail.vouched_by
        return Voice.DESK if vouched and not answers_notice(mail) else Voice.NOTE
    if mail.sender.email.lower() in in_copy(ticket):
        return Voice.REQUESTER
    return Voice.STRANGER


def answers_notice(mail: InboundMessage) -> bool:
    """Whether the mail answers a mail of notices, which may repeat what only the desk reads.

    Their mark names message 0. What an agent answers to one stays inside the desk.
    """
    found = verify_token(mail.thread_token, settings.SECRET_KEY) if mail.thread_token else None
    return found is not None and found[1] == 0


def in_copy(ticket: Ticket) -> list[str]:
    """Addresses that the requester's side put in copy, each once, in order."""
    rows = ticket.messages.filter(from_requester=True).values_list("cc", flat=True)
    return list(dict.fromkeys(str(one).lower() for row in rows for one in row))


def _is_staff(person: User, organization_id: int) -> bool:
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
