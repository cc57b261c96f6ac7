"""An article written by a model outside from masked tickets; bound, and checked line by line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ai.engine.draft import unsupported_sentences
from ai.engine.embed import Encoder
from ai.engine.llm import (
    MAX_PASSAGE,
    LLMError,
    Usage,
    check_known_links,
    closed_object,
    fenced,
    parsed,
    plain_line,
    prompt,
)
from ai.engine.llm_base import TextModel
from ai.engine.sentences import split_units
from ai.engine.types import Passage

MOST_TOKENS = 4_000
MOST_TICKETS = 8
MOST_ARTICLE = 20_000
LONGEST_TITLE = 200
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s")


@dataclass(frozen=True, slots=True)
class Written:
    """A model's article; empty where it found nothing that helps somebody else."""

    title: str
    body: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Source:
    """One masked ticket as the model sees it."""

    ticket_id: int
    subject: str
    question: str
    answer: str


def knowledge_message(
    sources: Sequence[Source], language: str, *, title: str = "", body: str = ""
) -> str:
    """The user message; title and body are the article as it stands, "" for a new one."""
    blocks = [f"Write in: {language}"]
    if body:
        blocks.append(fenced("source_1", f"The article now:\n{title}\n{body[:MOST_ARTICLE]}"))
    for number, one in enumerate(sources[:MOST_TICKETS], 2 if body else 1):
        told = f"Question: {one.subject}\n{one.question}\n\nAnswer that solved it:\n{one.answer}"
        blocks.append(fenced(f"source_{number}", told[:MAX_PASSAGE]))
    return "\n\n".join(blocks)


def write_article(model: TextModel, message: str) -> Written:
    """Ask for the article; raises `LLMError` where the answer breaks the rules."""
    schema: dict[str, Any] = closed_object(
        {
            "worth": {"type": "boolean"},
            "title": {"type": "string"},
            "body": {"type": "string"},
        }
    )
    answer, usage = model.ask(
        "knowledge",
        system=prompt("knowledge"),
        message=message,
        schema=schema,
        max_tokens=MOST_TOKENS,
    )
    record = parsed(answer, usage)
    if record.get("worth") is not True:
        return Written("", "", usage)
    title, body = plain_line(record.get("title"))[:LONGEST_TITLE], record.get("body")
    if not title or not isinstance(body, str) or not body.strip():
        raise LLMError("The model's article says nothing.", usage=usage)
    check_known_links(f"{title}\n{body}", message, usage)
    return Written(title, body.strip(), usage)


def backed(body: str, sources: Sequence[Source], encoder: Encoder, *, article: str = "") -> str:
    """`body` without the lines that say what neither the tickets nor the article say."""
    passages = [Passage("response", one.ticket_id, one.subject, one.answer) for one in sources]
    # The problem is told by the questions.
    passages += [Passage("ticket", one.ticket_id, one.subject, one.question) for one in sources]
    if article:
        passages.append(Passage("article", 0, "", article))
    told = [line for line in body.splitlines() if line.strip() and not _HEADING.match(line)]
    lost = set(unsupported_sentences("\n".join(told), passages, encoder))
    kept = [
        line
        for line in body.splitlines()
        if _HEADING.match(line) or not any(unit.text in lost for unit in split_units(line))
    ]
    return _without_empty_parts(kept)


def _without_empty_parts(lines: Sequence[str]) -> str:
    """Drop headings under which nothing is left."""
    found: list[str] = []
    for line in reversed(lines):
        if _HEADING.match(line) and not any(text.strip() for text in _until_heading(found)):
            continue
        found.append(line)
    return "\n".join(reversed(found)).strip()


def _until_heading(reversed_lines: Sequence[str]) -> list[str]:
    part: list[str] = []
    for line in reversed(reversed_lines):
        if _HEADING.match(line):
            break
        part.append(line)
    return part
