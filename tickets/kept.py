"""What is worked out of an organization's configuration, kept in this process while it holds.

The database replaces an organization's `configuration` in the transaction of every change
(`omnidesk.core.configuration`), so what was made under a value is never stale under it, whoever
wrote and whichever process asks.
"""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar
from uuid import UUID

from django.utils.translation import get_language

from omnidesk.accounts.models import Organization
from omnidesk.core.tenancy import current_organizations

T = TypeVar("T")
# What an app above adds to the catalogue of fields changes no row: it is read again after this.
LONGEST_SECONDS = 60.0
MOST_KEPT = 500


def configuration_of(organization_id: int) -> UUID | None:
    """The version under which things are kept; None where row security hides it. Queries: 1."""
    rows = Organization.objects.filter(pk=organization_id)
    return rows.values_list("configuration", flat=True).first()


class Kept(Generic[T]):
    """One kind of thing, by organization (and language: problems are said in words)."""

    def __init__(self, make: Callable[[int], T]) -> None:
        self._make = make
        self._found: dict[tuple[int, str], tuple[UUID, float, T]] = {}
        self._lock = threading.Lock()

    def of(self, organization_id: int, version: UUID | None = None) -> T:
        """The organization's; `version` is its configuration where it was just read.

        Queries: 1, none with `version`; those of making it after a change. Outside a scope of
        the organization nothing is answered from what is kept: row security hides its rows.
        """
        if organization_id not in current_organizations():
            return self._make(organization_id)
        if version is None:
            version = configuration_of(organization_id)
        if version is None:
            return self._make(organization_id)
        key = (organization_id, get_language() or "")
        with self._lock:
            kept = self._found.get(key)
        if kept is not None and kept[0] == version and monotonic() - kept[1] < LONGEST_SECONDS:
            return kept[2]
        made = self._make(organization_id)
        with self._lock:
            if len(self._found) >= MOST_KEPT:
                self._found.clear()
            self._found[key] = (version, monotonic(), made)
        return made
