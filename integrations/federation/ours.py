"""Our side of a linked ticket: its values by name, and how a value from outside is applied."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from integrations.federation.port import Person
from integrations.models import Channel
from omnidesk.accounts.actions import find_or_create_requester, find_or_create_requesters
from omnidesk.accounts.models import Membership, User
from omnidesk.accounts.roles import STAFF_ROLES
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.catalog import STANDARD_STATUSES, default_status
from tickets.actions.lifecycle import set_status
from tickets.actions.triage import Edit, edit_ticket
from tickets.choices import ActorKind, StatusCategory
from tickets.models import Status, Ticket, TicketType

_PLAIN: Final = ("subject", "urgency", "impact", "priority")
USUAL_TYPE: Final = "incident"
_STAGE_OF: Final = {key: stage for key, _n, stage, _f in STANDARD_STATUSES}


def values_of(ticket: Ticket) -> dict[str, str]:
    """What the federation compares. A status is named by its key."""
    return {
        "subject": ticket.subject,
        "status": ticket.status.key,
        "urgency": ticket.urgency,
        "impact": ticket.impact,
        "priority": ticket.priority,
        "type": ticket.type.key if ticket.type else USUAL_TYPE,
    }


def hand_of(channel: Channel) -> Actor:
    """In whose name the far side changes our tickets."""
    return Actor.machine(ActorKind.CHANNEL, channel.name)


def apply(ticket: Ticket, channel: Channel, values: Mapping[str, str]) -> None:
    """Give our ticket these values (our words). Raises InvalidChange for impossible ones."""
    hand = hand_of(channel)
    edits: dict[str, Any] = {name: values[name] for name in _PLAIN if name in values}
    if "type" in values:
        kind = type_called(ticket.organization_id, values["type"])
        if kind is None:
            raise InvalidChange(_("There is no such type of ticket here."), "type")
        edits["type"] = kind
    if edits:
        edit_ticket(ticket=ticket, actor=hand, edit=Edit(**edits))
    if "status" in values:
        status = status_called(ticket.organization_id, values["status"])
        set_status(ticket=ticket, actor=hand, status=status)


def type_called(organization_id: int, key: str) -> TicketType | None:
    """The organization's ticket type with this key."""
    return TicketType.objects.filter(organization_id=organization_id, key=key).first()


def status_called(organization_id: int, key: str) -> Status:
    """The organization's status with this key, else the first of the stage it stands for."""
    status = Status.objects.filter(organization_id=organization_id, key=key).first()
    if status is not None:
        return status
    stage = _STAGE_OF.get(key) or (key if key in StatusCategory.values else StatusCategory.OPEN)
    return default_status(organization_id, StatusCategory(stage))


def requester_from(channel: Channel, person: Person) -> User:
    """The requester of a ticket from over there."""
    return find_or_create_requester(
        organization_id=channel.organization_id,
        email=address_of(channel, person),
        name=person.name or person.key,
    )


def requesters_from(channel: Channel, people: Iterable[Person]) -> dict[str, User]:
    """The same for many, by `address_of`. Queries: those of `find_or_create_requesters`."""
    names: dict[str, str] = {}
    for person in people:
        address = address_of(channel, person)
        names[address] = names.get(address) or person.name or person.key
    return find_or_create_requesters(organization_id=channel.organization_id, names=names)


def address_of(channel: Channel, person: Person) -> str:
    """What a requester is known by; a made-up address where the far side tells none.

    (`.invalid` never receives mail; answers to such people go back over the channel.)
    """
    email = person.email.strip().lower()
    if _usable(email):
        return email
    fallback = str(channel.settings.get("default_requester", "")).lower()
    key = re.sub(r"[^a-z0-9]+", "-", person.key.lower()).strip("-")[:40]
    named = f"{channel.kind.replace('_', '-')}-{key}" if key else channel.kind
    return fallback if fallback and not key else f"{named}@channel-{channel.pk}.invalid"


def colleague(channel: Channel, person: Person) -> User | None:
    """The agent of ours that somebody over there is, by address."""
    return colleagues(channel, [person]).get(person.email.strip().lower())


def colleagues(channel: Channel, people: Iterable[Person]) -> dict[str, User]:
    """The agents of ours among them, by address. Queries: 1, or 0."""
    emails = {person.email.strip().lower() for person in people} - {""}
    if not emails:
        return {}
    staff = Membership.objects.filter(organization_id=channel.organization_id, role__in=STAFF_ROLES)
    rows = User.objects.filter(email__in=emails, pk__in=staff.values("user"))
    return {user.email: user for user in rows}


def _usable(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= 254
