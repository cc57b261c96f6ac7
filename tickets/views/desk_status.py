"""The status menu of a ticket: the moves its workflow offers, with what each one needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tickets.actions.base import Actor
from tickets.actions.types import allowed_moves
from tickets.models import PendingReason, Status, Ticket
from tickets.setup_selectors import Setup
from tickets.workflow import CUSTOM, Step, field_words, gone_fields


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
    custom = {rule.key: rule.name(get_language() or "en") for rule in choices.rules}
    gone: list[str] = []
    for status in choices.statuses:
        if status.pk == ticket.status_id:
            options.append(Option(status, str(status.pk)))
        elif status.key in offered.steps:
            step = offered.steps[status.key]
            gone += gone_fields(step.requires, custom)
            options += _rows(status, step, choices, custom)
    return StatusMenu(options, offered.warning or _gone(gone))


def _gone(names: list[str]) -> str:
    if not names:
        return ""
    words = _("The workflow asks for a custom field that was removed (%(fields)s); it is left out.")
    return words % {"fields": ", ".join(sorted({field_words(name) for name in names}))}


def _rows(status: Status, step: Step, choices: Setup, custom: Mapping[str, str]) -> list[Option]:
    """One row, or one per reason where the step asks for a reason that the status lacks."""
    gone = gone_fields(step.requires, custom)
    names = [
        custom.get(name.removeprefix(CUSTOM)) or field_words(name)
        for name in step.requires
        if name != "pending_reason" and name not in gone
    ]
    needs = _("needs %(fields)s") % {"fields": ", ".join(names)} if names else ""
    if "pending_reason" in step.requires and status.pending_reason_id is None:
        return [
            Option(status, f"{status.pk}/{reason.pk}", reason, needs)
            for reason in choices.reasons
            if reason.is_active
        ]
    return [Option(status, str(status.pk), None, needs)]
