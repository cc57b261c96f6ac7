"""Personal API keys: made, recognised, revoked."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from omnidesk.accounts.models import ApiKey, User
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.text import one_line

PREFIX = "odk_"
MOST_KEYS = 25
# Writing down every use would turn each read into a write.
USE_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def create_key(*, user: User, name: str, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """A new key and its secret text, which nobody can read again."""
    if not one_line(name):
        raise BadInput(_("Enter a name."), "name")
    if expires_at is not None and expires_at <= now():
        raise BadInput(_("This moment has passed."), "expires_at")
    if ApiKey.objects.filter(user=user).count() >= MOST_KEYS:
        raise BadInput(_("A person may have at most %(count)d keys.") % {"count": MOST_KEYS})
    secret = PREFIX + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        user=user,
        name=one_line(name, 80),
        digest=digest_of(secret),
        hint=secret[:10],
        expires_at=expires_at,
    )
    return row, secret


def digest_of(secret: str) -> str:
    """What is kept of a key. It holds 256 random bits, so a plain hash cannot be searched."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def recognise(secret: str) -> ApiKey | None:
    """The live key of an active person, its use noted; None for any other text."""
    moment = now()
    key = (
        ApiKey.objects.select_related("user")
        .filter(Q(expires_at=None) | Q(expires_at__gt=moment), digest=digest_of(secret))
        .filter(user__is_active=True)
        .first()
    )
    if key is not None and (
        key.last_used_at is None or key.last_used_at < moment - USE_NOTED_EVERY
    ):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=moment)
    return key
