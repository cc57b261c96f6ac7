"""Open another ticket that belongs to this one."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from omnidesk.accounts.models import Team
from tickets.actions.intake import Body, Triage, open_ticket
from tickets.actions.links import link_new_ticket
from tickets.automation.filling import filled
from tickets.automation.registry import ActionKind, Doing, Names, Param, ParamKind, register
from tickets.choices import Source
from tickets.conditions import Choice
from tickets.linking import Relation
from tickets.models import Ticket
from tickets.placeholders import check_placeholders

# What the ticket is to the new one; none of these can close a circle or be a second parent.
_RELATIONS = (
    Relation.RELATED, Relation.PARENT_OF, Relation.CAUSED_BY_PROBLEM, Relation.CAUSED_BY_CHANGE,
)  # fmt: skip


class CreateLinked(ActionKind):
    """A new ticket of the same requester; both show the link."""

    name = "create_linked"
    label = gettext_lazy("Open a linked ticket")
    icon = "plus"
    params = (
        Param("subject", ParamKind.LINE, gettext_lazy("Subject")),
        Param("text", ParamKind.TEXT, gettext_lazy("Text")),
        Param(
            "relation", ParamKind.CHOICE, gettext_lazy("This ticket is"),
            tuple(Choice(each.value, each.label) for each in _RELATIONS), required=False,
        ),
        Param("team", ParamKind.ROW, gettext_lazy("Team"), source="team", required=False),
    )  # fmt: skip

    def check(self, params: dict[str, Any]) -> None:
        """Refuse names in braces that nothing fills in."""
        check_placeholders(params["subject"])
        check_placeholders(params["text"])

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Open a linked ticket: Order a laptop"."""
        return f"{self.label}: {params['subject']}"

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Open it and link the two."""
        team = Team.objects.filter(
            organization_id=ticket.organization_id, pk=params.get("team") or 0
        ).first()
        made = open_ticket(
            organization_id=ticket.organization_id,
            requester=ticket.requester,
            subject=filled(params["subject"], ticket, doing.actor.user),
            body=Body(text=filled(params["text"], ticket, doing.actor.user)),
            source=Source.AGENT,
            actor=doing.actor,
            triage=Triage(team=team),
        )
        relation = params.get("relation", Relation.RELATED.value)
        link_new_ticket(ticket=ticket, actor=doing.actor, other=made, relation=relation)


register(CreateLinked())
