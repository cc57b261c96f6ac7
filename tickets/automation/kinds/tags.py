"""Add or remove tags."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from tickets.actions.triage import Edit, edit_ticket
from tickets.automation.registry import ActionKind, Doing, Names, Param, ParamKind, register
from tickets.models import Ticket

_TAGS = (Param("tags", ParamKind.NAMES, gettext_lazy("Tags"), source="tag"),)


class AddTags(ActionKind):
    """Tags beside those that are there."""

    name = "add_tags"
    label = gettext_lazy("Add tags")
    icon = "tag"
    undoable = True
    params = _TAGS

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Add tags: vip, vpn"."""
        return f"{self.label}: {', '.join(params['tags'])}"

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Add them."""
        here = list(ticket.tags.values_list("name", flat=True))
        edit = Edit(tags=[*here, *params["tags"]])
        edit_ticket(ticket=ticket, actor=doing.actor, edit=edit)


class RemoveTags(ActionKind):
    """Tags that are there or not."""

    name = "remove_tags"
    label = gettext_lazy("Remove tags")
    icon = "tag"
    undoable = True
    params = _TAGS

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Remove tags: vip"."""
        return f"{self.label}: {', '.join(params['tags'])}"

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Remove them."""
        here = ticket.tags.values_list("name", flat=True)
        edit = Edit(tags=[name for name in here if name not in params["tags"]])
        edit_ticket(ticket=ticket, actor=doing.actor, edit=edit)


register(AddTags())
register(RemoveTags())
