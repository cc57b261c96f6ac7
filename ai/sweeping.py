"""What `ai.sweep` looks for. Reads and repairs rows; the task then nudges workers."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet

from ai.actions import queue
from ai.actions.training import start_training
from ai.actions.work import recover
from ai.examples import MINIMUM_EXAMPLES, count_corrections, count_examples
from ai.gaps import (
    GRACE,
    orphaned_entries,
    stale_articles,
    stale_documents,
    stale_tickets,
    unheard_messages,
    unread_tickets,
)
from ai.lending import may_borrow
from ai.models import Enrichment, IndexEntry, Rebuild, TrainedModel, Training
from ai.models.work import Work
from omnidesk.accounts.models import Organization
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from tickets.actions.triage import leave_unread
from tickets.models import Ticket

MOST_A_SWEEP = 64
MOST_UNREAD = 1_000
LONGEST_PREPARATION = timedelta(minutes=5)
RETRAIN_AFTER = timedelta(hours=12)
# After many corrections it is not waited for that, but for what was just started.
BORROW_AFTER = timedelta(days=1)
RETRAIN_SOON = timedelta(minutes=10)
# Another training is due once history has grown by this share.
GROWTH = 1.2
# More tickets than this to be indexed: learning waits, and then finds their vectors ready.
LARGE_BACKLOG = 512
# An index that has taken nothing in for so long is not waited for.
INDEX_STANDS_STILL = timedelta(minutes=5)
# A rebuild writes a batch in a second or two; after this its worker is taken for dead.
UNNOTICED = timedelta(seconds=30)

Nudge = tuple[int, int]


def readings_to_nudge() -> list[Nudge]:
    """(organization, enrichment) pairs that wait without anybody coming for them."""
    moment = now()
    with system_scope():
        orphans = list(Enrichment.objects.all().orphaned(moment)[:MOST_A_SWEEP])
        unread = list(unread_tickets().values_list("organization_id", "pk"))
        unheard = list(
            unheard_messages().values_list("organization_id", "ticket_id", "pk")[:MOST_A_SWEEP]
        )
        waiting = list(
            Enrichment.objects.all()
            .waiting(moment - GRACE)
            .order_by("available_at")
            .values_list("organization_id", "pk")[:MOST_A_SWEEP]
        )
    for row in orphans:
        with organization_scope(row.organization_id):
            if queue.recover(row):
                waiting.append((row.organization_id, row.pk))
    waiting += _read_unheard(unheard)
    preparing = _preparing({organization_id for organization_id, _ in unread})
    ready = [pair for pair in unread if pair[0] not in preparing]
    found = (_read_or_leave(*pair) for pair in ready[:MOST_UNREAD])
    return waiting + [nudge for nudge in found if nudge is not None]


def _read_unheard(messages: list[tuple[int, int, int]]) -> list[Nudge]:
    found = []
    for organization_id, ticket_id, message_id in messages:
        with organization_scope(organization_id):
            row = queue.enqueue(
                organization_id=organization_id,
                ticket_id=ticket_id,
                trigger=Enrichment.Trigger.MESSAGE.value,
                message_id=message_id,
            )
        found.append((organization_id, row.pk))
    return found


def _preparing(organization_ids: set[int]) -> set[int]:
    """Organizations whose history is being indexed or learned.

    Tickets that came without an event (an import, the demo desk) wait for that: read before it,
    they would get no neighbours, no sources and a beginner's guess. They do not wait for ever.
    """
    found = set()
    for organization_id in organization_ids:
        with organization_scope(organization_id):
            learning = Training.objects.filter(state__in=Training.LIVE)
            unfinished = (
                learning.exists()
                or stale_articles().exists()
                or stale_tickets(recent_only=False).exists()
            )
        if not unfinished:
            cache.delete(preparing_key(organization_id))
        elif not _waited_enough(organization_id):
            found.add(organization_id)
    return found


def preparing_key(organization_id: int) -> str:
    """Where the cache keeps since when (a timestamp) an organization has been preparing."""
    return f"ai.preparing.{organization_id}"


def _waited_enough(organization_id: int) -> bool:
    # Counted from the first sweep that saw it: imported rows carry times of long ago.
    seconds = LONGEST_PREPARATION.total_seconds()
    key, moment = preparing_key(organization_id), now().timestamp()
    since = cache.get_or_set(key, moment, timeout=int(seconds * 12))
    return bool(moment - float(since or moment) > seconds)


def recover_all() -> list[Nudge]:
    """Put back every row that is being read; returns those that wait again.

    For the new owner of an embedded vector store: there is one owner at a time, so whoever was
    reading is dead.
    """
    with system_scope():
        rows = list(Enrichment.objects.filter(state=Enrichment.State.RUNNING))
    found = []
    for row in rows:
        with organization_scope(row.organization_id):
            if queue.recover(row):
                found.append((row.organization_id, row.pk))
    return found


def work_to_nudge(model: type[Work]) -> list[Nudge]:
    """(organization, row) pairs that wait without anybody coming for them, dead ones' included."""
    with system_scope():
        live = model._default_manager.filter(state__in=model.LIVE)
        waiting = set(live.values_list("organization_id", flat=True))
    found: list[Nudge] = []
    for organization_id in sorted(waiting):
        with organization_scope(organization_id):
            found += [(organization_id, pk) for pk in recover(model, organization_id)]
    return found


def rebuild_waits() -> bool:
    """Whether nobody is at a rebuild of the index, or one left something to remove. Queries: 1."""
    rows = list(Rebuild.objects.filter(is_tidy=False).order_by("-pk")[:MOST_A_SWEEP])
    return any(not row.is_open or row.touched_at < now() - UNNOTICED for row in rows)


def organizations_to_index(*, recent_only: bool) -> list[int]:
    """Organizations whose rows and vector store differ."""
    with system_scope():
        rows: list[QuerySet[Any]] = [
            stale_tickets(recent_only=recent_only),
            stale_articles(),
            stale_documents(),
        ]
        if not recent_only:
            rows.append(orphaned_entries())
        found = {
            organization_id
            for each in rows
            for organization_id in each.order_by()
            .values_list("organization_id", flat=True)
            .distinct()
        }
    return sorted(found)


def trainings_due(among: Collection[int] | None = None) -> list[Nudge]:
    """(organization, training) pairs: new rows for whoever has learned little or long ago.

    `among` asks only about these organizations.
    """
    due = []
    active = Organization.objects.filter(is_active=True)
    if among is not None:
        active = active.filter(pk__in=among)
    for organization_id in active.values_list("pk", flat=True):
        with organization_scope(organization_id):
            waiting = recover(Training, organization_id)
            if not waiting and _should_train(organization_id) and not _is_filling():
                started = start_training(organization_id=organization_id, user=None)
                waiting = [started.pk]
            due += [(organization_id, pk) for pk in waiting]
    return due


def _read_or_leave(organization_id: int, ticket_id: int) -> Nudge | None:
    """A row for a ticket that nobody announced; None where it is over already."""
    with organization_scope(organization_id):
        ticket = Ticket.objects.get(pk=ticket_id)
        if ticket.is_settled:
            leave_unread(ticket=ticket)
            return None
        opening = ticket.messages.filter(is_opening=True).order_by("pk").first()
        was_read = Enrichment.objects.filter(ticket=ticket, message=opening).exists()
        trigger = Enrichment.Trigger.REPROCESS if was_read else Enrichment.Trigger.OPENED
        row = queue.enqueue(
            organization_id=organization_id,
            ticket_id=ticket_id,
            trigger=trigger.value,
            message_id=opening.pk if opening and not was_read else None,
        )
    return organization_id, row.pk


def _is_filling() -> bool:
    """Whether a large import is on its way into the index, within the scope's organization.

    Learning beside it would compute every vector a second time, both at half the speed.
    """
    backlog = stale_tickets(recent_only=False).order_by()[: LARGE_BACKLOG + 1].count()
    moving = IndexEntry.objects.filter(indexed_at__gte=now() - INDEX_STANDS_STILL)
    return backlog > LARGE_BACKLOG and moving.exists()


def _should_train(organization_id: int) -> bool:
    runs = Training.objects.filter(organization_id=organization_id)
    if runs.filter(created_at__gte=now() - RETRAIN_SOON).exists():
        return False
    examples = count_examples(organization_id, TrainedModel.Kind.CATEGORY.value)
    enough = examples >= MINIMUM_EXAMPLES
    if enough and count_corrections(organization_id) >= settings.AI_TRAIN_AFTER:
        return True
    if runs.filter(created_at__gte=now() - RETRAIN_AFTER).exists():
        return False
    if not enough:
        is_recent = runs.filter(created_at__gte=now() - BORROW_AFTER).exists()
        return not is_recent and may_borrow(organization_id)
    learned = (
        TrainedModel.objects.filter(
            organization_id=organization_id,
            kind=TrainedModel.Kind.CATEGORY,
            is_active=True,
            is_shared=False,
        )
        .values_list("trained_on", flat=True)
        .first()
    )
    if learned is None:
        return True
    return examples >= learned * GROWTH
