"""Write an internal note."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.actions.reply import add_note
from tickets.automation.filling import filled
from tickets.automation.kinds.reply import shortened
from tickets.automation.registry import ActionKind, Doing, Names, Param, ParamKind, register
from tickets.models import Ticket
from tickets.placeholders import check_placeholders


class AddNote(ActionKind):
    """A note for the desk alone."""

    name = "note"
    label = gettext_lazy("Write a note")
    icon = "note"
    params = (Param("text", ParamKind.TEXT, gettext_lazy("Text")),)

    def check(self, params: dict[str, Any]) -> None:
        """Refuse names in braces that nothing fills in."""
        check_placeholders(params["text"])

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Note: The printer ..."."""
        return _("Note: %(text)s") % {"text": shortened(params["text"])}

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Write it."""
        text = filled(params["text"], ticket, doing.actor.user)
        add_note(ticket=ticket, actor=doing.actor, text=text)


register(AddNote())
