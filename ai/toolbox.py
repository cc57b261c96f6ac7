"""Tools of servers outside that the AI may use: which, with what, for whom, and the record.

Only tools that an administrator named are called, read-only ones unless that server may change
things, with as little as they need and personal data masked. Neither a ticket nor a model chooses
a tool or an argument. Each call is a line of the ledger with the exact words that left. What comes
back was written by others: it is shown as text, stands between tags in a prompt, is never followed.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ai.db import release
from ai.engine.redact import GUARDED, Redacted, redact, without_names
from ai.models import ModelCall, ToolServer
from ai.toolclient import Offered, ToolClient, ToolProblem
from ai.toolwords import TOOL, Consulted, Told, arguments_for, lines_of, numbered
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import one_line
from omnidesk.core.vault import UnreadableSecret
from tickets.context import Asked, Line, NotAvailable, gatherer

SECONDS: Final = 12.0  # for all servers of an organization together
LEAST_SECONDS: Final = 0.5  # with less left a server is not begun with
MOST_READ: Final = 20_000  # characters that are masked
LONGEST_TEXT: Final = 1_000  # characters of a ticket's text that may leave
MOST_FOR_EACH: Final = 3  # lines of one tool
Use = Literal["context", "readings", "tasks"]


@gatherer("tools", gettext_lazy("Tools of other systems"), seconds=SECONDS + 1, scoped=False)
def ask_tools(asked: Asked) -> Sequence[Line]:
    """What the organization's tool servers know of the matter.

    A server that fails costs its own lines only. Raises NotAvailable where all failed.
    """
    found = consult(asked, "context")
    if found.problems and not found.told:
        raise NotAvailable(" ".join(found.problems))
    return [*(one.line for one in found.told), *(Line(words) for words in found.problems)]


def consult(asked: Asked, use: Use, *, seconds: float = SECONDS) -> Consulted:
    """What the servers of `asked.organization_id` that serve this use say, one after the other.

    Never raises for a server: what failed is a sentence. No transaction is open while it waits.
    `asked.ticket_id` 0: about no ticket. Queries: 1, and 2 for each server.
    """
    with organization_scope(asked.organization_id):
        rows = ToolServer.objects.filter(organization_id=asked.organization_id, is_active=True)
        servers = list(rows.filter(**{f"for_{use}": True}))
    release()
    if not servers:
        return Consulted()
    question = _Question(asked)
    end = time.monotonic() + seconds
    told: list[Told] = []
    problems: list[str] = []
    for server in servers:
        left = min(float(server.seconds), end - time.monotonic())
        if left < LEAST_SECONDS:
            problems.append(_("%(name)s: no time left.") % {"name": server.name})
            continue
        try:
            told += _visit(server, question, left, problems)
        except ToolProblem as problem:
            problems.append(f"{server.name}: {problem.words}")
            _note(server, problem.words)
    return Consulted(numbered(told), tuple(problems))


class _Question:
    """The matter with personal data masked, and the words that templates may name."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        # Masked before it is cut: half a password is no pattern.
        whole = redact(f"{one_line(asked.subject)}\n{asked.text[:MOST_READ]}")
        self.hidden: Redacted = without_names(whole, asked.names)
        subject, _newline, text = self.hidden.text.partition("\n")
        self.words = {
            "subject": subject, "text": text[:LONGEST_TEXT], "email": asked.email,
            "language": asked.language,
        }  # fmt: skip


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


def _visit(
    server: ToolServer, question: _Question, seconds: float, problems: list[str]
) -> list[Told]:
    """What one server says; a tool that fails adds its words to `problems`."""
    end = time.monotonic() + seconds
    found: list[Told] = []
    own: list[str] = []
    with _client(server, seconds) as client:
        offered = {one.name: one for one in client.tools()}
        for name, template in sorted(server.tools.items()):
            if time.monotonic() > end:
                own.append(_("%(name)s: no time left.") % {"name": server.name})
                break
            try:
                tool = _permitted(server, offered.get(name), name)
                found += _use(server, client, tool, template, question)
            except ToolProblem as problem:
                own.append(f"{server.name}: {problem.words}")
        spoken = client.spoken
    problems += own
    _note(server, own[-1] if own else "", spoken=spoken, offered=sorted(offered))
    return found


def _permitted(server: ToolServer, tool: Offered | None, name: str) -> Offered:
    """The tool, if it may be called. Raises ToolProblem."""
    if tool is None:
        raise ToolProblem(_("There is no tool “%(tool)s” any more.") % {"tool": name})
    if not (tool.reads_only or server.may_write):
        raise ToolProblem(
            _("“%(tool)s” is not said to be read-only, and this server may not change things.")
            % {"tool": name}
        )
    return tool


def _use(
    server: ToolServer, client: ToolClient, tool: Offered, template: Mapping[str, Any],
    question: _Question,
) -> list[Told]:  # fmt: skip
    arguments = arguments_for(tool, template, question.words)
    call = _Ledger(server, tool.name, arguments, question)
    try:
        result = client.call(tool.name, arguments)
    except ToolProblem as problem:
        call.keep(problem.words)
        raise
    call.keep()
    found = list(lines_of(result))[:MOST_FOR_EACH]
    return [
        Told(0, server.name, tool.name, _restored(line, question.hidden),
             question.hidden.restore(text, hide=GUARDED), server.may_be_quoted)
        for line, text in found
    ]  # fmt: skip


def _restored(line: Line, hidden: Redacted) -> Line:
    """The line with masked values put back, but for secrets: nobody needs to read those again."""

    def back(text: str) -> str:
        return hidden.restore(text, hide=GUARDED)

    return Line(back(line.text), line.link, back(line.detail))


class _Ledger:
    """One call's line in the ledger of what left the house."""

    def __init__(
        self, server: ToolServer, tool: str, arguments: Mapping[str, Any], question: _Question
    ) -> None:
        sent = json.dumps(arguments, ensure_ascii=False)
        self._began = time.monotonic()
        self._row = ModelCall(
            organization_id=server.organization_id,
            ticket_id=question.asked.ticket_id or None,
            operation=TOOL,
            provider="mcp",
            model=f"{server.name}: {tool}"[:120],
            sent=sent,
            sent_bytes=len(sent.encode()),
            masked_values=sum(token in sent for token in question.hidden.mapping),
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
