"""Summaries and translations by a model outside: masked, budgeted, in the ledger, or a reason.

The answer goes back to somebody who may read the original, so masked values are put back, but for
secrets, card, bank and identity numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ai import gateway
from ai.db import release
from ai.engine import writing as engine
from ai.engine.llm_base import TextModel
from ai.engine.manner import USUAL, Manner
from ai.engine.redact import GUARDED, Redacted, redact, without_names
from ai.engine.summary import Line
from ai.manners import manner_of
from ai.pipeline.answering import SEAM
from omnidesk.core.tenancy import organization_scope

NAMES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}
W = TypeVar("W", engine.WrittenSummary, engine.Translation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What is to be written for whom; `lines` are the messages, oldest first.

    language: of the result, a code. names: people to mask. task: "summary", "translation" or
    "rewrite" in a `style`. is_own: the text is the person's own, who gets all of it back.
    """

    organization_id: int
    ticket_id: int
    task: str
    language: str = ""
    lines: tuple[Line, ...]
    names: tuple[str, ...] = ()
    style: str = ""
    is_own: bool = False


def write(asked: Writing) -> dict[str, Any]:
    """The text as JSON, or {"reason": "no_service" | "policy" | "budget" | "failed"}."""
    hidden = without_names(redact(SEAM.join(line.text for line in asked.lines)), asked.names)
    texts = hidden.text.split(SEAM)
    if len(texts) != len(asked.lines):
        return {"reason": "failed"}
    language = NAMES.get(asked.language, asked.language)
    # Words of the desk's own follow its manner; what somebody else wrote is only translated.
    manner = _manner(asked.organization_id) if asked.is_own else USUAL
    if asked.task == "translation":
        message = engine.translation_message(texts[0], language, manner)
        return _text(asked, hidden, texts[0], message)
    if asked.task == "rewrite":
        message = engine.rewriting_message(texts[0], asked.style, manner)
        return _text(asked, hidden, texts[0], message)
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
        "mood": found.mood,
        "step": _restored(hidden, found.step),
        "model": found.usage.model,
    }


def _text(asked: Writing, hidden: Redacted, text: str, message: str) -> dict[str, Any]:
    work = engine.rewrite if asked.task == "rewrite" else engine.translate
    found, reason = _ask(asked, hidden, message, lambda model: work(model, text, message))
    if found is None:
        return {"reason": reason}
    back = hidden.restore(found.text, hide=() if asked.is_own else GUARDED)
    return {"reason": "", "text": back, "model": found.usage.model}


def _manner(organization_id: int) -> Manner:
    with organization_scope(organization_id):
        found = manner_of(organization_id)
    release()
    return found


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
