"""Several tickets sorted by one call: each behind a key of its own, each answer checked alone.

The keys are drawn anew for every call, so that no ticket can name another one's. An answer that is
missing, doubled or breaks the rules is left out: its ticket is asked about alone.
"""

from __future__ import annotations

import json
import re
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ai.engine.llm import (
    MAX_PASSAGE,
    Choices,
    LLMError,
    TriageAnswer,
    Usage,
    closed_object,
    fenced,
    offered,
    parsed,
    prompt,
    read_record,
    triage_properties,
)

# A longer ticket saves little by company, and drowns the others.
LONGEST = 6_000
TOKENS_EACH = 250
_OPENED = re.compile(r"<ticket_(k[0-9a-f]{6})>")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One ticket of several: its masked text, what is asked about it, its language, and what other
    systems said about the matter."""

    text: str
    choices: Choices
    language: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers by the position of their ticket; the positions that are missing got no usable one."""

    found: Mapping[int, TriageAnswer]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Pile:
    """The tickets of one call with their keys."""

    sheets: tuple[Sheet, ...]
    keys: tuple[str, ...]

    @classmethod
    def of(cls, sheets: Sequence[Sheet]) -> Pile:
        """With fresh keys."""
        keys: dict[str, None] = {}
        while len(keys) < len(sheets):
            keys[f"k{secrets.token_hex(3)}"] = None
        return cls(tuple(sheets), tuple(keys))

    @property
    def choices(self) -> Choices:
        """What is asked about any of them: the values are the organization's, so the same."""
        asked = [sheet.choices for sheet in self.sheets]
        return Choices(
            next((one.categories for one in asked if one.categories), ()),
            next((one.teams for one in asked if one.teams), ()),
            next((one.urgencies for one in asked if one.urgencies), ()),
        )

    @property
    def tokens(self) -> int:
        """The most that an answer may take."""
        return 500 + TOKENS_EACH * len(self.sheets)

    def system(self) -> str:
        """What the model is told: the words of a single triage, and that there are several."""
        return f"{prompt('triage')}\n\n{prompt('triage_together')}"

    def schema(self) -> dict[str, Any]:
        """A list of answers, each bound to one of the keys and to the offered values."""
        key = {"type": "string", "enum": list(self.keys)}
        answer = closed_object({"key": key, **triage_properties(self.choices)})
        return closed_object({"answers": {"type": "array", "items": answer}})

    def message(self) -> str:
        """The values once, then each ticket between its own tags."""
        parts = [
            self._ticket(key, sheet) for key, sheet in zip(self.keys, self.sheets, strict=True)
        ]
        return "\n\n".join([offered(self.choices), *parts])

    def read(self, answer: str, usage: Usage) -> Answers:
        """Check the answers one by one. Raises `LLMError` where there is no list of them."""
        rows = parsed(answer, usage).get("answers")
        if not isinstance(rows, list):
            raise LLMError("The model's answer is not in the agreed form.", usage=usage)
        records = [row for row in rows if isinstance(row, dict)]
        times = Counter(str(row.get("key")) for row in records)
        found: dict[int, TriageAnswer] = {}
        for row in records:
            key = str(row.get("key"))
            # Two answers under one key: one ticket may have talked the model into the second.
            if key not in self.keys or times[key] > 1:
                continue
            position = self.keys.index(key)
            try:
                found[position] = read_record(row, self.sheets[position].choices, usage)
            except LLMError:
                continue
        return Answers(found, usage)

    @staticmethod
    def _ticket(key: str, sheet: Sheet) -> str:
        written = f", written in {sheet.language}" if sheet.language else ""
        asked = ", ".join(sheet.choices.questions())
        told = sheet.told[:MAX_PASSAGE]
        known = f"{fenced(f'source_1_{key}', told)}\n" if told else ""
        return f"Key {key}: {asked}{written}\n{known}{fenced(f'ticket_{key}', sheet.text)}"


def part_of(asked: str, answered: str, position: int) -> tuple[str, str]:
    """One ticket's words of a shared request and of its answer; of a request that is none, all."""
    # No text can forge a tag (`fenced`), so their order is the tickets'.
    keys = _OPENED.findall(asked)
    if position >= len(keys):
        return asked, answered
    key = keys[position]
    text = asked.split(f"<ticket_{key}>\n", 1)[1].split(f"\n</ticket_{key}>", 1)[0]
    try:
        rows = json.loads(answered)["answers"]
        own = [json.dumps(row, ensure_ascii=False) for row in rows if row.get("key") == key]
    except (ValueError, LookupError, TypeError, AttributeError):
        return text, ""
    return text, "\n".join(own)


def fits(sheet: Sheet) -> bool:
    """Whether the ticket is short enough for company."""
    return len(sheet.text) <= LONGEST
