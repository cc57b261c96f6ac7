"""What a tool is given, and what it said, as plain values. Pure: no database, no network.

Whatever a tool says was written by others: it becomes lines of text, never structure of ours.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from ai.engine.types import Passage
from ai.toolclient import Offered, Result, ToolProblem
from omnidesk.core.text import clean_text, one_line
from tickets.context import Line

LONGEST_SAID: Final = 2_000  # characters of one thing found, as a model or a draft may read it
# What a search calls its question.
QUESTIONS: Final = ("query", "question", "q", "text", "message", "input", "search")
# The kind of a source that is a tool's word.
TOOL: Final = "tool"
_TITLES: Final = ("title", "name", "subject", "summary", "text", "answer")
_DETAILS: Final = ("detail", "status", "state", "description", "snippet", "excerpt")
_LINKS: Final = ("url", "link", "href")


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a tool said. `number` counts from 1 within one consultation.

    text: all of it in words. quotable: whether an answer to a requester may quote it.
    """

    number: int
    server: str
    tool: str
    line: Line
    text: str
    quotable: bool = False

    @property
    def title(self) -> str:
        """How it is named as a source."""
        return f"{self.server}: {self.line.text}"

    def as_json(self) -> dict[str, Any]:
        """As it is kept with a reading or a task."""
        return {
            "id": self.number, "kind": TOOL, "server": self.server, "tool": self.tool,
            "title": self.line.text, "link": self.line.link, "detail": self.line.detail,
        }  # fmt: skip

    def as_passage(self, likeness: float = 0.0) -> Passage:
        """As a numbered source."""
        return Passage(TOOL, self.number, self.title, self.text, likeness)


@dataclass(frozen=True, slots=True)
class Consulted:
    """What an organization's tools said about one matter, and which of them did not answer."""

    told: tuple[Told, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def material(self) -> str:
        """All of it as text for a model: to be masked, and to stand between tags."""
        return "\n\n".join(f"{one.server}, {one.tool}:\n{one.text}" for one in self.told)

    def as_json(self) -> dict[str, Any]:
        """{"tools": [...], "tool_problems": [...]}, as kept with what came of it."""
        return {
            "tools": [one.as_json() for one in self.told],
            "tool_problems": list(self.problems),
        }


def arguments_for(
    tool: Offered, template: Mapping[str, Any], words: Mapping[str, str]
) -> dict[str, Any]:
    """What the tool is given: the template with its `{signs}` filled, or the subject as question.

    words: name -> text ("subject", "text", "email", "language"). Raises ToolProblem where the
    tool wants something that nobody filled.
    """
    properties = tool.schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    given = {name: _filled(value, words) for name, value in template.items()}
    if not template:
        question = next((name for name in QUESTIONS if name in known), None)
        given = {question: words["subject"]} if question else {}
    required = tool.schema.get("required")
    missing = [one for one in required if one not in given] if isinstance(required, list) else []
    if missing:
        raise ToolProblem(
            _("“%(tool)s” wants “%(name)s”, which is not filled.")
            % {"tool": tool.name, "name": str(missing[0])[:60]}
        )
    return given


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        # One pass over the template: what a ticket says can name no other sign.
        parts = value.split("{")
        value = parts[0] + "".join(_sign(part, words) for part in parts[1:])
    return value


def _sign(part: str, words: Mapping[str, str]) -> str:
    name, closed, rest = part.partition("}")
    return words[name] + rest if closed and name in words else "{" + part


def lines_of(result: Result) -> Iterator[tuple[Line, str]]:
    """(line to show, whole text) for each thing found."""
    for row in _rows(result):
        line = _line(row)
        if line is not None:
            yield line, clean_text(_whole(row), LONGEST_SAID)


def _rows(result: Result) -> Iterator[Any]:
    """One value for each thing found, from structure or from texts that may be JSON."""
    found = result.structured
    if found is None:
        found = [_decoded(text) for text in result.texts]
    if isinstance(found, dict):
        found = next((one for one in found.values() if isinstance(one, list)), [found])
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, list):
            yield from one
        elif isinstance(one, dict) and any(isinstance(v, list) for v in one.values()):
            yield from next(v for v in one.values() if isinstance(v, list))
        else:
            yield one


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _line(row: Any) -> Line | None:
    if not isinstance(row, dict):
        words = one_line(str(row), 200) if row not in (None, "") else ""
        return Line(words) if words else None
    title = _first(row, _TITLES)
    link = _first(row, _LINKS)
    safe = link if link.startswith(("https://", "http://")) else ""
    return Line(one_line(title, 200), safe, one_line(_first(row, _DETAILS), 120)) if title else None


def _whole(row: Any) -> str:
    """The thing in words: texts and numbers of a record, one a line, the title first."""
    if not isinstance(row, dict):
        return str(row)
    title = _first(row, _TITLES)
    plain = [
        f"{name}: {value}"
        for name, value in row.items()
        if isinstance(value, str | int | float)
        and value != title
        and str(name).lower() not in _LINKS
    ]
    return "\n".join([title, *plain])


def _first(row: Mapping[str, Any], names: Sequence[str]) -> str:
    lowered = {str(name).lower(): value for name, value in row.items()}
    return next((v for name in names if isinstance(v := lowered.get(name), str) and v.strip()), "")


def numbered(found: Iterable[Told]) -> tuple[Told, ...]:
    """The same with numbers from 1."""
    return tuple(
        Told(number, one.server, one.tool, one.line, one.text, one.quotable)
        for number, one in enumerate(found, 1)
    )
