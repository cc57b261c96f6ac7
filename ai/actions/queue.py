"""The queue of readings: putting in, taking, giving back, failing."""

import os
import socket
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists

from ai.models import Enrichment
from ai.models.enrichment import MOST_ATTEMPTS
from omnidesk.core.clock import now
from omnidesk.core.text import clean_text
from tickets.actions.base import Actor
from tickets.actions.triage import record_verdict
from tickets.choices import ActorKind, AiState
from tickets.models import Ticket

LONGEST_ERROR = 2_000
FIRST_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 300
MOST_REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to finish one enrichment: lost as soon as the row names somebody else."""

    enrichment_id: int
    claimed_by: str


@transaction.atomic
def enqueue(
    *, organization_id: int, ticket_id: int, trigger: str, message_id: int | None = None
) -> Enrichment:
    """The row that reads the ticket for this reason: a new one, or the one that is there."""
    wanted: dict[str, object] = {"ticket_id": ticket_id, "trigger": trigger}
    if trigger == Enrichment.Trigger.REPROCESS:
        wanted["state"] = Enrichment.State.PENDING
    else:
        wanted["message_id"] = message_id
    row, _created = Enrichment.objects.get_or_create(
        **wanted, defaults={"organization_id": organization_id}
    )
    return row


@transaction.atomic
def enqueue_opened(*, organization_id: int, messages: Mapping[int, int]) -> list[int]:
    """The ids of the rows that read new tickets (ticket id -> opening message). Queries: 2."""
    known = Enrichment.objects.filter(ticket__in=messages, message__in=messages.values())
    rows = dict(known.values_list("ticket_id", "pk"))
    made = Enrichment.objects.bulk_create(
        Enrichment(
            organization_id=organization_id,
            ticket_id=ticket_id,
            message_id=message_id,
            trigger=Enrichment.Trigger.OPENED.value,
        )
        for ticket_id, message_id in messages.items()
        if ticket_id not in rows
    )
    return [*rows.values(), *(row.pk for row in made)]


def claim(enrichment_id: int) -> Claim | None:
    """Take a waiting row; None when it is not waiting (any more)."""
    name = _my_name()
    if Enrichment.objects.all().waiting(now()).filter(pk=enrichment_id).take(name):
        return Claim(enrichment_id, name)
    return None


def _my_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


class _Company:
    """Rows that this process took along: the nudges for them, which come later, ask no database.

    Each is believed once. Whatever sends such a row back has it nudged by the sweep, again and
    again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: OrderedDict[int, None] = OrderedDict()

    def add(self, ids: Iterable[int]) -> None:
        with self._lock:
            self._rows.update(dict.fromkeys(ids))
            while len(self._rows) > MOST_REMEMBERED:
                self._rows.popitem(last=False)

    def forget(self, pk: int) -> bool:
        with self._lock:
            return self._rows.pop(pk, False) is None


_company = _Company()


def was_company(enrichment_id: int) -> bool:
    """Whether a nudge for this row comes after another ticket's turn took it along."""
    return _company.forget(enrichment_id)


def claim_company(claim: Claim, organization_id: int, most: int) -> list[Claim]:
    """Take up to `most` rows of other tickets that wait now, the longest wait first.

    Rows that were never tried alone: one that ended a worker must not do so to others, which is
    why a row tried before gets no company either. Queries: 1, and 1 where there is some.
    """
    own = Enrichment.objects.filter(pk=claim.enrichment_id)
    waiting = (
        Enrichment.objects.all()
        .waiting(now())
        .filter(Exists(own.filter(attempts=1)), organization_id=organization_id, attempts=0)
    )
    rows = waiting.exclude(ticket__in=own.values("ticket")).order_by("available_at", "pk")
    found: dict[int, int] = {}
    for pk, ticket_id in rows.select_for_update(skip_locked=True).values_list("pk", "ticket")[
        :most
    ]:
        # Two readings of one ticket are two turns.
        found.setdefault(ticket_id, pk)
    if not found:
        return []
    name = _my_name()
    Enrichment.objects.filter(pk__in=found.values()).take(name)
    taken = list(found.values())
    transaction.on_commit(lambda: _company.add(taken), robust=True)
    return [Claim(pk, name) for pk in found.values()]


def held(claim: Claim) -> Enrichment | None:
    """The claimed row under its lock, or None when the claim was lost. Lock the ticket first."""
    return held_many([claim]).get(claim.enrichment_id)


def held_many(claims: Sequence[Claim]) -> dict[int, Enrichment]:
    """The claimed rows under their locks, without those whose claim was lost. Queries: 1."""
    names = {claim.enrichment_id: claim.claimed_by for claim in claims}
    rows = Enrichment.objects.select_for_update().filter(
        pk__in=names, state=Enrichment.State.RUNNING
    )
    return {row.pk: row for row in rows.order_by("pk") if row.claimed_by == names[row.pk]}


def renew(claims: Sequence[Claim]) -> None:
    """Say that the worker lives and still means to read these rows. Queries: 1 a name."""
    for name in {claim.claimed_by for claim in claims}:
        own = [claim.enrichment_id for claim in claims if claim.claimed_by == name]
        rows = Enrichment.objects.filter(pk__in=own, claimed_by=name)
        rows.filter(state=Enrichment.State.RUNNING).update(claimed_at=now())


@transaction.atomic
def give_back(claim: Claim, *, error: str, seconds: int = FIRST_WAIT_SECONDS) -> None:
    """Return a row untried: this process cannot read at all (the store is somebody else's)."""
    row = held(claim)
    if row is None:
        return
    row.attempts -= 1
    _wait(row, error, seconds)


@transaction.atomic
def fail(claim: Claim, *, ticket: Ticket, error: str, permanent: bool = False) -> None:
    """Note that a reading failed: again later, or for good after the last attempt."""
    Ticket.objects.select_for_update(of=("self",)).get(pk=ticket.pk)
    row = held(claim)
    if row is None:
        return
    if permanent or row.attempts >= MOST_ATTEMPTS:
        _fail_for_good(row, ticket, error)
    else:
        wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (row.attempts - 1))
        _wait(row, error, wait)


@transaction.atomic
def recover(row: Enrichment) -> bool:
    """Put `row`, whose worker died, back into the queue, or give up after the last attempt.

    Returns whether it waits again. A row that has changed hands since it was read stays.
    """
    # The same order of locks as everywhere: the ticket, then its rows.
    ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=row.ticket_id)
    fresh = held(Claim(row.pk, row.claimed_by))
    if fresh is None:
        return False
    error = "The worker that read it ended before it was done."
    if fresh.attempts >= MOST_ATTEMPTS:
        _fail_for_good(fresh, ticket, error)
        return False
    _wait(fresh, error, 0)
    return True


def _wait(row: Enrichment, error: str, seconds: int) -> None:
    row.state = Enrichment.State.PENDING
    row.available_at = now() + timedelta(seconds=seconds)
    row.error = clean_text(error, LONGEST_ERROR)
    row.claimed_by = ""
    row.save()


def _fail_for_good(row: Enrichment, ticket: Ticket, error: str) -> None:
    row.state = Enrichment.State.FAILED
    row.finished_at = now()
    row.error = clean_text(error, LONGEST_ERROR)
    row.save()
    if ticket.ai_state == AiState.DONE:
        # An earlier reading stands: its suggestions are still the best there is.
        return
    record_verdict(
        ticket=ticket,
        state=AiState.FAILED.value,
        verdict=ticket.ai_verdict,
        actor=Actor.machine(ActorKind.AI, "local"),
    )
