"""What a model outside writes on request: a summary, a translation; bound and checked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ai.engine.llm import (
    MAX_TEXT,
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

SUMMARY_TOKENS = 2_000
TRANSLATION_TOKENS = 8_000
MOST_POINTS = 8
MOST_QUESTIONS = 6
# A translation this many times longer than what it translates is none.
LONGEST_GROWTH = 4


@dataclass(frozen=True, slots=True)
class WrittenSummary:
    """A model's summary: plain lines without links or markup."""

    points: tuple[str, ...]
    questions: tuple[str, ...]
    step: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Translation:
    """A model's translation of one masked text."""

    text: str
    usage: Usage


def summary_message(lines: Sequence[tuple[str, str]], language: str) -> str:
    """The user message of a summary: (who, masked text) of each message, oldest first."""
    told = "\n\n".join(f"{who}:\n{text}" for who, text in lines)
    # What is newest matters most where not everything fits.
    return f"Write in: {language}\n\n{fenced('ticket', told[-MAX_TEXT:])}"


def translation_message(text: str, language: str) -> str:
    """The user message of a translation."""
    return f"Translate into: {language}\n\n{fenced('ticket', text[:MAX_TEXT])}"


def summarize(model: TextModel, message: str) -> WrittenSummary:
    """Have a conversation summed up; `message` is what `summary_message` made."""
    many = {"type": "array", "items": {"type": "string"}}
    schema: dict[str, Any] = closed_object(
        {"points": many, "open_questions": many, "next_step": {"type": "string"}}
    )
    answer, usage = model.ask(
        "summary",
        system=prompt("summary"),
        message=message,
        schema=schema,
        max_tokens=SUMMARY_TOKENS,
    )
    record = parsed(answer, usage)
    points = _lines(record.get("points"), MOST_POINTS)
    if not points:
        raise LLMError("The model's summary says nothing.", usage=usage)
    questions = _lines(record.get("open_questions"), MOST_QUESTIONS)
    return WrittenSummary(points, questions, plain_line(record.get("next_step")), usage)


def translate(model: TextModel, text: str, message: str) -> Translation:
    """Have `text` translated; `message` is what `translation_message` made of it."""
    schema: dict[str, Any] = closed_object({"text": {"type": "string"}})
    answer, usage = model.ask(
        "translation",
        system=prompt("translation"),
        message=message,
        schema=schema,
        max_tokens=TRANSLATION_TOKENS,
    )
    written = parsed(answer, usage).get("text")
    if not isinstance(written, str) or not written.strip():
        raise LLMError("The model's translation is empty.", usage=usage)
    if len(written) > LONGEST_GROWTH * len(text) + 400:
        raise LLMError("The model wrote more than a translation.", usage=usage)
    check_known_links(written, text, usage)
    return Translation(written.strip(), usage)


def _lines(value: object, most: int) -> tuple[str, ...]:
    rows = value if isinstance(value, list) else []
    return tuple(line for line in (plain_line(row) for row in rows) if line)[:most]
