"""Give the ticket to whoever a strategy finds."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.actions.assigning import assign_by
from tickets.automation.registry import ActionKind, Doing, Names, Param, ParamKind, register
from tickets.conditions import Choice
from tickets.models import Ticket
from tickets.workload import Strategy

_WORDS = {
    Strategy.ROUND_ROBIN.value: gettext_lazy("in turn"),
    Strategy.LOAD.value: gettext_lazy("to the least busy"),
    Strategy.SKILL.value: gettext_lazy("to the least busy of those who know it"),
}


class AssignBy(ActionKind):
    """In turn, by load or by skill, among those who are present."""

    name = "assign_by"
    label = gettext_lazy("Assign automatically")
    icon = "person-plus"
    undoable = True
    params = (
        Param(
            "strategy",
            ParamKind.CHOICE,
            gettext_lazy("How"),
            tuple(Choice(value, words) for value, words in _WORDS.items()),
        ),
    )

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Assign automatically: in turn"."""
        how = _WORDS[params["strategy"]]
        return _("%(what)s: %(value)s") % {"what": self.label, "value": how}

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Choose and assign; the reason goes into the log."""
        choice = assign_by(ticket=ticket, actor=doing.actor, strategy=Strategy(params["strategy"]))
        doing.notes.append(choice.why)


register(AssignBy())
