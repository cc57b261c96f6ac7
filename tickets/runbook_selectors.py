"""Reads around runbooks."""

from collections.abc import Sequence

from django.db.models import QuerySet

from tickets.models import Runbook, RunbookRun, Ticket
from tickets.runbooks.base import Input, InputProblem
from tickets.runbooks.registry import action_for


def runbooks_of(organization_id: int) -> QuerySet[Runbook]:
    """What can be run there. Queries: 1 when read."""
    rows = Runbook.objects.filter(organization_id=organization_id, is_active=True)
    return rows.select_related("policy")


def for_machines(organization_id: int) -> QuerySet[Runbook]:
    """What rules, macros and the AI may propose. Queries: 1 when read."""
    return runbooks_of(organization_id).filter(for_machines=True)


def runs_on(ticket: Ticket) -> QuerySet[RunbookRun]:
    """A ticket's runs with their steps, newest first. Queries: 2 when read."""
    runs = ticket.runbook_runs.select_related("runbook", "proposed_by", "approval")
    return runs.prefetch_related("steps").order_by("-pk")


def inputs_of(runbook: Runbook) -> Sequence[Input]:
    """What a run is asked for; nothing where the definition does not work (any more)."""
    try:
        return action_for(runbook.action).inputs(runbook.settings)
    except (InputProblem, LookupError):
        return ()
