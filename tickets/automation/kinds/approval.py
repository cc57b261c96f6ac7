"""Ask for approval."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.actions.approve import ask_approval
from tickets.approval_selectors import policies_of
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
from tickets.models import Ticket
from tickets.placeholders import check_placeholders


class AskApproval(ActionKind):
    """A question to those whom a definition names."""

    name = "ask_approval"
    label = gettext_lazy("Ask for approval")
    icon = "shield"
    params = (
        Param("policy", ParamKind.ROW, gettext_lazy("Approval"), source="approval"),
        Param("question", ParamKind.TEXT, gettext_lazy("What should be approved?")),
    )

    def check(self, params: dict[str, Any]) -> None:
        """Refuse names in braces that nothing fills in."""
        check_placeholders(params["question"])

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Ask for approval: Purchase"."""
        name = names.get("approval", {}).get(params["policy"], "?")
        return _("%(what)s: %(value)s") % {"what": self.label, "value": name}

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Ask; a definition that is gone or leads to nobody is refused in words."""
        policy = policies_of(ticket.organization_id).filter(pk=params["policy"]).first()
        if policy is None:
            raise ActionFailed(_("The approval to ask for does not exist any more."), "policy")
        question = filled(params["question"], ticket, doing.actor.user)
        ask_approval(ticket=ticket, actor=doing.actor, policy=policy, question=question)


register(AskApproval())
