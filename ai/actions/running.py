"""Runbooks that ended the tickets most like this one, proposed; nothing runs without a person.

What counts is what was done: a runbook is proposed where it was run, and checked to have worked, on
at least two and at least half of the similar tickets. Its inputs are filled in only as far as those
runs agree: the requester's own address where it was always the requester's, else a value that was
the same for several people. Where one input stays open nothing is proposed.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from omnidesk.core.errors import BadInput
from tickets.actions.base import Actor
from tickets.actions.runbook import add_step, propose_run
from tickets.choices import ActorKind
from tickets.models import Runbook, RunbookRun, RunState, Ticket
from tickets.runbook_selectors import for_machines, inputs_of
from tickets.runbooks.base import Input

logger = logging.getLogger(__name__)

# On so many of the similar tickets it must have worked.
HELPED: Final = 2


def propose_runbooks(
    *, similar: Mapping[int, Iterable[Mapping[str, Any]]], organization_id: int, label: str
) -> None:
    """Propose for each ticket what helped those that its reading found alike.

    similar: ticket id -> {"id": …, "level": …}. The caller holds the organization's scope.
    Queries: 1 where machines may propose nothing, else as `propose_runbook` for each.
    """
    offered = list(for_machines(organization_id))
    if not offered:
        return
    for ticket in Ticket.objects.filter(pk__in=similar).order_by("pk"):
        _propose_of(offered, ticket, similar[ticket.pk], label)


def propose_runbook(
    *, ticket: Ticket, similar: Iterable[Mapping[str, Any]], label: str
) -> RunbookRun | None:
    """Propose what helped the `similar` tickets ({"id": …, "level": …}, from the reading).

    At most one, never one that the ticket has or had. The caller holds the organization's scope.
    Queries: 1 where machines may propose nothing, else 3, and those of the proposal.
    """
    return _propose_of(list(for_machines(ticket.organization_id)), ticket, similar, label)


def _propose_of(
    books: Sequence[Runbook], ticket: Ticket, similar: Iterable[Mapping[str, Any]], label: str
) -> RunbookRun | None:
    home = ticket.organization_id
    offered = {one.pk: one for one in books}
    near = [entry["id"] for entry in similar if entry.get("level")]
    if ticket.is_settled or not offered or len(near) < HELPED:
        return None
    had = set(ticket.runbook_runs.values_list("runbook_id", flat=True))
    rows = RunbookRun.objects.filter(
        organization_id=home, ticket__in=near, runbook__in=offered.keys() - had, state=RunState.DONE
    )
    runs: dict[int, dict[int, RunbookRun]] = defaultdict(dict)
    for run in rows.select_related("ticket__requester").order_by("pk"):
        runs[run.runbook_id][run.ticket_id] = run
    for runbook_id, helped in sorted(runs.items(), key=lambda pair: -len(pair[1])):
        if len(helped) >= max(HELPED, len(near) / 2):
            done = list(helped.values())
            values = agreed_values(inputs_of(offered[runbook_id]), done, ticket)
            if values is not None:
                return _propose(ticket, offered[runbook_id], values, done, len(near), label)
    return None


def agreed_values(
    inputs: Sequence[Input], runs: Sequence[RunbookRun], ticket: Ticket
) -> dict[str, Any] | None:
    """What to fill in, as far as earlier runs agree; None where a needed input stays open."""
    found: dict[str, Any] = {}
    people = {run.ticket.requester_id for run in runs}
    for one in inputs:
        given = [run.values.get(one.name) for run in runs]
        if all(value == run.ticket.requester.email for value, run in zip(given, runs, strict=True)):
            found[one.name] = ticket.requester.email
        elif all(value == given[0] for value in given) and (
            # What was always the same for one person may be about that person.
            len(people) > 1 or people == {ticket.requester_id}
        ):
            found[one.name] = given[0]
        elif one.required:
            return None
    return found


def _propose(
    ticket: Ticket, runbook: Runbook, values: Mapping[str, Any], runs: Sequence[RunbookRun],
    near: int, label: str,
) -> RunbookRun | None:  # fmt: skip
    numbers = ", ".join(str(run.ticket.number) for run in runs)
    with translation.override(ticket.organization.language):
        why = _("It worked on %(count)d of %(near)d similar tickets: %(numbers)s.") % {
            "count": len(runs), "near": near, "numbers": numbers,
        }  # fmt: skip
        try:
            with transaction.atomic():
                actor = Actor.machine(ActorKind.AI, label)
                run = propose_run(ticket=ticket, actor=actor, runbook=runbook, values=values)
                add_step(run, "why", why)
        except BadInput as refusal:
            logger.info("runbook %s not proposed on %s: %s", runbook.pk, ticket.number, refusal)
            return None
    return run
