"""Add a checklist."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.actions.checklists import attach_template
from tickets.automation.registry import (
    ActionFailed,
    ActionKind,
    Doing,
    Names,
    Param,
    ParamKind,
    register,
)
from tickets.models import ChecklistTemplate, Ticket


class AddChecklist(ActionKind):
    """The steps of a template; one that is there already adds nothing."""

    name = "add_checklist"
    label = gettext_lazy("Add checklist")
    icon = "list"
    params = (Param("checklist", ParamKind.ROW, gettext_lazy("Checklist"), source="checklist"),)

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Add checklist: New colleague"."""
        name = names.get("checklist", {}).get(params["checklist"], "?")
        return _("%(what)s: %(value)s") % {"what": self.label, "value": name}

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Add it."""
        template = ChecklistTemplate.objects.filter(
            organization_id=ticket.organization_id, pk=params["checklist"], is_active=True
        ).first()
        if template is None:
            raise ActionFailed(_("The checklist to add does not exist any more."), "checklist")
        attach_template(ticket=ticket, actor=doing.actor, template=template)


register(AddChecklist())
