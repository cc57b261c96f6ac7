"""Tools of servers outside, used for a new ticket's context: which, with what, and the record.

Only tools that an administrator named are called, with as little as they need and personal data
masked. Each call is a line of the ledger with the exact words that left. What comes back was
written by others: it is shown as text and never followed.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ai.db import release
from ai.engine.redact import Redacted, redact
from ai.models import ModelCall, ToolServer
from ai.toolclient import Offered, Result, ToolClient, ToolProblem
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import one_line
from omnidesk.core.vault import UnreadableSecret
from tickets.context import Asked, Line, NotAvailable, gatherer

SECONDS: Final = 12.0  # for all servers of an organization together
LEAST_SECONDS: Final = 0.5  # with less left a server is not begun with
LONGEST_TEXT: Final = 1_000  # characters
MOST_FOR_EACH: Final = 3  # lines of one tool
OPERATION: Final = "tool"
# What a search calls its question.
QUESTIONS: Final = ("query", "question", "q", "text", "message", "input", "search")
_TITLES: Final = ("title", "name", "subject", "summary", "text", "answer")
_DETAILS: Final = ("detail", "status", "state", "description", "snippet", "excerpt")
_LINKS: Final = ("url", "link", "href")


@gatherer("tools", gettext_lazy("Tools of other systems"), seconds=SECONDS + 1, scoped=False)
def ask_tools(asked: Asked) -> Sequence[Line]:
    """What the organization's tool servers know of the matter.

    A server that fails costs its own lines only. Raises NotAvailable where all failed.
    """
    with organization_scope(asked.organization_id):
        rows = ToolServer.objects.filter(organization_id=asked.organization_id, is_active=True)
        servers = list(rows)
    release()
    end = time.monotonic() + SECONDS
    lines: list[Line] = []
    problems: list[str] = []
    for server in servers:
        left = min(float(server.seconds), end - time.monotonic())
        if left < LEAST_SECONDS:
            problems.append(_("%(name)s: no time left.") % {"name": server.name})
            continue
        try:
            lines += _visit(server, asked, left, problems)
        except ToolProblem as problem:
            problems.append(f"{server.name}: {problem.words}")
            _note(server, problem.words)
    if problems and not lines:
        raise NotAvailable(" ".join(problems))
    return [*lines, *(Line(words) for words in problems)]


def look(server: ToolServer) -> list[str]:
    """The names of the tools that a server offers, kept on its row. Raises ToolProblem."""
    try:
        with _client(server, float(server.seconds)) as client:
            offered = client.tools()
            spoken = client.spoken
    except ToolProblem as problem:
        _note(server, problem.words)
        raise
    names = sorted(one.name for one in offered)[:100]
    _note(server, spoken=spoken, offered=names)
    return names


def _client(server: ToolServer, seconds: float) -> ToolClient:
    try:
        token = server.token
    except UnreadableSecret as problem:
        raise ToolProblem(str(problem)) from problem
    headers = dict(server.headers)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return ToolClient(server.url, headers=headers, seconds=seconds, spoken=server.spoken)


def _visit(server: ToolServer, asked: Asked, seconds: float, problems: list[str]) -> list[Line]:
    """The lines of one server; a tool that fails adds its words to `problems`."""
    end = time.monotonic() + seconds
    lines: list[Line] = []
    with _client(server, seconds) as client:
        offered = {one.name: one for one in client.tools()}
        for name, template in sorted(server.tools.items()):
            if time.monotonic() > end:
                raise ToolProblem(_("The time was over before all tools were asked."))
            try:
                lines += _use(server, client, offered.get(name), name, template, asked)
            except ToolProblem as problem:
                problems.append(f"{server.name}: {problem.words}")
        spoken = client.spoken
    _note(server, problems[-1] if problems else "", spoken=spoken, offered=sorted(offered))
    return lines


def _use(
    server: ToolServer, client: ToolClient, tool: Offered | None, name: str,
    template: Mapping[str, Any], asked: Asked,
) -> list[Line]:  # fmt: skip
    if tool is None:
        raise ToolProblem(_("There is no tool “%(tool)s” any more.") % {"tool": name})
    hidden = redact(f"{asked.subject}\n{asked.text[:LONGEST_TEXT]}")
    arguments = arguments_for(tool, template, asked, hidden)
    call = _Ledger(server, name, arguments, asked, hidden)
    try:
        result = client.call(name, arguments)
    except ToolProblem as problem:
        call.keep(problem.words)
        raise
    call.keep()
    restored = [hidden.restore(text) for text in _rows_as_json(result)]
    return [line for text in restored if (line := _line(text)) is not None][:MOST_FOR_EACH]


def arguments_for(
    tool: Offered, template: Mapping[str, Any], asked: Asked, hidden: Redacted
) -> dict[str, Any]:
    """What the tool is given: the template filled, or the subject as its question.

    Raises ToolProblem where the tool wants something that nobody filled.
    """
    properties = tool.schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    subject, _newline, text = hidden.text.partition("\n")
    words = {
        "{subject}": subject, "{text}": text, "{language}": asked.language,
        "{email}": asked.email,
    }  # fmt: skip
    given = {name: _filled(value, words) for name, value in template.items()}
    if not template:
        question = next((name for name in QUESTIONS if name in known), None)
        given = {question: subject} if question else {}
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
        for sign, meant in words.items():
            value = value.replace(sign, meant)
    return value


class _Ledger:
    """One call's line in the ledger of what left the house."""

    def __init__(
        self, server: ToolServer, tool: str, arguments: Mapping[str, Any], asked: Asked,
        hidden: Redacted,
    ) -> None:  # fmt: skip
        sent = json.dumps(arguments, ensure_ascii=False)
        self._began = time.monotonic()
        self._row = ModelCall(
            organization_id=server.organization_id,
            ticket_id=asked.ticket_id,
            operation=OPERATION,
            provider="mcp",
            model=f"{server.name}: {tool}"[:120],
            sent=sent,
            sent_bytes=len(sent.encode()),
            masked_values=sum(token in sent for token in hidden.mapping),
        )

    def keep(self, error: str = "") -> None:
        """Written at once: what was sent was sent, whatever becomes of the answer."""
        self._row.error = error
        self._row.status = ModelCall.Status.FAILED if error else ModelCall.Status.OK
        self._row.milliseconds = int((time.monotonic() - self._began) * 1000)
        with organization_scope(self._row.organization_id):
            self._row.save()
        release()


def _note(server: ToolServer, error: str = "", **found: Any) -> None:
    """How the server was, on its row."""
    values = {**found, "last_error": one_line(error, 300)}
    if not error:
        values["last_success_at"] = now()
    with organization_scope(server.organization_id):
        ToolServer.objects.filter(pk=server.pk).update(**values)
    release()


def _rows_as_json(result: Result) -> Iterator[str]:
    """One text for each thing found, from structure or from texts that may be JSON."""
    found = result.structured
    if found is None:
        found = [_decoded(text) for text in result.texts]
    if isinstance(found, dict):
        found = next((one for one in found.values() if isinstance(one, list)), [found])
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, list):
            yield from (json.dumps(inner, ensure_ascii=False) for inner in one)
        elif isinstance(one, dict) and any(isinstance(v, list) for v in one.values()):
            inner_rows = next(v for v in one.values() if isinstance(v, list))
            yield from (json.dumps(inner, ensure_ascii=False) for inner in inner_rows)
        else:
            yield json.dumps(one, ensure_ascii=False)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _line(text: str) -> Line | None:
    row = _decoded(text)
    if not isinstance(row, dict):
        words = one_line(str(row), 200) if row not in (None, "") else ""
        return Line(words) if words else None
    title = _first(row, _TITLES)
    link = _first(row, _LINKS)
    safe = link if link.startswith(("https://", "http://")) else ""
    return Line(one_line(title, 200), safe, one_line(_first(row, _DETAILS), 120)) if title else None


def _first(row: Mapping[str, Any], names: Sequence[str]) -> str:
    lowered = {str(name).lower(): value for name, value in row.items()}
    return next((v for name in names if isinstance(v := lowered.get(name), str) and v.strip()), "")
