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
from ai.engine.manner import USUAL, Manner
from ai.engine.mood import CALM, MOODS

SUMMARY_TOKENS = 2_000
TRANSLATION_TOKENS = 8_000
MOST_POINTS = 8
MOST_QUESTIONS = 6
# A translation this many times longer than what it translates is none.
LONGEST_GROWTH = 4
STYLES = {
    "shorter": "shorter; as few words as possible, nothing that matters lost",
    "friendlier": "friendlier and warmer, without flattery",
    "clearer": "clearer; plain words, one step a sentence",
}


@dataclass(frozen=True, slots=True)
class WrittenSummary:
    """A model's summary: plain lines without links or markup."""

    points: tuple[str, ...]
    questions: tuple[str, ...]
    step: str
    usage: Usage
    mood: str = CALM


@dataclass(frozen=True, slots=True)
class Translation:
    """A model's translation or rewriting of one masked text."""

    text: str
    usage: Usage


def summary_message(lines: Sequence[tuple[str, str]], language: str) -> str:
    """The user message of a summary: (who, masked text) of each message, oldest first."""
    told = "\n\n".join(f"{who}:\n{text}" for who, text in lines)
    # What is newest matters most where not everything fits.
    return f"Write in: {language}\n\n{fenced('ticket', told[-MAX_TEXT:])}"


def translation_message(text: str, language: str, manner: Manner = USUAL) -> str:
    """The user message of a translation."""
    wanted = f"Translate into: {language}\n{manner.address}"
    return f"{wanted}\n\n{fenced('ticket', text[:MAX_TEXT])}"


def rewriting_message(text: str, style: str, manner: Manner = USUAL) -> str:
    """The user message of a rewriting; `style` is a key of `STYLES`.

    Of the helpdesk's manner its address and its own words count: the tone is what was asked for.
    """
    wanted = f"Manner: {STYLES[style]}\n{manner.address}\n{manner.house_style}".strip()
    return f"{wanted}\n\n{fenced('ticket', text[:MAX_TEXT])}"


def summarize(model: TextModel, message: str) -> WrittenSummary:
    """Have a conversation summed up; `message` is what `summary_message` made."""
    many = {"type": "array", "items": {"type": "string"}}
    schema: dict[str, Any] = closed_object(
        {
            "points": many,
            "open_questions": many,
            "mood": {"type": "string", "enum": list(MOODS)},
            "next_step": {"type": "string"},
        }
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
    step, mood = plain_line(record.get("next_step")), record.get("mood")
    # A mood outside the list is none: the rest of the summary is as good without it.
    return WrittenSummary(points, questions, step, usage, mood if mood in MOODS else CALM)


def translate(model: TextModel, text: str, message: str) -> Translation:
    """Have `text` translated; `message` is what `translation_message` made of it."""
    return _whole_text(model, "translation", text, message)


def rewrite(model: TextModel, text: str, message: str) -> Translation:
    """Have `text` rewritten; `message` is what `rewriting_message` made of it."""
    return _whole_text(model, "rewrite", text, message)


def _whole_text(model: TextModel, task: str, text: str, message: str) -> Translation:
    schema: dict[str, Any] = closed_object({"text": {"type": "string"}})
    answer, usage = model.ask(
        task,
        system=prompt(task),
        message=message,
        schema=schema,
        max_tokens=TRANSLATION_TOKENS,
    )
    written = parsed(answer, usage).get("text")
    if not isinstance(written, str) or not written.strip():
        raise LLMError("The model's text is empty.", usage=usage)
    if len(written) > LONGEST_GROWTH * len(text) + 400:
        raise LLMError("The model wrote much more than was asked.", usage=usage)
    check_known_links(written, text, usage)
    return Translation(written.strip(), usage)


def _lines(value: object, most: int) -> tuple[str, ...]:
    rows = value if isinstance(value, list) else []
    return tuple(line for line in (plain_line(row) for row in rows) if line)[:most]
