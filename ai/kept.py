"""Texts that a model outside wrote on request: kept, and told when what they rest on changed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from ai.engine.summary import Line
from ai.models import KeptText
from ai.staleness import Doubt
from tickets.models import Message, Ticket


@dataclass(frozen=True, slots=True)
class Origin:
    """What a text is made from: a hash of all of it, and the newest message in it."""

    made_from: str
    newest: int


def origin_of(lines: Sequence[Line], *, is_settled: bool = False) -> Origin:
    """The state of a conversation as somebody who reads `lines` sees it."""
    told = [[line.key, line.who, line.text] for line in lines]
    content = json.dumps([told, is_settled], ensure_ascii=False)
    digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()
    return Origin(digest, max((line.key for line in lines), default=0))


def kept_text(
    ticket: Ticket, task: str, language: str, message: Message | None = None
) -> KeptText | None:
    """What was written before, in this language. Queries: 1."""
    rows = KeptText.objects.filter(ticket=ticket, task=task, language=language, message=message)
    return rows.first()


def doubts_of_kept(row: KeptText, origin: Origin) -> list[Doubt]:
    """Why a kept text should be written again; empty while it stands on what is there now."""
    if row.made_from == origin.made_from:
        return []
    return [Doubt("message" if origin.newest > row.newest else "ticket")]
