"""Summaries and translations by a model outside: masked, budgeted, in the ledger, or a reason.

The answer goes back to somebody who may read the original, so masked values are put back, but for
secrets, card, bank and identity numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ai import gateway
from ai.engine import writing as engine
from ai.engine.llm_base import TextModel
from ai.engine.redact import GUARDED, Redacted, redact
from ai.engine.summary import Line
from ai.pipeline.answering import SEAM, without_names

NAMES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}
W = TypeVar("W", engine.WrittenSummary, engine.Translation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What is to be written for whom; `lines` are the messages, oldest first.

    language: of the result, a code. names: people to mask. task: "summary" or "translation".
    """

    organization_id: int
    ticket_id: int
    task: str
    language: str
    lines: tuple[Line, ...]
    names: tuple[str, ...] = ()


def write(asked: Writing) -> dict[str, Any]:
    """The text as JSON, or {"reason": "no_service" | "policy" | "budget" | "failed"}."""
    hidden = without_names(redact(SEAM.join(line.text for line in asked.lines)), asked.names)
    texts = hidden.text.split(SEAM)
    if len(texts) != len(asked.lines):
        return {"reason": "failed"}
    language = NAMES.get(asked.language, asked.language)
    if asked.task == "translation":
        return _translation(asked, hidden, texts[0], language)
    told = [(line.who, text) for line, text in zip(asked.lines, texts, strict=True)]
    return _summary(asked, hidden, engine.summary_message(told, language))


def _summary(asked: Writing, hidden: Redacted, message: str) -> dict[str, Any]:
    found, reason = _ask(asked, hidden, message, lambda model: engine.summarize(model, message))
    if found is None:
        return {"reason": reason}
    return {
        "reason": "",
        "points": [_restored(hidden, line) for line in found.points],
        "questions": [_restored(hidden, line) for line in found.questions],
        "step": _restored(hidden, found.step),
        "model": found.usage.model,
    }


def _translation(asked: Writing, hidden: Redacted, text: str, language: str) -> dict[str, Any]:
    message = engine.translation_message(text, language)
    found, reason = _ask(
        asked, hidden, message, lambda model: engine.translate(model, text, message)
    )
    if found is None:
        return {"reason": reason}
    return {"reason": "", "text": _restored(hidden, found.text), "model": found.usage.model}


def _restored(hidden: Redacted, text: str) -> str:
    return hidden.restore(text, hide=GUARDED)


def _ask(
    asked: Writing, hidden: Redacted, message: str, call: Callable[[TextModel], W]
) -> tuple[W | None, str]:
    outcome = gateway.Outcome()
    question = gateway.Question(
        organization_id=asked.organization_id,
        purpose=asked.task,
        sent=message,
        masked_values=len(hidden.mapping),
        ticket_id=asked.ticket_id,
    )
    return gateway.ask(question, call, outcome), outcome.reason
