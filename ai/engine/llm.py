"""The port to a language model: what is asked, what may be answered, what it cost.

The caller masks personal data first (`redact`): nothing here sends what was not
handed over. An answer is checked against the values offered, whatever the model or
the service promised about them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ai.engine.types import EngineError, Label, Passage

PROMPTS = Path(__file__).parent / "prompts"
MAX_TEXT = 24_000
MAX_PASSAGE = 4_000
MAX_PASSAGES = 8
MAX_REASON = 300
LONG_PROMPT = 100_000

# What a ticket could have a model say to an agent who trusts it: somewhere to click.
_LINK = re.compile(
    r"\S{0,200}(?:[a-z][a-z0-9+.-]{1,15}://|www\.|javascript:|mailto:)\S{0,2000}", re.IGNORECASE
)
_TAG = re.compile(r"<(?=\s{0,9}/?\s{0,9}(?:ticket|source_\d))", re.IGNORECASE)
_MARKUP = {ord(c): None for c in "<>`|"}


@dataclass(frozen=True, slots=True)
class Usage:
    """One call for the ledger. cost in US dollars; None where the price is unknown."""

    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost: float | None
    milliseconds: int
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; `long_*` for prompts above 100,000 tokens."""

    input: float
    output: float
    long_input: float | None = None
    long_output: float | None = None

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Return the price of one call, as if nothing had come from the cache."""
        is_long = input_tokens > LONG_PROMPT
        into = self.long_input if is_long and self.long_input else self.input
        out = self.long_output if is_long and self.long_output else self.output
        return (input_tokens * into + output_tokens * out) / 1_000_000


class LLMError(EngineError):
    """A failed call; `usage` is set where the service answered, and so charged.

    retry_after: seconds the service asks to wait before another try, where it said so.
    """

    def __init__(
        self,
        message: str,
        permanent: bool = False,
        usage: Usage | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, permanent)
        self.usage = usage
        self.answered = usage is not None
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Choices:
    """The values a triage may answer with; an empty tuple is not asked about."""

    categories: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ("low", "medium", "high", "critical")

    def questions(self) -> dict[str, tuple[str, ...]]:
        """Return name -> allowed values, for what is asked."""
        named = {"category": self.categories, "team": self.teams, "urgency": self.urgencies}
        return {name: values for name, values in named.items() if values}


@dataclass(frozen=True, slots=True)
class TriageAnswer:
    """Labels by question ("category", "team", "urgency"), each an offered value."""

    labels: Mapping[str, Label]
    reason: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class DraftAnswer:
    """Sentences with the passages (1-based) they rest on; none: not answerable."""

    sentences: tuple[tuple[str, tuple[int, ...]], ...]
    usage: Usage

    @property
    def text(self) -> str:
        """The answer with its source numbers."""
        return "\n".join(
            f"{sentence} {' '.join(f'[{number}]' for number in numbers)}".strip()
            for sentence, numbers in self.sentences
        )


class LLMProvider(Protocol):
    """A service that runs a language model. Every call may raise `LLMError`."""

    def triage(
        self, text: str, choices: Choices, *, language: str = "", told: str = ""
    ) -> TriageAnswer:
        """Choose category, team and urgency of a masked ticket; `told`: what other systems say."""
        ...

    def draft(
        self,
        question: str,
        passages: Sequence[Passage],
        *,
        language: str,
        purpose: str = "draft",
        manner: str = "",
    ) -> DraftAnswer:
        """Answer a masked question from the passages alone; `purpose` chooses the model."""
        ...


def prompt(name: str) -> str:
    """Return the text of prompts/<name>.md."""
    return (PROMPTS / f"{name}.md").read_text(encoding="utf-8").strip()


def triage_schema(choices: Choices) -> dict[str, Any]:
    """Return the JSON schema that binds an answer to the offered values."""
    return closed_object(triage_properties(choices))


def triage_properties(choices: Choices) -> dict[str, Any]:
    """Return the properties of one ticket's answer: a reason, and value and confidence of each."""
    properties: dict[str, Any] = {"reason": {"type": "string"}}
    for name, values in choices.questions().items():
        properties[name] = {"type": "string", "enum": list(values)}
        properties[f"{name}_confidence"] = {"type": "number"}
    return properties


def draft_schema() -> dict[str, Any]:
    """Return the JSON schema of an answer in sourced sentences."""
    sources = {"type": "array", "items": {"type": "integer"}}
    sentence = closed_object({"text": {"type": "string"}, "sources": sources})
    items = {"type": "array", "items": sentence}
    return closed_object({"answerable": {"type": "boolean"}, "sentences": items})


def triage_message(text: str, choices: Choices, language: str, told: str = "") -> str:
    """Return the user message of a triage; `told` is what other systems say about the matter."""
    written = f"Written in: {language}\n" if language else ""
    known = f"{fenced('source_1', told[:MAX_PASSAGE])}\n\n" if told else ""
    return f"{offered(choices)}\n\n{written}{known}{fenced('ticket', text[:MAX_TEXT])}"


def offered(choices: Choices) -> str:
    """Return the lines that name the values of each question."""
    lines = [f"{name}: {json.dumps(values)}" for name, values in choices.questions().items()]
    return "\n".join(["Allowed values:", *lines])


def draft_message(
    question: str, passages: Sequence[Passage], language: str, manner: str = ""
) -> str:
    """Return the user message of a draft; sources are numbered from 1.

    manner: how the helpdesk writes (`Manner.words`); it stands before all that others wrote.
    """
    blocks = [
        fenced(f"source_{number}", f"{passage.title}\n{passage.text}"[:MAX_PASSAGE])
        for number, passage in enumerate(passages[:MAX_PASSAGES], 1)
    ]
    sources = "\n".join(blocks)
    wanted = f"Answer in: {language}\n{manner}".strip()
    return f"{wanted}\n\n{sources}\n\n{fenced('ticket', question[:MAX_TEXT])}"


def read_triage(answer: str, choices: Choices, usage: Usage) -> TriageAnswer:
    """Check a triage answer; raises `LLMError` when it breaks the rules."""
    return read_record(parsed(answer, usage), choices, usage)


def read_record(record: Mapping[str, Any], choices: Choices, usage: Usage) -> TriageAnswer:
    """Check one ticket's answer; raises `LLMError` when it breaks the rules."""
    labels: dict[str, Label] = {}
    for name, values in choices.questions().items():
        value = record.get(name)
        sure = record.get(f"{name}_confidence")
        if value not in values:
            raise LLMError(f"The model answered a {name} that does not exist.", usage=usage)
        if isinstance(sure, bool) or not isinstance(sure, int | float) or not 0 <= sure <= 1:
            raise LLMError(f"The model gave no usable confidence for the {name}.", usage=usage)
        labels[name] = Label(str(value), float(sure))
    return TriageAnswer(labels, plain_line(record.get("reason")), usage)


def plain_line(reason: object) -> str:
    """One line of words for people: no links, no control or direction characters, no markup."""
    if not isinstance(reason, str):
        return ""
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in reason)
    return " ".join(_LINK.sub("", visible).translate(_MARKUP).split())[:MAX_REASON]


def read_draft(answer: str, passages: int, usage: Usage) -> DraftAnswer:
    """Check a drafted answer: every sentence must name existing sources."""
    record = parsed(answer, usage)
    if record.get("answerable") is not True:
        return DraftAnswer((), usage)
    listed = record.get("sentences")
    items = listed if isinstance(listed, list) else []
    sentences = [_sentence(item, passages, usage) for item in items]
    if not sentences:
        raise LLMError("The model called it answerable but gave no sentence.", usage=usage)
    return DraftAnswer(tuple(sentences), usage)


def _sentence(item: object, passages: int, usage: Usage) -> tuple[str, tuple[int, ...]]:
    text = item.get("text") if isinstance(item, dict) else None
    sources = item.get("sources") if isinstance(item, dict) else None
    if not isinstance(text, str) or not text.strip() or not isinstance(sources, list):
        raise LLMError("The model's answer is not in the agreed form.", usage=usage)
    numbers = [n for n in sources if isinstance(n, int) and not isinstance(n, bool)]
    if not numbers or len(numbers) != len(sources):
        raise LLMError("The model wrote a sentence without a source.", usage=usage)
    if not all(1 <= number <= passages for number in numbers):
        raise LLMError("The model cited a source that does not exist.", usage=usage)
    return text.strip(), tuple(dict.fromkeys(numbers))


def check_links(answer: DraftAnswer, passages: Sequence[Passage], usage: Usage) -> DraftAnswer:
    """Raise `LLMError` where a draft links to what no source names: a ticket asked for it."""
    known = "\n".join(f"{passage.title}\n{passage.text}" for passage in passages)
    check_known_links("\n".join(sentence for sentence, _ in answer.sentences), known, usage)
    return answer


def check_known_links(text: str, known: str, usage: Usage) -> None:
    """Raise `LLMError` where `text` links to what does not stand in `known`."""
    links = (match.group().strip("()[]<>.,;\"'") for match in _LINK.finditer(text))
    if any(link not in known for link in links):
        raise LLMError("The model linked to something that is in no source.", usage=usage)


def parsed(answer: str, usage: Usage) -> dict[str, Any]:
    """The JSON object of an answer. Raises `LLMError` for anything else."""
    try:
        record = json.loads(answer)
    except ValueError as error:
        raise LLMError("The model's answer is no JSON.", usage=usage) from error
    if not isinstance(record, dict):
        raise LLMError("The model's answer is not in the agreed form.", usage=usage)
    return record


def fenced(name: str, text: str) -> str:
    """Put foreign text between tags that it can neither close nor open itself."""
    return f"<{name}>\n{_TAG.sub('‹', text)}\n</{name}>"


def closed_object(properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object with these properties, all required, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
