"""Solving what hangs on a parent or a problem."""

from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.actions.types import stage_status
from tickets.choices import StatusCategory
from tickets.linking import CARRIES_SOLUTION
from tickets.models import Ticket


@dataclass(slots=True)
class Solved:
    """What became of the tickets that hang on one: numbers, and sentences by number."""

    numbers: list[int] = field(default_factory=list[int])
    refused: dict[int, str] = field(default_factory=dict[int, str])


def open_children(ticket: Ticket) -> list[Ticket]:
    """Unsettled tickets that are part of this one, or are caused by this problem. Queries: 1."""
    rows = Ticket.objects.alive().unresolved().with_row_relations()
    return list(
        rows.filter(links_in__source=ticket, links_in__kind__in=CARRIES_SOLUTION)
        .distinct()
        .order_by("pk")
    )


@transaction.atomic
def solve_children(*, ticket: Ticket, actor: Actor, text: str = "") -> Solved:
    """Solve what hangs on a ticket, each as its own workflow allows; `text` goes to everybody.

    A child that cannot be solved stays as it is, gets no message, and is named.
    """
    done = Solved()
    for child in open_children(ticket):
        try:
            with transaction.atomic():
                _solve(child, actor, text)
            done.numbers.append(child.number)
        except InvalidChange as refusal:
            done.refused[child.number] = str(refusal)
    if done.numbers:
        change = FieldChange("ticket.children_solved", detail={"numbers": done.numbers})
        record(locked(ticket), actor, change, activity=False)
    return done


def _solve(child: Ticket, actor: Actor, text: str) -> None:
    status = stage_status(child, StatusCategory.SOLVED, actor)
    if status is None:
        raise InvalidChange(_("The type of this ticket has no status for it."), "status")
    if text.strip():
        reply(ticket=child, actor=actor, text=text, status_after=status)
    else:
        set_status(ticket=child, actor=actor, status=status)
