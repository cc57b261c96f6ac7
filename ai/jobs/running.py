"""Doing one task, in the ai-worker. No transaction is open while it works."""

import logging
from typing import Any

from django.utils import translation
from django.utils.module_loading import import_string

from ai.actions.jobs import fail_job, finish_job
from ai.actions.work import Claim, note_progress, working
from ai.db import release
from ai.engine.types import EngineError
from ai.jobs.base import JobKind, JobRefused, Work
from ai.jobs.registry import kind_of
from ai.models import Job
from ai.runtime import Runtime
from ai.spending import Spent, spending
from omnidesk.core.tenancy import organization_scope

logger = logging.getLogger(__name__)


def run(runtime: Runtime, organization_id: int, job_id: int) -> None:
    """Do a task, if its row still waits; the row keeps the result or the error."""
    with working(Job, organization_id, job_id) as claim:
        if claim is None:
            return
        with organization_scope(organization_id):
            job = Job.objects.select_related("requested_by").get(pk=job_id)
            # Read here, so that the task needs no scope for it.
            job.requested_by.roles()
        release()
        with spending() as spent:
            result, error = _done(runtime, claim, job)
        with organization_scope(organization_id):
            _settle(claim, result, error, spent)
        release()


def _done(runtime: Runtime, claim: Claim[Job], job: Job) -> tuple[dict[str, Any] | None, str]:
    def progress(share: float) -> None:
        with organization_scope(job.organization_id):
            note_progress(claim, share)
        release()

    kind = kind_of(job.kind)
    if kind is None:
        return None, "This installation does not know this kind of task any more."
    worker: JobKind = import_string(kind.path)()
    work = Work(job.organization_id, job.requested_by, job.data, runtime, progress)
    try:
        with translation.override("en"):
            return worker.run(work), ""
    except JobRefused as refusal:
        return None, refusal.message
    except EngineError as error:
        return None, error.message
    except Exception as error:
        logger.exception("job_failed", extra={"job": job.pk})
        return None, f"{type(error).__name__}: {error}"


def _settle(claim: Claim[Job], result: dict[str, Any] | None, error: str, spent: Spent) -> None:
    if result is None:
        fail_job(claim, error=error, spent=spent)
    else:
        finish_job(claim, result=result, spent=spent)
