"""Set category, type, urgency, impact, priority or an own field."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.actions.triage import Edit, edit_ticket
from tickets.automation.registry import (
    ActionFailed,
    ActionKind,
    Doing,
    Names,
    Param,
    ParamKind,
    Words,
    register,
)
from tickets.choices import Impact, Priority, Urgency
from tickets.conditions import Choice
from tickets.models import Category, Ticket, TicketType


class SetLevel(ActionKind):
    """Urgency, impact or priority."""

    icon = "flag"
    undoable = True

    def __init__(self, field: str, label: Words, choices: list[tuple[str, Any]]) -> None:
        self.field = field
        self.name = f"set_{field}"
        self.label = label
        self.levels = dict(choices)
        listed = tuple(Choice(str(value), words) for value, words in choices)
        self.params = (Param("value", ParamKind.CHOICE, label, listed),)

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Set priority: High"."""
        return _("%(what)s: %(value)s") % {
            "what": self.label,
            "value": self.levels.get(params["value"], params["value"]),
        }

    def idle(self, ticket: Ticket, params: Mapping[str, Any]) -> bool:
        """Whether the ticket has that level."""
        return bool(getattr(ticket, self.field) == params["value"])

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Set it; urgency and impact carry the priority along."""
        edit = Edit(**{self.field: params["value"]})
        edit_ticket(ticket=ticket, actor=doing.actor, edit=edit)


class SetCategory(ActionKind):
    """The category, and with it the team where there is none."""

    name = "set_category"
    label = gettext_lazy("Set category")
    icon = "folder"
    undoable = True
    params = (Param("category", ParamKind.ROW, gettext_lazy("Category"), source="category"),)

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Set category: VPN"."""
        name = names.get("category", {}).get(params["category"], "?")
        return _("%(what)s: %(value)s") % {"what": self.label, "value": name}

    def idle(self, ticket: Ticket, params: Mapping[str, Any]) -> bool:
        """Whether the ticket has that category."""
        return bool(ticket.category_id == params["category"])

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Set it."""
        category = Category.objects.filter(
            organization_id=ticket.organization_id, pk=params["category"]
        ).first()
        if category is None:
            raise ActionFailed(_("The category to set does not exist any more."), "category")
        edit_ticket(ticket=ticket, actor=doing.actor, edit=Edit(category=category))


class SetType(ActionKind):
    """The type, and with it the workflow; the stage stays."""

    name = "set_type"
    label = gettext_lazy("Set type")
    icon = "tag"
    params = (Param("type", ParamKind.ROW, gettext_lazy("Type"), source="type"),)

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Set type: Problem"."""
        name = names.get("type", {}).get(params["type"], "?")
        return _("%(what)s: %(value)s") % {"what": self.label, "value": name}

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Set it."""
        kind = TicketType.objects.filter(
            organization_id=ticket.organization_id, key=params["type"], is_active=True
        ).first()
        if kind is None:
            raise ActionFailed(_("The type to set does not exist any more."), "type")
        edit_ticket(ticket=ticket, actor=doing.actor, edit=Edit(type=kind))


class SetOwnField(ActionKind):
    """A custom field of the ticket."""

    name = "set_own_field"
    label = gettext_lazy("Set own field")
    icon = "pencil"
    params = (
        Param("key", ParamKind.ROW, gettext_lazy("Field"), source="own_field"),
        Param("value", ParamKind.LINE, gettext_lazy("Value")),
    )

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Set room: 4.12"."""
        field = names.get("own_field", {}).get(params["key"], params["key"])
        return _("Set %(field)s: %(value)s") % {"field": field, "value": params["value"]}

    def idle(self, ticket: Ticket, params: Mapping[str, Any]) -> bool:
        """Whether the field has that value."""
        return bool(ticket.custom_fields.get(params["key"]) == params["value"])

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Set it beside the others; its own definition checks the value."""
        edit = Edit(custom_fields={params["key"]: params["value"]})
        edit_ticket(ticket=ticket, actor=doing.actor, edit=edit)


register(SetCategory())
register(SetType())
register(SetLevel("priority", gettext_lazy("Set priority"), Priority.choices))
register(SetLevel("urgency", gettext_lazy("Set urgency"), Urgency.choices))
register(SetLevel("impact", gettext_lazy("Set impact"), Impact.choices))
register(SetOwnField())
