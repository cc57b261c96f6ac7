"""The status menu of a ticket: the moves its workflow offers, with what each one needs."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from tickets.actions.base import Actor
from tickets.actions.types import allowed_moves
from tickets.models import PendingReason, Status, Ticket
from tickets.setup_selectors import Setup
from tickets.workflow import Step, field_words


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the menu; `value` is what the form sends, `needs` what must be filled in."""

    status: Status
    value: str
    reason: PendingReason | None = None
    needs: str = ""


@dataclass(frozen=True, slots=True)
class StatusMenu:
    """The rows in order, the present status among them, and a warning above where one is due."""

    options: list[Option]
    warning: str = ""


def status_menu(ticket: Ticket, actor: Actor, choices: Setup) -> StatusMenu:
    """What `actor` may do with the status now. Queries: 0 for a ticket with a type."""
    offered = allowed_moves(ticket, actor)
    options: list[Option] = []
    for status in choices.statuses:
        if status.pk == ticket.status_id:
            options.append(Option(status, str(status.pk)))
        elif status.key in offered.steps:
            options += _rows(status, offered.steps[status.key], choices)
    return StatusMenu(options, offered.warning)


def _rows(status: Status, step: Step, choices: Setup) -> list[Option]:
    """One row, or one per reason where the step asks for a reason that the status lacks."""
    names = [field_words(name) for name in step.requires if name != "pending_reason"]
    needs = _("needs %(fields)s") % {"fields": ", ".join(names)} if names else ""
    if "pending_reason" in step.requires and status.pending_reason_id is None:
        return [
            Option(status, f"{status.pk}/{reason.pk}", reason, needs)
            for reason in choices.reasons
            if reason.is_active
        ]
    return [Option(status, str(status.pk), None, needs)]
