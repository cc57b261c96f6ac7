"""What a model outside answers to the larger tasks; bound by schema and checked again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ai.engine.llm import (
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

MOST_TOKENS = 4_000
MOST_TEXT = 60_000
MOST_TOLD = 20_000
MOST_REMARKS = 40
SEVERITIES = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Review:
    """A model's word on a change; remarks are {path, line, severity, text}."""

    summary: str
    remarks: tuple[dict[str, Any], ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Query:
    """A model's statement and what it says of it."""

    sql: str
    explanation: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Text:
    """A model's answer in plain text."""

    text: str
    usage: Usage


def review_message(title: str, diff: str) -> str:
    """The user message of a review."""
    return f"{fenced('ticket', title)}\n\n{fenced('source_1', diff[:MOST_TEXT])}"


def review(model: TextModel, message: str, paths: Collection[str]) -> Review:
    """Have a change reviewed; remarks on files that it does not have are left out."""
    remark = closed_object(
        {
            "path": {"type": "string"},
            "line": {"type": "integer"},
            "severity": {"type": "string", "enum": list(SEVERITIES)},
            "text": {"type": "string"},
        }
    )
    schema: dict[str, Any] = closed_object(
        {"summary": {"type": "string"}, "remarks": {"type": "array", "items": remark}}
    )
    answer, usage = model.ask(
        "task", system=prompt("pr_review"), message=message, schema=schema, max_tokens=MOST_TOKENS
    )
    record = parsed(answer, usage)
    listed = record.get("remarks")
    remarks = [_remark(one, paths) for one in listed] if isinstance(listed, list) else []
    summary = plain_line(record.get("summary"))
    if not summary:
        raise LLMError("The model's review says nothing.", usage=usage)
    return Review(summary, tuple(one for one in remarks if one)[:MOST_REMARKS], usage)


def _remark(one: Any, paths: Collection[str]) -> dict[str, Any] | None:
    if not isinstance(one, dict) or one.get("path") not in paths:
        return None
    line, text = one.get("line"), plain_line(one.get("text"))
    if not text or one.get("severity") not in SEVERITIES or not isinstance(line, int):
        return None
    return {"path": one["path"], "line": max(line, 0), "severity": one["severity"], "text": text}


def query_message(question: str, tables: str) -> str:
    """The user message of a question to tables."""
    return f"{fenced('source_1', tables)}\n\n{fenced('ticket', question)}"


def query(model: TextModel, message: str) -> Query:
    """Have a statement written; whether it may be used is checked by the caller."""
    schema: dict[str, Any] = closed_object(
        {"sql": {"type": "string"}, "explanation": {"type": "string"}}
    )
    answer, usage = model.ask(
        "task", system=prompt("snowflake_query"), message=message, schema=schema,
        max_tokens=MOST_TOKENS,
    )  # fmt: skip
    record = parsed(answer, usage)
    sql = record.get("sql")
    if not isinstance(sql, str):
        raise LLMError("The model's answer is not in the agreed form.", usage=usage)
    return Query(sql.strip(), plain_line(record.get("explanation")), usage)


def custom_message(task: str, text: str, told: str = "") -> str:
    """The user message of a task in somebody's own words; `told`: what other systems say."""
    given = [one for one in (text[:MOST_TEXT], told[:MOST_TOLD]) if one]
    material = [fenced(f"source_{number}", one) for number, one in enumerate(given, 1)]
    return "\n\n".join([fenced("ticket", task), *material])


def custom(model: TextModel, message: str) -> Text:
    """Have it done."""
    schema: dict[str, Any] = closed_object({"text": {"type": "string"}})
    answer, usage = model.ask(
        "task", system=prompt("custom"), message=message, schema=schema, max_tokens=MOST_TOKENS
    )
    text = parsed(answer, usage).get("text")
    if not isinstance(text, str) or not text.strip():
        raise LLMError("The model's answer says nothing.", usage=usage)
    check_known_links(text, message, usage)
    return Text(text.strip(), usage)
