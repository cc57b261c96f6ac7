"""What every service with a language model can do, once it answers one question in JSON."""

from __future__ import annotations

import email.utils
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from ai.engine.llm import (
    MAX_PASSAGES,
    Choices,
    DraftAnswer,
    TriageAnswer,
    Usage,
    check_links,
    draft_message,
    draft_schema,
    prompt,
    read_draft,
    read_triage,
    triage_message,
    triage_schema,
)
from ai.engine.together import Answers, Pile
from ai.engine.types import Passage

TRIAGE_TOKENS = 1_000
DRAFT_TOKENS = 4_000


class TextModel(ABC):
    """A service that runs a language model. Every call may raise `LLMError`.

    Texts are masked by the caller. An answer is bound by a schema and checked again here,
    whatever the service promised about it.
    """

    @abstractmethod
    def ask(
        self, purpose: str, *, system: str, message: str, schema: dict[str, Any], max_tokens: int
    ) -> tuple[str, Usage]:
        """Return the answer's text, which should be JSON of this schema, and what it cost."""

    @abstractmethod
    def model_for(self, purpose: str) -> str:
        """Return the model that answers this kind of question."""

    @abstractmethod
    def close(self) -> None:
        """Close the connections."""

    def triage(
        self, text: str, choices: Choices, *, language: str = "", told: str = ""
    ) -> TriageAnswer:
        """Choose category, team and urgency of a masked ticket; `told`: what other systems say."""
        answer, usage = self.ask(
            "triage",
            system=prompt("triage"),
            message=triage_message(text, choices, language, told),
            schema=triage_schema(choices),
            max_tokens=TRIAGE_TOKENS,
        )
        return read_triage(answer, choices, usage)

    def triage_together(self, pile: Pile) -> Answers:
        """Sort several masked tickets of one organization by one call."""
        answer, usage = self.ask(
            "triage",
            system=pile.system(),
            message=pile.message(),
            schema=pile.schema(),
            max_tokens=pile.tokens,
        )
        return pile.read(answer, usage)

    def draft(
        self,
        question: str,
        passages: Sequence[Passage],
        *,
        language: str,
        purpose: str = "draft",
        system: str = "",
        manner: str = "",
    ) -> DraftAnswer:
        """Answer a masked question from the passages alone; only the first eight are sent.

        system: what the service is told instead of the usual. manner: how it writes.
        """
        answer, usage = self.ask(
            purpose,
            system=system or prompt("draft"),
            message=draft_message(question, passages, language, manner),
            schema=draft_schema(),
            max_tokens=DRAFT_TOKENS,
        )
        offered = passages[:MAX_PASSAGES]
        return check_links(read_draft(answer, len(offered), usage), offered, usage)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a service asks to wait, from any of the forms it may say it in."""
    milliseconds = headers.get("retry-after-ms", "")
    if milliseconds.replace(".", "", 1).isdigit():
        return float(milliseconds) / 1000
    value = headers.get("retry-after", "").strip()
    if value.replace(".", "", 1).isdigit():
        return float(value)
    moment = email.utils.parsedate_tz(value)
    return max(0.0, email.utils.mktime_tz(moment) - time.time()) if moment else None
