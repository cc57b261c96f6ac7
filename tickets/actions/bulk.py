"""Changes of several tickets kept so that they can be taken back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from tickets.actions.base import announce
from tickets.models import BulkChange, Draft


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
    rows = BulkChange.objects.select_for_update().filter(pk=pk, actor=user)
    row = rows.exclude(field__in=BulkChange.ANSWERS).first()
    return _undone(row) if row is not None and row.undone_at is None else None


def _undone(row: BulkChange) -> BulkChange:
    row.undone_at = now()
    row.save(update_fields=["undone_at"])
    return row


@transaction.atomic
def keep_bulk_answer(
    *, user: User, text: str, solves: bool, held: Iterable[Draft]
) -> list[BulkChange]:
    """What one answer to several became, one row per organization."""
    by_organization: dict[int, list[Draft]] = {}
    for draft in held:
        by_organization.setdefault(draft.organization_id, []).append(draft)
    moment = now()
    return [
        BulkChange.objects.create(
            organization_id=organization_id,
            actor=user,
            field=BulkChange.ANSWER_AND_SOLVE if solves else BulkChange.ANSWER,
            after={str(draft.ticket.number): draft.pk for draft in several},
            text=text,
            created_at=moment,
        )
        for organization_id, several in by_organization.items()
    ]


@transaction.atomic
def take_back_answers(*, user: User, ids: Sequence[int]) -> tuple[int, int]:
    """Take an answer to several back before it leaves: how many were, and how many had left.

    Nothing stays on the tickets: the text is kept with the row, where it was written once.
    """
    taken = gone = 0
    rows = BulkChange.objects.select_for_update().filter(
        pk__in=ids, actor=user, field__in=BulkChange.ANSWERS, undone_at=None
    )
    for row in rows:
        drafts = Draft.objects.filter(pk__in=row.after.values(), person=user)
        # Whoever sends one right now holds its lock: that one has left.
        waiting = list(
            drafts.exclude(send_at=None).select_for_update(of=("self",), skip_locked=True)
            .select_related("ticket")
        )  # fmt: skip
        for draft in waiting:
            draft.delete()
            announce(draft.ticket)
        taken += len(waiting)
        gone += len(row.after) - len(waiting)
        _undone(row)
    return taken, gone
