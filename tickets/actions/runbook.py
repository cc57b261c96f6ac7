"""Proposing, starting, declining and settling runs. Nothing here talks to other systems."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import one_line
from tickets.actions.approve import ask_approval
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.notify import Notice, notify
from tickets.choices import ActorKind
from tickets.events import RunbookReady
from tickets.models import (
    ApprovalState,
    Runbook,
    RunbookRun,
    RunbookStep,
    RunState,
    Ticket,
)
from tickets.notices import Kind
from tickets.runbooks.base import ActionProblem, Case, InputProblem, check_values
from tickets.runbooks.registry import action_for

MAX_TRIES: Final = 5
FIRST_WAIT: Final = 30  # seconds; doubles at every try
SYSTEM: Final = Actor.machine(ActorKind.SYSTEM, "OmniDesk")
ENDED: Final = frozenset(
    {
        RunState.DONE, RunState.UNVERIFIED, RunState.FAILED, RunState.UNCERTAIN,
        RunState.REFUSED, RunState.UNDONE,
    }
)  # fmt: skip


@transaction.atomic
def propose_run(
    *, ticket: Ticket, actor: Actor, runbook: Runbook, values: Mapping[str, Any]
) -> RunbookRun:
    """Put a run on a ticket: it asks for approval where its runbook wants one, starts at once
    where a person proposes it, and waits for a person where a machine does.

    Raises `InvalidChange` naming the input that does not fit.
    """
    ticket = locked(ticket)
    _check(ticket, actor, runbook)
    checked, preview = _rehearse(ticket, runbook, values)
    run = RunbookRun.objects.create(
        organization_id=ticket.organization_id,
        runbook=runbook,
        ticket=ticket,
        values=checked,
        action=runbook.action,
        settings=runbook.settings,
        state=RunState.PROPOSED,
        preview=preview,
        proposed_by=actor.user,
        proposed_kind=actor.kind,
        proposed_label=one_line(actor.label, 150),
        key=uuid.uuid4(),
        created_at=now(),
    )
    add_step(run, "proposed", actor.label)
    add_step(run, "dry_run", preview)
    record(ticket, actor, _change("ticket.runbook_proposed", run))
    if runbook.policy is not None:
        question = f"{runbook.name}: {preview}"
        run.approval = ask_approval(
            ticket=ticket, actor=actor, policy=runbook.policy, question=question
        )
        run.state = RunState.WAITING
        run.save(update_fields=["approval", "state"])
    elif actor.kind == ActorKind.PERSON:
        _queue(run, RunState.QUEUED)
    return run


def _check(ticket: Ticket, actor: Actor, runbook: Runbook) -> None:
    if runbook.organization_id != ticket.organization_id:
        raise InvalidChange(_("This belongs to another organization."), "runbook")
    if not runbook.is_active:
        raise InvalidChange(_("“%(name)s” is switched off.") % {"name": runbook}, "runbook")
    if actor.kind != ActorKind.PERSON and not runbook.for_machines:
        raise InvalidChange(
            _("“%(name)s” is for people to propose.") % {"name": runbook}, "runbook"
        )


def _rehearse(
    ticket: Ticket, runbook: Runbook, values: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """Checked values and the dry run's words. Raises `InvalidChange`."""
    try:
        action = action_for(runbook.action)
        checked = check_values(action.inputs(runbook.settings), values)
    except InputProblem as problem:
        raise InvalidChange(problem.message, problem.field) from problem
    except LookupError as problem:
        raise InvalidChange(
            _("The action of “%(name)s” is not installed any more.") % {"name": runbook}, "runbook"
        ) from problem
    case = Case(runbook.settings, checked, "", ticket.number)
    return checked, one_line(action.dry_run(case), 500)


def rehearse(*, ticket: Ticket, runbook: Runbook, values: Mapping[str, Any]) -> str:
    """What a run would do, in words; nothing is kept or touched. Raises `InvalidChange`."""
    return _rehearse(ticket, runbook, values)[1]


def _change(verb: str, run: RunbookRun, new: str = "") -> FieldChange:
    detail = {"run": run.pk, "name": run.runbook.name, "error": run.error}
    return FieldChange(verb, "runbook", None, new or run.state, detail)


def add_step(run: RunbookRun, what: str, text: str, *, ok: bool = True) -> None:
    """Write one line of a run's own log."""
    RunbookStep.objects.create(
        organization_id=run.organization_id,
        run=run,
        what=what,
        ok=ok,
        text=one_line(text, 500),
        at=now(),
    )


def _queue(run: RunbookRun, state: RunState) -> None:
    run.state, run.attempts, run.next_try_at, run.error = state.value, 0, now(), ""
    run.save(update_fields=["state", "attempts", "next_try_at", "error"])
    publish(RunbookReady(organization_id=run.organization_id, run_id=run.pk))


def _locked_run(run: RunbookRun) -> tuple[RunbookRun, Ticket]:
    ticket = locked(run.ticket)
    return RunbookRun.objects.select_related("runbook", "approval").get(pk=run.pk), ticket


@transaction.atomic
def start_run(*, run: RunbookRun, actor: Actor) -> RunbookRun:
    """Let a proposal run. Raises `InvalidChange` where it is not (any more) a proposal."""
    run, ticket = _locked_run(run)
    if run.state != RunState.PROPOSED:
        raise InvalidChange(_("This was started or declined already."))
    add_step(run, "started", actor.label)
    _queue(run, RunState.QUEUED)
    record(ticket, actor, _change("ticket.runbook_started", run))
    return run


@transaction.atomic
def decline_run(*, run: RunbookRun, actor: Actor) -> RunbookRun:
    """Refuse a proposal. Raises `InvalidChange` where it is not (any more) a proposal."""
    run, ticket = _locked_run(run)
    if run.state != RunState.PROPOSED:
        raise InvalidChange(_("This was started or declined already."))
    add_step(run, "refused", actor.label)
    _end(run, ticket, actor, RunState.REFUSED, "")
    return run


@transaction.atomic
def undo_run(*, run: RunbookRun, actor: Actor) -> RunbookRun:
    """Ask for a run to be taken back. Raises `InvalidChange` where that cannot be."""
    run, ticket = _locked_run(run)
    if not run.may_be_undone:
        raise InvalidChange(_("This cannot be taken back."))
    add_step(run, "undo_asked", actor.label)
    _queue(run, RunState.UNDO_QUEUED)
    record(ticket, actor, _change("ticket.runbook_undo_asked", run))
    return run


@transaction.atomic
def release_run(*, approval_id: int) -> None:
    """Let the run behind a decided approval go, or refuse it; twice is once."""
    found = RunbookRun.objects.select_related("ticket").filter(approval_id=approval_id).first()
    if found is None:
        return
    run, ticket = _locked_run(found)
    if run.state != RunState.WAITING or run.approval is None:
        return
    if run.approval.state == ApprovalState.WAITING:
        return
    if run.approval.state == ApprovalState.APPROVED:
        add_step(run, "approved", run.approval.policy.name)
        _queue(run, RunState.QUEUED)
        record(ticket, SYSTEM, _change("ticket.runbook_started", run))
        return
    add_step(run, "refused", run.approval.policy.name, ok=False)
    _end(run, ticket, SYSTEM, RunState.REFUSED, "")


def _end(run: RunbookRun, ticket: Ticket, actor: Actor, state: RunState, error: str) -> None:
    run.state, run.error, run.ended_at = state.value, one_line(error, 300), now()
    run.save(update_fields=["state", "error", "ended_at", "result"])
    record(ticket, actor, _change("ticket.runbook_ended", run))
    if run.proposed_by_id:
        notify(
            Notice(
                kind=Kind.RUNBOOK,
                ticket=ticket,
                people=[run.proposed_by_id],
                by=actor.user.pk if actor.user else None,
                about=f"run:{run.pk}",
                detail=f"{run.runbook.name}: {run.get_state_display()}",
            )
        )


@transaction.atomic
def settle_run(
    *, run: RunbookRun, token: str, state: RunState, error: str = "",
    result: Mapping[str, Any] | None = None,
) -> bool:  # fmt: skip
    """Write how a claimed run ended; False where the claim was lost meanwhile."""
    fresh, ticket = _locked_run(run)
    if fresh.claimed_by != token or fresh.state not in {RunState.RUNNING, RunState.UNDOING}:
        return False
    if result is not None:
        fresh.result = dict(result)
    with translation.override(fresh.organization.language):
        _end(fresh, ticket, SYSTEM, state, error)
    return True


@transaction.atomic
def postpone_run(*, run: RunbookRun, token: str, problem: ActionProblem) -> None:
    """Queue a claimed run once more, later each time."""
    fresh, _ticket = _locked_run(run)
    undoing = fresh.state == RunState.UNDOING
    if fresh.claimed_by != token or not (undoing or fresh.state == RunState.RUNNING):
        return
    wait = timedelta(seconds=FIRST_WAIT * 2 ** max(0, fresh.attempts - 1))
    fresh.state = RunState.UNDO_QUEUED.value if undoing else RunState.QUEUED.value
    fresh.next_try_at, fresh.error = now() + wait, one_line(problem.message, 300)
    fresh.save(update_fields=["state", "next_try_at", "error"])
    add_step(fresh, "postponed", problem.message, ok=False)


@transaction.atomic
def give_up_run(*, run_id: int) -> None:
    """Say of a run whose process died half-way that nobody knows; a person decides."""
    found = RunbookRun.objects.select_related("ticket").get(pk=run_id)
    run, ticket = _locked_run(found)
    if run.state not in {RunState.RUNNING, RunState.UNDOING}:
        return
    add_step(run, "lost", _("The process ended in between."), ok=False)
    _end(run, ticket, SYSTEM, RunState.UNCERTAIN, _("The process ended in between."))
