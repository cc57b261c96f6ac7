"""Proving that a telephone is somebody's, by a code that is sent there.

The proof counts for the organization whose channel sent the code: another organization's channel
could show its codes to whoever runs it.
"""

import hmac
import secrets
from datetime import timedelta
from typing import Final

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from integrations.models import Channel, Contact, PhoneCode
from integrations.registry import kinds
from integrations.texting.phones import normalise
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.vault import UnreadableSecret, seal, unseal
from tickets.actions.base import InvalidChange

logger = structlog.get_logger(__name__)
GOOD_FOR: Final = timedelta(minutes=10)
MAX_TRIES: Final = 5
SHORTEST: Final = 8  # characters of a whole number; what is shorter is an extension or a service
# Every code costs money, and a number that gets them unasked is a nuisance.
MAX_PER_HOUR: Final = 3
MAX_OF_ORGANIZATION: Final = 60


def text_channel(organization_id: int) -> Channel | None:
    """What sends text messages for an organization now. Queries: 1."""
    able = [key for key, kind in kinds().items() if kind.short and kind.transport]
    rows = Channel.objects.working().filter(organization_id=organization_id, kind__in=able)
    return rows.select_related("organization").order_by("pk").first()


def confirmed_contact(organization_id: int, user: User) -> Contact | None:
    """The telephone that the person proved to be theirs. Queries: 1."""
    rows = Contact.objects.filter(organization_id=organization_id, user=user)
    return rows.filter(confirmed_at__isnull=False).first()


@transaction.atomic
def ask_for_code(*, user: User, organization_id: int, number: str) -> PhoneCode:
    """Queue a code for a telephone. Raises InvalidChange at `phone` with one sentence."""
    channel = text_channel(organization_id)
    if channel is None:
        raise InvalidChange(_("This organization sends no text messages."), "phone")
    phone = normalise(number, str(channel.settings.get("country", "")))
    if len(phone) < SHORTEST:
        raise InvalidChange(
            _("Enter the number with its country code, such as +4930123456."), "phone"
        )
    _check_limits(user, organization_id, phone)
    stopped = Contact.objects.filter(
        organization_id=organization_id, phone=phone, opted_out_at__isnull=False
    )
    if stopped.exists():
        words = _("This number has opted out (STOP). Send START from it to %(number)s first.")
        raise InvalidChange(words % {"number": channel.address or channel.name}, "phone")
    return PhoneCode.objects.create(
        organization_id=organization_id,
        user=user,
        phone=phone,
        sealed_code=seal(f"{secrets.randbelow(10**6):06d}"),
    )


def _check_limits(user: User, organization_id: int, phone: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"phone-code:{organization_id}"],
        )
    rows = PhoneCode.objects.filter(
        organization_id=organization_id, created_at__gt=now() - timedelta(hours=1)
    )
    asked = list(rows.values_list("user_id", "phone"))
    if (
        sum(one == user.pk for one, _phone in asked) >= MAX_PER_HOUR
        or sum(one == phone for _user, one in asked) >= MAX_PER_HOUR
        or len(asked) >= MAX_OF_ORGANIZATION
    ):
        raise InvalidChange(_("Too many codes were asked for. Try again in an hour."), "phone")


def open_code(organization_id: int, user: User) -> PhoneCode | None:
    """The latest code that may still be typed in. Queries: 1."""
    rows = PhoneCode.objects.filter(
        organization_id=organization_id, user=user, created_at__gt=now() - GOOD_FOR
    )
    code = rows.order_by("-pk").first()
    return code if code is not None and code.tries < MAX_TRIES else None


@transaction.atomic
def confirm_phone(*, user: User, organization_id: int, code: str) -> Contact | None:
    """The telephone, proved from now on; None for a wrong or stale code, which is counted."""
    row = open_code(organization_id, user)
    if row is None:
        return None
    row = PhoneCode.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if row.tries >= MAX_TRIES:
        return None
    try:
        right = unseal(row.sealed_code)
    except UnreadableSecret:
        right = ""
    typed = "".join(one for one in code if one in "0123456789")
    if not right or not hmac.compare_digest(typed, right):
        PhoneCode.objects.filter(pk=row.pk).update(tries=F("tries") + 1)
        return None
    # Only its codes go: the count of the hour is kept by the others.
    PhoneCode.objects.filter(user=user, created_at__lt=now() - timedelta(days=1)).delete()
    PhoneCode.objects.filter(pk=row.pk).update(tries=MAX_TRIES)
    forget_phone(user=user, organization_id=organization_id)
    contact, _created = Contact.objects.update_or_create(
        organization_id=organization_id,
        phone=row.phone,
        defaults={"user": user, "confirmed_at": now()},
    )
    logger.info("phone_confirmed", user=user.pk, organization=organization_id)
    return contact


@transaction.atomic
def forget_phone(*, user: User, organization_id: int) -> int:
    """No telephone of the person counts as proved any more; returns how many did."""
    rows = Contact.objects.filter(organization_id=organization_id, user=user)
    return rows.filter(confirmed_at__isnull=False).update(confirmed_at=None)
