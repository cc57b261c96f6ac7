"""What rules and macros of the desk can have the AI do beside reading a ticket again."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ai.engine.summary import Point, summarize
from ai.writing import lines_of
from tickets.actions.reply import add_note
from tickets.automation import ActionKind, Doing, Names, register
from tickets.choices import MessageKind
from tickets.models import Ticket


class AddSummary(ActionKind):
    """What was said so far as an internal note, in the ticket's own words: no model is asked.

    For who takes a ticket over: after another team, after a long talk, before a time passes.
    """

    name = "ai_summary"
    label = gettext_lazy("Have the AI sum it up in a note")
    icon = "note"

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Its label says it all."""
        return str(self.label)

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Write it; where nothing was said the log says so. Queries: 1 and the note's."""
        said = ticket.messages.filter(kind=MessageKind.PUBLIC).order_by("created_at", "pk")
        found = summarize(lines_of(list(said)), is_settled=ticket.is_settled)
        if not found.points:
            doing.notes.append(_("Nothing to sum up"))
            return
        parts = [_("Summary in the words of the ticket"), _listed(found.points)]
        if found.questions:
            parts += [_("Open questions"), _listed(found.questions)]
        add_note(ticket=ticket, actor=doing.actor, text="\n\n".join(parts))


def _listed(points: Sequence[Point]) -> str:
    return "\n".join(f"- {point.text}" for point in points)


register(AddSummary())
