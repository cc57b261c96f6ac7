"""The queue of readings: putting in, taking, giving back, failing."""

import os
import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

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
    name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    if Enrichment.objects.all().claim(enrichment_id, name):
        return Claim(enrichment_id, name)
    return None


def waiting_ids(organization_id: int, most: int) -> list[int]:
    """Rows of the organization to be read now, the longest wait first. Queries: 1."""
    rows = Enrichment.objects.all().waiting(now()).filter(organization_id=organization_id)
    return list(rows.order_by("available_at", "pk").values_list("pk", flat=True)[:most])


def held(claim: Claim) -> Enrichment | None:
    """The claimed row under its lock, or None when the claim was lost. Lock the ticket first."""
    return (
        Enrichment.objects.select_for_update()
        .filter(pk=claim.enrichment_id, state=Enrichment.State.RUNNING, claimed_by=claim.claimed_by)
        .first()
    )


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
