"""Telephone numbers and the people behind them."""

import structlog
from django.db import transaction
from django.db.models import F, Func, Value

from integrations.models import Channel, Contact
from integrations.texting.phones import normalise
from omnidesk.accounts.actions import find_or_create_requester
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.text import one_line
from tickets.models import Ticket

logger = structlog.get_logger(__name__)
# Nobody has mail there (RFC 2606): people known by their telephone alone get such an address.
PLACEHOLDER = "@sms.invalid"


def is_placeholder(address: str) -> bool:
    """Whether an address only stands for somebody who is known by other means."""
    return address.endswith(".invalid")


@transaction.atomic
def contact_for(channel: Channel, phone: str, name: str = "") -> Contact | None:
    """The contact with this number (E.164) and its person, made on first use.

    A member who has the number in the profile is that person. A stranger becomes a requester
    where the channel takes strangers, otherwise None. The caller holds the scope.
    """
    rows = Contact.objects.filter(organization_id=channel.organization_id, phone=phone)
    contact = rows.select_related("user").first()
    if contact is not None and contact.user is not None:
        return contact
    person = _member_with(channel, phone) or _stranger(channel, phone, name)
    if person is None:
        return None
    contact, _created = Contact.objects.update_or_create(
        organization_id=channel.organization_id, phone=phone, defaults={"user": person}
    )
    return contact


def _member_with(channel: Channel, phone: str) -> User | None:
    # The last digits narrow it down in SQL, whatever the number is written like in the profile.
    digits = Func(F("phone"), Value(r"\D"), Value(""), Value("g"), function="regexp_replace")
    rows = User.objects.filter(
        memberships__organization_id=channel.organization_id, is_active=True
    ).exclude(phone="")
    country = str(channel.settings.get("country", ""))
    for user in rows.annotate(digits=digits).filter(digits__endswith=phone[-6:]).order_by("pk"):
        if normalise(user.phone, country) == phone:
            return user
    return None


def _stranger(channel: Channel, phone: str, name: str) -> User | None:
    if not channel.accepts_strangers:
        return None
    person = find_or_create_requester(
        organization_id=channel.organization_id,
        email=f"{phone.lstrip('+')}{PLACEHOLDER}",
        name=one_line(name, 150) or phone,
    )
    if not person.phone:
        User.objects.filter(pk=person.pk).update(phone=phone)
        person.phone = phone
    return person


@transaction.atomic
def set_opt_out(channel: Channel, phone: str, *, out: bool) -> None:
    """Note that a number wants no messages, or wants them again."""
    Contact.objects.update_or_create(
        organization_id=channel.organization_id,
        phone=phone,
        defaults={"opted_out_at": now() if out else None},
    )
    logger.info("contact_opted_out" if out else "contact_opted_in", channel=channel.pk)


def phone_of(ticket: Ticket) -> str:
    """The requester's number in E.164, '' where none is known."""
    contact = _contact_of(ticket)
    return contact.phone if contact else normalise(ticket.requester.phone)


def opted_out(ticket: Ticket) -> bool:
    """Whether the requester wants no text messages."""
    contact = _contact_of(ticket)
    return contact is not None and contact.opted_out_at is not None


def _contact_of(ticket: Ticket) -> Contact | None:
    rows = Contact.objects.filter(
        organization_id=ticket.organization_id, user_id=ticket.requester_id
    )
    return rows.order_by("-updated_at").first()
