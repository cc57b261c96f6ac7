"""The navigation's numbers, counted once and kept until a ticket changes, at most some seconds.

Every page of every agent shows them, and counting ten thousand open tickets takes longer than
reading a list. What was counted is kept under a stamp of its organizations; a change that is told
to browsers replaces the stamp before they are told, so whoever reads again counts again. What is
told to nobody (a bulk import, time that passes) is seen after `KEPT_SECONDS`.
"""

import hashlib
import uuid
from collections.abc import Callable, Collection
from typing import Final

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from omnidesk.accounts.models import User

KEPT_SECONDS: Final = 10
# Longer than anything that was counted under it; without a stamp there is nothing to forget.
_STAMPED_SECONDS: Final = 600

Counts = dict[str, int]


def forget_counts(organization_ids: Collection[int]) -> None:
    """What was counted for these organizations before now is not shown any more."""
    try:
        cache.set_many({_stamp(o): uuid.uuid4().hex for o in organization_ids}, _STAMPED_SECONDS)
    except (RedisError, OSError):
        # Then nobody can read what was kept either, or only for `KEPT_SECONDS`.
        return


def kept_counts(user: User, count: Callable[[], Counts]) -> Counts:
    """What `count` says of the tickets that `user` works on, or said moments ago.

    A transaction that has changed something counts for itself: nobody else may see that yet.
    """
    if transaction.get_connection().run_on_commit:
        return count()
    own = sorted(user.staffed_organization_ids())
    versions = user.configurations()
    try:
        stamps = cache.get_many([_stamp(o) for o in own])
        # The configuration holds the views, and which of them the person is shown.
        parts = [(o, versions.get(o), stamps.get(_stamp(o))) for o in own]
        key = f"counts:{user.pk}:{hashlib.sha256(repr(parts).encode()).hexdigest()}"
        known: Counts | None = cache.get(key)
        if known is None:
            known = count()
            cache.set(key, known, KEPT_SECONDS)
    except (RedisError, OSError):
        return count()
    return known


def _stamp(organization_id: int) -> str:
    return f"counted:{organization_id}"
