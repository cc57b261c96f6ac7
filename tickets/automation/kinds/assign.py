"""Give the ticket to a team, to a person, to nobody, or to whoever a strategy finds."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.accounts.models import Team, User
from tickets.actions.triage import Edit, edit_ticket
from tickets.automation.registry import (
    ActionFailed,
    ActionKind,
    Doing,
    Names,
    Param,
    ParamKind,
    register,
)
from tickets.models import Ticket


class AssignTeam(ActionKind):
    """Route the ticket."""

    name = "assign_team"
    label = gettext_lazy("Route to team")
    icon = "people"
    undoable = True
    params = (Param("team", ParamKind.ROW, gettext_lazy("Team"), source="team"),)

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Route to team: Network"."""
        name = names.get("team", {}).get(params["team"], "?")
        return _("%(what)s: %(value)s") % {"what": self.label, "value": name}

    def idle(self, ticket: Ticket, params: Mapping[str, Any]) -> bool:
        """Whether it is there."""
        return bool(ticket.team_id == params["team"])

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Route it."""
        team = Team.objects.filter(
            organization_id=ticket.organization_id, pk=params["team"], is_active=True
        ).first()
        if team is None:
            raise ActionFailed(_("The team to route to does not exist any more."), "team")
        edit_ticket(ticket=ticket, actor=doing.actor, edit=Edit(team=team))


class AssignPerson(ActionKind):
    """Give the ticket to one agent."""

    name = "assign_person"
    label = gettext_lazy("Assign to")
    icon = "person"
    undoable = True
    params = (Param("person", ParamKind.ROW, gettext_lazy("Agent"), source="agent"),)

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Assign to: Ana"."""
        name = names.get("agent", {}).get(params["person"], "?")
        return _("%(what)s: %(value)s") % {"what": self.label, "value": name}

    def idle(self, ticket: Ticket, params: Mapping[str, Any]) -> bool:
        """Whether that person has it."""
        return bool(ticket.assignee_id == params["person"])

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Assign it; somebody who is no agent here any more is refused."""
        person = User.objects.filter(pk=params["person"], is_active=True).first()
        if person is None:
            raise ActionFailed(_("The person to assign to is not here any more."), "assignee")
        edit_ticket(ticket=ticket, actor=doing.actor, edit=Edit(assignee=person))


class AssignNobody(ActionKind):
    """Take the assignee away, so that the team sees it as free."""

    name = "assign_nobody"
    label = gettext_lazy("Remove the assignee")
    icon = "person"
    undoable = True

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Its label says it all."""
        return str(self.label)

    def idle(self, ticket: Ticket, params: Mapping[str, Any]) -> bool:
        """Whether nobody has it."""
        return ticket.assignee_id is None

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Free it."""
        edit_ticket(ticket=ticket, actor=doing.actor, edit=Edit(assignee=None))


register(AssignTeam())
register(AssignPerson())
register(AssignNobody())
