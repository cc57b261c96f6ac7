"""What the sweep does to tickets that wait: remind, solve, close; each exactly once.

A ticket's row is the queue: `next_step_at` says when. Whoever takes a step holds the row's lock
(others skip it) and sets the next time in the same transaction, so two sweeps never do it twice,
and a process that dies in between has done nothing.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Organization
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.actions.schedule import plan, reminding_calendar, settings_of, step_of
from tickets.actions.types import stage_status
from tickets.choices import ActorKind, StatusCategory
from tickets.followups import NextStep, fill, opening
from tickets.models import PendingReason, Ticket

logger = structlog.get_logger(__name__)
AT_ONCE = 500
ACTOR = Actor.machine(ActorKind.SYSTEM, "")


def sweep(moment: datetime | None = None) -> int:
    """Take every step that is due, at most `AT_ONCE`; returns how many were taken.

    One transaction a ticket: a step that fails is put off by an hour and holds up no other.
    """
    moment = moment or now()
    with system_scope():
        due = list(
            Ticket.objects.alive()
            .filter(next_step_at__lte=moment)
            .order_by("next_step_at")
            .values_list("organization_id", "pk")[:AT_ONCE]
        )
    taken = 0
    for organization_id, ticket_id in due:
        try:
            with organization_scope(organization_id):
                taken += take_step(ticket_id, moment) is not None
        except Exception:
            logger.exception("follow_up_failed", ticket_id=ticket_id)
            with organization_scope(organization_id):
                Ticket.objects.filter(pk=ticket_id).update(next_step_at=moment + timedelta(hours=1))
    return taken


@transaction.atomic
def take_step(ticket_id: int, moment: datetime) -> NextStep | None:
    """Take the ticket's next step if it is due and nobody else is at it; returns which."""
    free = Ticket.objects.alive().filter(pk=ticket_id, next_step_at__lte=moment)
    if not list(free.select_for_update(skip_locked=True).values_list("pk")):
        return None
    ticket = Ticket.objects.with_row_relations().get(pk=ticket_id)
    days = settings_of(ticket.organization_id).auto_close_days
    step = step_of(ticket, days)
    if _waits_for_opening(ticket, step, moment):
        return None
    try:
        with transaction.atomic():
            _take(ticket, step, moment)
    except InvalidChange as refusal:
        _give_up(ticket, str(refusal))
        return None
    return step


def _waits_for_opening(ticket: Ticket, step: NextStep | None, moment: datetime) -> bool:
    """Put a reminder off that became due while the desk is closed: its calendar may have changed,
    or the sweep stood still."""
    calendar = reminding_calendar(ticket, step)
    if calendar is None or calendar.is_open(moment):
        return False
    Ticket.objects.filter(pk=ticket.pk).update(next_step_at=opening(calendar, moment))
    return True


def _take(ticket: Ticket, step: NextStep | None, moment: datetime) -> None:
    reason = ticket.pending_reason
    if step is NextStep.CLOSE:
        _move(ticket, StatusCategory.CLOSED)
    elif step is not None and reason is not None:
        _write(ticket, step, reason, moment)
    else:
        # The setting that planned this is gone.
        Ticket.objects.filter(pk=ticket.pk).update(next_step_at=None)


def _move(ticket: Ticket, stage: StatusCategory) -> None:
    status = stage_status(ticket, stage, ACTOR)
    if status is None:
        raise InvalidChange(_("The type of this ticket has no status for it."), "status")
    set_status(ticket=ticket, actor=ACTOR, status=status)


def _write(ticket: Ticket, step: NextStep, reason: PendingReason, moment: datetime) -> None:
    solving = step is NextStep.SOLVE
    status = stage_status(ticket, StatusCategory.SOLVED, ACTOR) if solving else None
    if solving and status is None:
        raise InvalidChange(_("The type of this ticket has no status for it."), "status")
    text = reason.solve_text if solving else reason.nudge_text
    sent = ticket.nudges_sent
    reply(ticket=ticket, actor=ACTOR, text=fill(text, _values(ticket)), status_after=status)
    if solving:
        return
    ticket = locked(ticket)
    ticket.nudges_sent = sent + 1
    plan(ticket, again=False, moment=moment)
    detail = {"count": ticket.nudges_sent, "of": reason.nudge_times}
    record(ticket, ACTOR, FieldChange("ticket.reminded", detail=detail), activity=False)


def _values(ticket: Ticket) -> dict[str, object]:
    return {
        "requester": ticket.requester.display_name,
        "number": ticket.number,
        "subject": ticket.subject,
        "desk": Organization.objects.get(pk=ticket.organization_id).name,
    }


def _give_up(ticket: Ticket, why: str) -> None:
    """Say on the ticket why it stays as it is; nothing is tried again until it moves."""
    ticket = locked(ticket)
    ticket.next_step_at = None
    change = FieldChange("ticket.follow_up_refused", detail={"why": why})
    record(ticket, ACTOR, change, activity=False)
