"""Summaries, translations and rewordings by a language model: questions asked, answers checked."""

from __future__ import annotations

from dataclasses import dataclass

from ai.engine.llm import (
    MAX_TEXT,
    LLMError,
    Usage,
    check_known_links,
    closed_object,
    fenced,
    parsed,
    plain_line,
)

WISHES = ("shorter", "friendlier", "clearer")
MOODS = ("calm", "annoyed", "angry", "pleased", "worried")
MOST_QUESTIONS = 5
# A translation or rewording that is so much longer than its text is something else.
LONGEST_GROWTH = 3
SPARE_CHARACTERS = 400

_LINES = {"type": "array", "items": {"type": "string"}}
SUMMARY = closed_object(
    {
        "summary": _LINES,
        "open_questions": _LINES,
        "mood": {"type": "string", "enum": list(MOODS)},
        "next_step": {"type": "string"},
    }
)
WRITTEN = closed_object({"text": {"type": "string"}})


@dataclass(frozen=True, slots=True)
class Summary:
    """What a conversation is about; `mood` is one of `MOODS`."""

    lines: tuple[str, ...]
    open_questions: tuple[str, ...]
    mood: str
    next_step: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Written:
    """A text in other words or another language."""

    text: str
    usage: Usage


def summary_message(conversation: str, language: str) -> str:
    """Return the user message of a summary."""
    # The beginning says what it is about, the end where it stands.
    if len(conversation) > MAX_TEXT:
        half = MAX_TEXT // 2
        conversation = f"{conversation[:half]}\n[...]\n{conversation[-half:]}"
    return f"Write in: {language}\n\n{fenced('ticket', conversation)}"


def translation_message(text: str, language: str) -> str:
    """Return the user message of a translation."""
    return f"Translate into: {language}\n\n{fenced('ticket', text[:MAX_TEXT])}"


def rewrite_message(text: str, wish: str) -> str:
    """Return the user message of a rewording."""
    if wish not in WISHES:
        raise LLMError("There is no such way of rewriting.", permanent=True)
    return f"Make it: {wish}\n\n{fenced('ticket', text[:MAX_TEXT])}"


def read_summary(answer: str, usage: Usage) -> Summary:
    """Check a summary; raises `LLMError` when it breaks the rules."""
    record = parsed(answer, usage)
    mood = record.get("mood")
    if mood not in MOODS:
        raise LLMError("The model answered a mood that does not exist.", usage=usage)
    lines = _lines(record.get("summary"), usage)
    if not lines:
        raise LLMError("The model's summary is empty.", usage=usage)
    questions = _lines(record.get("open_questions"), usage)[:MOST_QUESTIONS]
    return Summary(lines, questions, str(mood), plain_line(record.get("next_step")), usage)


def _lines(value: object, usage: Usage) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise LLMError("The model's answer is not in the agreed form.", usage=usage)
    return tuple(line for line in map(plain_line, value) if line)


def read_written(answer: str, original: str, usage: Usage) -> Written:
    """Check a text: not empty, no link that the original lacks, not far longer."""
    text = parsed(answer, usage).get("text")
    if not isinstance(text, str) or not text.strip():
        raise LLMError("The model's answer is not in the agreed form.", usage=usage)
    if len(text) > LONGEST_GROWTH * len(original) + SPARE_CHARACTERS:
        raise LLMError("The model wrote far more than it was given.", usage=usage)
    check_known_links(text, original, usage)
    return Written(text.strip(), usage)
