"""A ticket summed up, a message translated: asked by the page and by the API alike.

What a model outside wrote is kept, so it is asked again only once the texts say something else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ai import client
from ai.actions.kept import keep_text
from ai.engine.summary import Line, Summary, summarize
from ai.kept import Origin, doubts_of_kept, kept_text, origin_of
from ai.models import KeptText
from ai.routes import has_service
from ai.staleness import Doubt
from ai.writing import asked_summary, asked_translation, conversation_lines
from omnidesk.accounts.models import User
from tickets.models import Message, Ticket

Task = KeptText.Task


@dataclass(frozen=True, slots=True)
class Summed:
    """A summary in the ticket's own words; `written` is a model's or {"reason"}, None: not asked.

    kept: the row it was kept in before; doubts: why that is out of date.
    """

    own: Summary
    written: dict[str, Any] | None
    kept: KeptText | None = None
    doubts: Sequence[Doubt] = ()


def summed_up(user: User, ticket: Ticket, language: str, *, by_model: bool) -> Summed:
    """Sum `ticket` up as `user` may read it; `by_model` asks one where nothing fresh is kept."""
    lines = conversation_lines(user, ticket)
    origin = origin_of(lines, is_settled=ticket.is_settled)
    own = summarize(lines, is_settled=ticket.is_settled)
    kept = kept_text(ticket, Task.SUMMARY, language)
    doubts = doubts_of_kept(kept, origin) if kept else []
    if by_model and (kept is None or doubts):
        asked = asked_summary(user, ticket, lines, language)
        return Summed(own, _written(ticket, asked, origin))
    # What an earlier release kept names no mood.
    return Summed(own, {"mood": "", **kept.content} if kept else None, kept, doubts)


def translated(ticket: Ticket, message: Message, language: str) -> dict[str, Any]:
    """One message in `language`, or {"reason"}: see `pipeline.writing.write`."""
    asked = asked_translation(ticket, message, language)
    origin = origin_of([Line(**line) for line in asked["lines"]])
    kept = kept_text(ticket, Task.TRANSLATION, language, message)
    if kept is not None and not doubts_of_kept(kept, origin):
        content: dict[str, Any] = kept.content
        return content
    return _written(ticket, asked, origin, message)


def _written(
    ticket: Ticket, asked: dict[str, Any], origin: Origin, message: Message | None = None
) -> dict[str, Any]:
    written = write(asked)
    if not written["reason"]:
        keep_text(
            ticket=ticket, task=asked["task"], language=asked["language"], origin=origin,
            content=written, message=message,
        )  # fmt: skip
    return written


def write(asked: dict[str, Any]) -> dict[str, Any]:
    """Have the ai-worker write, or the reason why nothing was written."""
    if not has_service(asked["task"]):
        return {"reason": "no_service"}
    try:
        return client.write(asked)
    except client.AiUnavailable:
        return {"reason": "away"}
