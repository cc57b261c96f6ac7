"""Background work of the domain: ids in, one action, nothing else."""

from collections.abc import Sequence

from celery import shared_task

from omnidesk.core.clock import now
from omnidesk.core.tasks import ScopelessTask, TenantTask
from omnidesk.core.tenancy import all_organization_ids, organization_scope, system_scope
from tickets import running
from tickets.actions import followup, snooze
from tickets.actions.approve import attend_approval
from tickets.actions.drafts import send_held
from tickets.actions.forecast import forecast_clocks, learn_history
from tickets.actions.heed import forget_facts, heed_ticket, lost_tickets, pass_over
from tickets.actions.ratings import ask_for_ratings
from tickets.actions.runbook import release_run
from tickets.actions.schedules import due_schedules, fire_schedule
from tickets.actions.sla_sweep import replan_some, sweep_due
from tickets.approval_selectors import due_approvals
from tickets.draft_selectors import held_and_due
from tickets.models import SlaHistory
from tickets.sla_selectors import organizations_to_sweep

# One run never holds a worker for ever: the next one goes on.
MOST_BATCHES = 400


@shared_task(name="tickets.notice", base=TenantTask)  # type: ignore[untyped-decorator]
def notice(organization_id: int, ticket_id: int) -> int:
    """Tell people of a ticket's latest changes; returns how many were told."""
    return heed_ticket(ticket_id=ticket_id)


@shared_task(name="tickets.send_message", base=TenantTask)  # type: ignore[untyped-decorator]
def send_message(organization_id: int, draft_id: int) -> bool:
    """Send a held message if its time has come; returns whether this call sent it."""
    return send_held(draft_id=draft_id).sent


@shared_task(name="tickets.sweep_held", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_held() -> int:
    """Find held messages whose time has come; returns how many."""
    with system_scope():
        due = held_and_due()
    for organization_id, draft_id in due:
        send_message.delay(organization_id, draft_id)
    return len(due)


@shared_task(name="tickets.notice_many", base=ScopelessTask)  # type: ignore[untyped-decorator]
def notice_many(organization_id: int, ticket_ids: Sequence[int]) -> int:
    """The same for several tickets, each that has something to tell in its own transaction."""
    told = 0
    with organization_scope(organization_id):
        rest = pass_over(ticket_ids=ticket_ids)
    for ticket_id in rest:
        with organization_scope(organization_id):
            told += heed_ticket(ticket_id=ticket_id)
    return told


@shared_task(name="tickets.sweep_notices", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_notices() -> int:
    """Find changes that nobody was told of; returns how many tickets had some."""
    with system_scope():
        lost = lost_tickets()
        forget_facts()
    for organization_id, ticket_id in lost:
        notice.delay(organization_id, ticket_id)
    return len(lost)


@shared_task(name="tickets.fire_schedules", base=ScopelessTask)  # type: ignore[untyped-decorator]
def fire_schedules() -> int:
    """Open the recurring tickets that are due; returns how many. Any number may run at once."""
    tickets = [fire_schedule(place, schedule) for place, schedule in due_schedules(now())]
    return sum(ticket is not None for ticket in tickets)


@shared_task(name="tickets.follow_up", base=ScopelessTask, time_limit=300, soft_time_limit=280)  # type: ignore[untyped-decorator]
def follow_up() -> int:
    """Remind, solve and close what is due; returns how many steps were taken."""
    return followup.sweep()


@shared_task(name="tickets.wake_snoozed", base=ScopelessTask)  # type: ignore[untyped-decorator]
def wake_snoozed() -> int:
    """Bring back the tickets whose snooze is over; returns how many."""
    return snooze.sweep()


@shared_task(name="tickets.attend_approval", base=TenantTask)  # type: ignore[untyped-decorator]
def attend(organization_id: int, approval_id: int) -> None:
    """End, remind or pass on one approval whose time has come."""
    attend_approval(approval_id=approval_id)


@shared_task(name="tickets.sweep_approvals", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_approvals() -> int:
    """Find approvals that need attention; returns how many."""
    with system_scope():
        due = due_approvals()
    for organization_id, approval_id in due:
        attend.delay(organization_id, approval_id)
    return len(due)


@shared_task(name="tickets.sweep_clocks", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_clocks() -> int:
    """Tell failures, warn and escalate wherever a clock is due; returns how many tickets."""
    with system_scope():
        waiting = organizations_to_sweep()
    done = 0
    for organization_id in waiting:
        for _batch in range(MOST_BATCHES):
            if not _replanned(organization_id):
                break
        for _batch in range(MOST_BATCHES):
            count = _swept(organization_id)
            done += count
            if not count:
                break
    return done


def _replanned(organization_id: int) -> bool:
    with organization_scope(organization_id):
        return replan_some(organization_id=organization_id)


def _swept(organization_id: int) -> int:
    with organization_scope(organization_id):
        return sweep_due(organization_id=organization_id)


@shared_task(name="tickets.learn_history", base=ScopelessTask)  # type: ignore[untyped-decorator]
def learn_from_clocks() -> int:
    """Learn anew how long clocks take, everywhere; returns from how many clocks."""
    count = 0
    for organization_id in sorted(all_organization_ids()):
        with organization_scope(organization_id):
            count += learn_history(organization_id=organization_id)
    return count


@shared_task(name="tickets.forecast", base=ScopelessTask)  # type: ignore[untyped-decorator]
def forecast() -> int:
    """Forecast every running clock, an organization at a time; returns how many.

    A desk that has learnt nothing yet (new, imported, upgraded) learns first: it need not wait for
    the hourly learning.
    """
    count = 0
    for organization_id in sorted(all_organization_ids()):
        with organization_scope(organization_id):
            if not SlaHistory.objects.filter(organization_id=organization_id).exists():
                learn_history(organization_id=organization_id)
            count += forecast_clocks(organization_id=organization_id) or 0
    return count


@shared_task(name="tickets.release_run", base=TenantTask)  # type: ignore[untyped-decorator]
def release(organization_id: int, approval_id: int) -> None:
    """Let the runbook behind a decided approval go, or refuse it."""
    release_run(approval_id=approval_id)


@shared_task(  # type: ignore[untyped-decorator]
    name="tickets.run_runbook", base=ScopelessTask, time_limit=300, soft_time_limit=280
)
def run_runbook(organization_id: int, run_id: int) -> str:
    """Do (or take back) what a run says; talks to other systems."""
    state = running.execute(organization_id, run_id)
    return state.value if state else "not due"


@shared_task(name="tickets.sweep_runs", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_runs() -> int:
    """Recover runs that died or were never announced; returns how many are due."""
    due = running.sweep_runs()
    for organization_id, run_id in due:
        run_runbook.delay(organization_id, run_id)
    return len(due)


@shared_task(name="tickets.ask_ratings", base=ScopelessTask)  # type: ignore[untyped-decorator]
def ask_ratings() -> int:
    """Ask for the ratings that are due; returns how many were asked."""
    return sum(ask_for_ratings(place) for place in sorted(all_organization_ids()))
