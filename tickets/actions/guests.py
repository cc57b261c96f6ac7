"""Requests without an account: kept until the mailed link proves whose address it is."""

from datetime import datetime, timedelta

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.actions import find_or_create_requester
from omnidesk.accounts.models import Organization
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import clean_text, one_line
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import LONGEST_TEXT, Body, open_ticket
from tickets.choices import ActorKind, Source
from tickets.events import GuestAsked
from tickets.models import GuestRequest, Ticket

SALT = "tickets.guest"
LINK_LASTS = timedelta(days=90)
# What nobody confirmed is forgotten.
KEPT = timedelta(days=7)


@transaction.atomic
def ask_as_guest(
    *, organization: Organization, email: str, name: str, subject: str, text: str, language: str
) -> GuestRequest:
    """Keep what a guest asks for and have the link to it mailed. Raises `InvalidChange`.

    Nothing here depends on whether the address is known: no answer may tell who has an account.
    """
    if not organization.allows_guest_intake:
        raise InvalidChange(_("This organization takes no requests without an account."))
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        words = _("Enter a full e-mail address, for example jo@nordwerk.example")
        raise InvalidChange(words, "email") from None
    if not one_line(subject):
        raise InvalidChange(_("Say in a few words what the problem is."), "subject")
    if not text.strip():
        raise InvalidChange(_("Describe what you see and what you tried."), "text")
    row = GuestRequest.objects.create(
        organization=organization,
        email=address,
        name=one_line(name, 150),
        subject=one_line(subject),
        text=clean_text(text, LONGEST_TEXT),
        language=language,
        created_at=now(),
    )
    publish(GuestAsked(organization_id=organization.pk, request_id=row.pk))
    return row


def sign_guest(row: GuestRequest) -> str:
    """What stands in the mail's link."""
    return signing.dumps([row.organization_id, row.pk], salt=SALT)


def read_guest(token: str) -> tuple[int, int] | None:
    """(organization, request) of a link, or None where it was not ours or is too old."""
    try:
        place, pk = signing.loads(token, salt=SALT, max_age=LINK_LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return int(place), int(pk)


@transaction.atomic
def confirm_guest(*, row: GuestRequest) -> Ticket:
    """The link was used: open the ticket for whoever has the address, once.

    The caller holds the organization's scope.
    """
    row = GuestRequest.objects.select_for_update().get(pk=row.pk)
    if row.ticket is not None:
        return row.ticket
    person = find_or_create_requester(
        organization_id=row.organization_id, email=row.email, name=row.name
    )
    row.ticket = open_ticket(
        organization_id=row.organization_id,
        requester=person,
        subject=row.subject,
        body=Body(text=row.text),
        source=Source.PORTAL,
        actor=guest_actor(row, person.display_name),
    )
    row.save(update_fields=["ticket"])
    return row.ticket


def guest_actor(row: GuestRequest, name: str) -> Actor:
    """Whose hand the link is: the address's, without a session."""
    user = row.ticket.requester if row.ticket else None
    return Actor(ActorKind.PERSON, user, name)


def claim_mail(row_id: int) -> GuestRequest | None:
    """The request whose link is to be mailed now, for one worker alone."""
    claimed = GuestRequest.objects.filter(pk=row_id, mailed_at=None).update(mailed_at=now())
    if not claimed:
        return None
    return GuestRequest.objects.select_related("organization").get(pk=row_id)


def release_mail(row_id: int) -> None:
    """The mail did not leave: the next sweep tries again."""
    GuestRequest.objects.filter(pk=row_id).update(mailed_at=None)


def forget_guests(moment: datetime) -> int:
    """Delete requests that nobody confirmed within a week; returns how many."""
    old = GuestRequest.objects.filter(ticket=None, created_at__lt=moment - KEPT)
    return old.delete()[0]
