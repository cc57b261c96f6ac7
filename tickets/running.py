"""Doing what a run says: claim, do, verify, settle, each step committed before the next.

No transaction is open while another system is spoken to. A process that dies in between leaves
the run claimed; the sweep calls it uncertain and a person decides, so nothing is done twice.
"""

import os
import socket
import uuid
from datetime import timedelta
from typing import Final

import structlog
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.core.text import one_line
from tickets.actions.runbook import (
    MAX_TRIES,
    add_step,
    give_up_run,
    postpone_run,
    release_run,
    settle_run,
)
from tickets.models import ApprovalState, RunbookRun, RunState
from tickets.runbooks.base import Action, ActionProblem, Case
from tickets.runbooks.registry import action_for

logger = structlog.get_logger(__name__)
# Longer than all tries of one outgoing call, and than the task's own time limit.
STALE: Final = timedelta(minutes=10)
_NEXT: Final = {RunState.QUEUED: RunState.RUNNING, RunState.UNDO_QUEUED: RunState.UNDOING}


def execute(organization_id: int, run_id: int) -> RunState | None:
    """Take a due run one step on; None where it was not due or another worker has it."""
    token = f"{socket.gethostname()[:20]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    with organization_scope(organization_id):
        run = _claim(run_id, token)
    if run is None:
        return None
    # Not inside a transaction from here on, except for the short ones that write.
    with translation.override(run.organization.language):
        return _undo(run, token) if run.state == RunState.UNDOING else _do(run, token)


def _claim(run_id: int, token: str) -> RunbookRun | None:
    due = RunbookRun.objects.filter(pk=run_id, next_try_at__lte=now())
    for waiting, working in _NEXT.items():
        claimed = due.filter(state=waiting).update(
            state=working, claimed_at=now(), claimed_by=token, attempts=F("attempts") + 1
        )
        if claimed:
            rows = RunbookRun.objects.select_related("organization", "ticket", "runbook")
            return rows.get(pk=run_id)
    return None


def _case(run: RunbookRun) -> Case:
    extra = {"organization": run.organization_id}
    return Case(run.settings, run.values, str(run.key), run.ticket.number, extra)


def _do(run: RunbookRun, token: str) -> RunState:
    case = _case(run)
    action = _action(run)
    if action is None:
        return _gone(run, token)
    try:
        result = action.do(case)
    except Exception as problem:  # noqa: BLE001  # intended: one odd action must not stop the queue
        return _failed(run, token, "do", problem)
    _log(run, "do", str(result.get("answer") or result.get("status") or "OK"))
    missing = _verify(action, case, result)
    _log(run, "verify", missing or "OK", ok=not missing)
    state = RunState.UNVERIFIED if missing else RunState.DONE
    with organization_scope(run.organization_id):
        settle_run(run=run, token=token, state=state, error=missing, result=result)
    logger.info("runbook_ended", run=run.pk, state=state.value)
    return state


def _action(run: RunbookRun) -> Action | None:
    try:
        return action_for(run.action)
    except LookupError:
        return None


def _gone(run: RunbookRun, token: str) -> RunState:
    words = _("The action “%(name)s” is not installed any more.") % {"name": run.action}
    return _failed(run, token, "do", ActionProblem(words, permanent=True))


def _verify(action: Action, case: Case, result: dict[str, object]) -> str:
    try:
        return action.verify(case, result)
    except ActionProblem as problem:
        return problem.message


def _undo(run: RunbookRun, token: str) -> RunState:
    action = _action(run)
    if action is None:
        return _gone(run, token)
    try:
        words = action.undo(_case(run), run.result)
    except Exception as problem:  # noqa: BLE001  # intended, as above
        return _failed(run, token, "undo", problem)
    _log(run, "undo", words)
    with organization_scope(run.organization_id):
        settle_run(run=run, token=token, state=RunState.UNDONE)
    return RunState.UNDONE


def _failed(run: RunbookRun, token: str, what: str, failure: Exception) -> RunState:
    if isinstance(failure, ActionProblem):
        problem = failure
    else:
        logger.error("runbook_crashed", run=run.pk, exc_info=failure)
        words = one_line(f"{type(failure).__name__}: {failure}", 250)
        problem = ActionProblem(words, permanent=True, uncertain=True)
    _log(run, what, problem.message, ok=False)
    retry = not problem.permanent and not problem.uncertain and run.attempts < MAX_TRIES
    with organization_scope(run.organization_id):
        if retry:
            postpone_run(run=run, token=token, problem=problem)
            return RunState.QUEUED
        state = RunState.UNCERTAIN if problem.uncertain else RunState.FAILED
        settle_run(run=run, token=token, state=state, error=problem.message)
    return state


def _log(run: RunbookRun, what: str, text: str, *, ok: bool = True) -> None:
    with organization_scope(run.organization_id):
        add_step(run, what, text, ok=ok)


def sweep_runs() -> list[tuple[int, int]]:
    """Recover what died or was never announced; returns (organization, run) now due."""
    moment = now()
    working = Q(state__in=_NEXT.values(), claimed_at__lt=moment - STALE)
    decided = Q(state=RunState.WAITING) & ~Q(approval__state=ApprovalState.WAITING)
    with system_scope():
        for run_id in RunbookRun.objects.filter(working).values_list("pk", flat=True)[:100]:
            give_up_run(run_id=run_id)
        orphans = RunbookRun.objects.filter(decided, approval__isnull=False)
        for approval_id in orphans.values_list("approval_id", flat=True)[:100]:
            release_run(approval_id=approval_id or 0)
        due = RunbookRun.objects.filter(state__in=_NEXT, next_try_at__lte=now())
        return list(due.order_by("next_try_at").values_list("organization_id", "pk")[:500])
