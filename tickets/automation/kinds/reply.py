"""Answer the requester from a prepared text."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.actions.reply import reply
from tickets.automation.filling import filled
from tickets.automation.registry import ActionKind, Doing, Names, Param, ParamKind, register
from tickets.models import Ticket
from tickets.placeholders import check_placeholders

SHOWN = 60


class Reply(ActionKind):
    """A public answer; a macro needs none of these, its text is the answer."""

    name = "reply"
    label = gettext_lazy("Answer")
    icon = "reply"
    in_macros = False
    params = (Param("text", ParamKind.TEXT, gettext_lazy("Text")),)

    def check(self, params: dict[str, Any]) -> None:
        """Refuse names in braces that nothing fills in."""
        check_placeholders(params["text"])

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Answer: Hello {requester}, ..."."""
        return _("Answer: %(text)s") % {"text": shortened(params["text"])}

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Answer; the channel delivers after commit."""
        reply(ticket=ticket, actor=doing.actor, text=filled(params["text"], ticket))


def shortened(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[:SHOWN].rstrip() + "…"


register(Reply())
