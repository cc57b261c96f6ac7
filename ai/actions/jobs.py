"""Larger tasks: asked, taken, settled once, put back when their worker died."""

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from ai.models import Job
from ai.spending import Spent
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.text import clean_text
from tickets.actions.base import InvalidChange

MOST_ATTEMPTS = 2
# So many of one person wait at most.
MOST_OPEN = 20
# A task of a dozen sections, each asking a model outside that runs into its timeout.
CLAIM_SECONDS = 900
LONGEST_ERROR = 2_000
State = Job.State
LIVE = (State.PENDING, State.RUNNING)


@dataclass(frozen=True, slots=True)
class JobClaim:
    """The right to settle one task: lost as soon as the row names somebody else."""

    job_id: int
    claimed_by: str


@transaction.atomic
def start_job(*, organization_id: int, user: User, kind: str, data: dict[str, Any]) -> Job:
    """A task that waits for a worker. Raises `InvalidChange` where too many of theirs wait."""
    mine = Job.objects.filter(organization_id=organization_id, requested_by=user, state__in=LIVE)
    if mine.count() >= MOST_OPEN:
        raise InvalidChange(_("Wait until some of your tasks are done."), "task_type")
    return Job.objects.create(
        organization_id=organization_id, requested_by=user, kind=kind, data=data
    )


def claim_job(job_id: int) -> JobClaim | None:
    """Take a waiting task; None when somebody else was faster."""
    name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    waiting = Job.objects.filter(pk=job_id, state=State.PENDING)
    taken = waiting.update(
        state=State.RUNNING, claimed_at=now(), claimed_by=name, attempts=F("attempts") + 1
    )
    return JobClaim(job_id, name) if taken else None


def note_progress(claim: JobClaim, progress: float) -> None:
    """How far it is, 0..1."""
    _held(claim).update(progress=round(progress, 3))


def finish_job(claim: JobClaim, *, result: dict[str, Any], spent: Spent) -> bool:
    """Keep the result; False when the task was given away meanwhile."""
    return _settle(claim, State.DONE, spent, result=result, progress=1.0)


def fail_job(claim: JobClaim, *, error: str, spent: Spent) -> bool:
    """Keep why it could not be done, and what trying cost."""
    return _settle(claim, State.FAILED, spent, error=clean_text(error, LONGEST_ERROR))


def _held(claim: JobClaim) -> Any:
    return Job.objects.filter(pk=claim.job_id, state=State.RUNNING, claimed_by=claim.claimed_by)


def _settle(claim: JobClaim, state: str, spent: Spent, **values: Any) -> bool:
    done: int = _held(claim).update(
        state=state,
        finished_at=now(),
        claimed_by="",
        cost_usd=F("cost_usd") + round(spent.cost, 6),
        tokens_in=F("tokens_in") + spent.tokens_in,
        tokens_out=F("tokens_out") + spent.tokens_out,
        **values,
    )
    return done == 1


def recover_jobs(organization_id: int, *, all_running: bool = False) -> list[int]:
    """Tasks that wait, those of dead workers put back first or given up."""
    own = Job.objects.filter(organization_id=organization_id)
    running = own.filter(state=State.RUNNING)
    if not all_running:
        running = running.filter(claimed_at__lt=now() - timedelta(seconds=CLAIM_SECONDS))
    running.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=State.FAILED,
        finished_at=now(),
        claimed_by="",
        error="The worker that did it ended before it was done.",
    )
    running.update(state=State.PENDING, claimed_by="", progress=0.0)
    return list(own.filter(state=State.PENDING).values_list("pk", flat=True))
