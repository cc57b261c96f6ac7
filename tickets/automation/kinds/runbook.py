"""Propose a runbook."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.core.errors import BadInput
from tickets.actions.runbook import propose_run
from tickets.automation.filling import filled
from tickets.automation.registry import (
    ActionFailed,
    ActionKind,
    Doing,
    Names,
    Param,
    ParamKind,
    register,
)
from tickets.models import Runbook, Ticket
from tickets.placeholders import check_placeholders
from tickets.runbook_selectors import for_machines, inputs_of
from tickets.runbooks.base import InputProblem, check_values


class ProposeRunbook(ActionKind):
    """A run that a person starts, or an approval lets go; in a macro a person has proposed it."""

    name = "propose_runbook"
    label = gettext_lazy("Propose runbook")
    icon = "bolt"
    params = (
        Param("runbook", ParamKind.ROW, gettext_lazy("Runbook"), source="runbook"),
        # A JSON object; names in braces inside its texts are filled in.
        Param("values", ParamKind.TEXT, gettext_lazy("Values (JSON)"), required=False),
    )

    def check(self, params: dict[str, Any]) -> None:
        """Refuse values that are no object, and names in braces that nothing fills in."""
        for value in _values(params).values():
            if isinstance(value, str):
                check_placeholders(value)

    def check_here(self, organization_id: int, params: Mapping[str, Any]) -> None:
        """Refuse values that the runbook does not take; those filled in later are seen later."""
        runbook = for_machines(organization_id).filter(pk=params["runbook"]).first()
        if runbook is not None:
            _check_values(runbook, _values(params))

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Propose runbook: Unlock the account"."""
        name = names.get("runbook", {}).get(params["runbook"], "?")
        return _("%(what)s: %(value)s") % {"what": self.label, "value": name}

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Propose it; values that do not fit are refused in words."""
        runbook = for_machines(ticket.organization_id).filter(pk=params["runbook"]).first()
        if runbook is None:
            raise ActionFailed(_("The runbook to propose does not exist any more."), "runbook")
        values = {
            name: filled(value, ticket, doing.actor.user) if isinstance(value, str) else value
            for name, value in _values(params).items()
        }
        propose_run(ticket=ticket, actor=doing.actor, runbook=runbook, values=values)


def _values(params: Mapping[str, Any]) -> dict[str, Any]:
    try:
        values = json.loads(params.get("values") or "{}")
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise BadInput(_("The values must be a JSON object."), "values")
    return values


def _check_values(runbook: Runbook, values: Mapping[str, Any]) -> None:
    later = {name for name, value in values.items() if isinstance(value, str) and "{" in value}
    inputs = inputs_of(runbook)
    known = {one.name for one in inputs}
    try:
        check_values(
            [one for one in inputs if one.name not in later],
            {name: value for name, value in values.items() if name not in later & known},
        )
    except InputProblem as problem:
        raise BadInput(f"{problem.field}: {problem.message}", "values") from problem


register(ProposeRunbook())
