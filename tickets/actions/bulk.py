"""Changes of several tickets kept so that they can be taken back."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from tickets.models import BulkChange


@dataclass(frozen=True, slots=True)
class Changed:
    """One ticket that a change of several reached: the form value before and after it."""

    number: int
    organization_id: int
    before: str
    after: str


@transaction.atomic
def keep_bulk_change(*, user: User, field: str, changed: Iterable[Changed]) -> list[BulkChange]:
    """One row per organization; nothing where nothing was changed."""
    by_organization: dict[int, list[Changed]] = {}
    for one in changed:
        by_organization.setdefault(one.organization_id, []).append(one)
    moment = now()
    return [
        BulkChange.objects.create(
            organization_id=organization_id,
            actor=user,
            field=field,
            before={str(one.number): one.before for one in several},
            after={str(one.number): one.after for one in several},
            created_at=moment,
        )
        for organization_id, several in by_organization.items()
    ]


@transaction.atomic
def begin_undo(*, user: User, pk: int) -> BulkChange | None:
    """The person's own change, locked and marked as taken back; None when it was before."""
    row = BulkChange.objects.select_for_update().filter(pk=pk, actor=user).first()
    if row is None or row.undone_at is not None:
        return None
    row.undone_at = now()
    row.save(update_fields=["undone_at"])
    return row
