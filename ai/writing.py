"""A ticket's conversation as it is summed up and translated: what the person may read, no more."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ai.engine.summary import DESK, NOTE, REQUESTER, Line
from omnidesk.accounts.models import User
from tickets.access import readable_messages
from tickets.choices import MessageKind
from tickets.models import Message, Ticket

MOST_MESSAGES = 60
MOST_CHARACTERS = 8_000
TRANSLATE = "translate"


def conversation_lines(user: User, ticket: Ticket) -> list[Line]:
    """The opening message and the newest ones, oldest first. Queries: 1 and the files'."""
    rows = readable_messages(user, ticket).exclude(kind=MessageKind.SYSTEM)
    return lines_of(list(rows.order_by("created_at", "pk")))


def lines_of(messages: Sequence[Message]) -> list[Line]:
    """The first of `messages` and the last ones, at most `MOST_MESSAGES`. Queries: the files'."""
    found = list(messages)
    if len(found) > MOST_MESSAGES:
        found = [found[0], *found[1 - MOST_MESSAGES :]]
    return [_line(message) for message in found]


def asked_summary(
    user: User, ticket: Ticket, lines: Sequence[Line], language: str
) -> dict[str, Any]:
    """What the ai-worker is asked (`pipeline.writing.Writing` as JSON)."""
    names = {user.display_name, ticket.requester.display_name}
    return _asked(ticket, "summary", language, lines, sorted(names))


def asked_translation(ticket: Ticket, message: Message, language: str) -> dict[str, Any]:
    """The same for one message."""
    names = {ticket.requester.display_name}
    if message.author is not None:
        names.add(message.author.display_name)
    return _asked(ticket, "translation", language, [_line(message)], sorted(names))


def asked_rewriting(user: User, ticket: Ticket, text: str, style: str) -> dict[str, Any]:
    """The same for an agent's own text: a style, or "translate" for the requester's language."""
    names = sorted({user.display_name, ticket.requester.display_name})
    line = Line(DESK, text[:MOST_CHARACTERS], 0)
    task = "translation" if style == TRANSLATE else "rewrite"
    asked = _asked(ticket, task, ticket.language, [line], names)
    return {**asked, "style": style, "is_own": True}


def _line(message: Message) -> Line:
    who = REQUESTER if message.from_requester else DESK
    if message.kind == MessageKind.INTERNAL:
        who = NOTE
    return Line(who, message.text[:MOST_CHARACTERS], message.pk)


def _asked(
    ticket: Ticket, task: str, language: str, lines: Sequence[Line], names: Sequence[str]
) -> dict[str, Any]:
    return {
        "organization_id": ticket.organization_id,
        "ticket_id": ticket.pk,
        "task": task,
        "language": language,
        "lines": [asdict(line) for line in lines],
        "names": list(names),
    }
