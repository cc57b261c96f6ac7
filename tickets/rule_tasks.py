"""The rules' background work. Rows are the queue; tasks are nudges, sweeps find what is left."""

import logging
from collections.abc import Sequence

from celery import shared_task
from django.db.models import F

from omnidesk.core.clock import now
from omnidesk.core.tasks import ScopelessTask
from omnidesk.core.tenancy import organization_scope, system_scope
from tickets.actions.run_rules import MOST_ATTEMPTS, put_off, run_next
from tickets.actions.time_rules import act_in_time, due
from tickets.models import Rule, RuleEvent

logger = logging.getLogger(__name__)

MOST_A_TASK = 100
MOST_A_SWEEP = 500


@shared_task(name="tickets.run_rules", base=ScopelessTask)  # type: ignore[untyped-decorator]
def run_rules(organization_id: int, ticket_id: int) -> int:
    """Ask the rules about everything that waits on one ticket; returns how many events."""
    for done in range(MOST_A_TASK):
        try:
            with organization_scope(organization_id):
                more = run_next(ticket_id)
        except Exception as error:  # intended: the event is put off, the next ones still run
            logger.exception("rules_failed", extra={"ticket": ticket_id})
            with organization_scope(organization_id):
                put_off(ticket_id, f"{type(error).__name__}: {error}")
            continue
        if not more:
            return done
    run_rules.delay(organization_id, ticket_id)
    return MOST_A_TASK


@shared_task(name="tickets.run_rules_of_many", base=ScopelessTask)  # type: ignore[untyped-decorator]
def run_rules_of_many(organization_id: int, ticket_ids: Sequence[int]) -> int:
    """The same for several tickets, one after the other; returns how many events."""
    return sum(run_rules(organization_id, ticket_id) for ticket_id in ticket_ids)


@shared_task(name="tickets.sweep_rules", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_rules() -> int:
    """Nudge whatever waits without anybody coming for it; returns how many tickets."""
    with system_scope():
        waiting = (
            RuleEvent.objects.filter(available_at__lte=now(), attempts__lt=MOST_ATTEMPTS)
            .order_by(F("ticket_id").asc())
            .values_list("organization_id", "ticket_id")
            .distinct()
        )
        found = list(waiting[:MOST_A_SWEEP])
    for organization_id, ticket_id in found:
        run_rules.delay(organization_id, ticket_id)
    return len(found)


@shared_task(name="tickets.run_time_rules", base=ScopelessTask)  # type: ignore[untyped-decorator]
def run_time_rules() -> int:
    """Let every organization's time rules act where they are due; returns how often they did."""
    with system_scope():
        active = Rule.objects.filter(kind=Rule.Kind.TIME, is_active=True)
        organizations = sorted(set(active.values_list("organization_id", flat=True)))
    acted = 0
    for organization_id in organizations:
        with organization_scope(organization_id):
            work = due(organization_id)
        for rule, ticket_ids in work:
            for ticket_id in ticket_ids:
                # One transaction each: a ticket that cannot be changed stops no other.
                with organization_scope(organization_id):
                    acted += act_in_time(rule, ticket_id)
    return acted
