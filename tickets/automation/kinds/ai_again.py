"""Have the AI read the ticket again."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from tickets.actions.triage import request_reprocess
from tickets.automation.registry import ActionKind, Doing, Names, register
from tickets.models import Ticket


class ReadAgain(ActionKind):
    """A new reading, with what has been said since."""

    name = "ai_again"
    label = gettext_lazy("Let the AI read again")
    icon = "refresh"

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Its label says it all."""
        return str(self.label)

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Ask for it."""
        request_reprocess(ticket=ticket, actor=doing.actor)


register(ReadAgain())
