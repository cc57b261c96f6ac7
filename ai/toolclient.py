"""Asking a server of tools by the Model Context Protocol: discover or shake hands, list, call.

One client is one short visit. The manner of revision 2026-07-28 is tried first; a server that
does not know it is met with the handshake of the revisions before.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

import omnidesk
from omnidesk.core.http import Answer, HttpDoor, HttpProblem
from omnidesk.core.mcp import CURRENT, HANDSHAKE, META_CAPABILITIES, META_CLIENT, META_VERSION
from omnidesk.core.text import one_line

ACCEPT: Final = "application/json, text/event-stream"
CLIENT: Final = {"name": "omnidesk", "version": omnidesk.__version__}
# Older handshakes are understood too: what we ask of a server did not change.
UNDERSTOOD: Final = (CURRENT, *HANDSHAKE, "2025-03-26", "2024-11-05")
SIZE_LIMIT: Final = 512 * 1024
MOST_PAGES: Final = 5
# Said of credentials or of load: another manner would not help.
_FINAL: Final = frozenset({0, 401, 403, 429})
_READ: Final = (400, 404, 405, 406, 415, 422)


class ToolProblem(Exception):
    """The server did not do what was asked, in one sentence. `other_manner` may help."""

    def __init__(self, words: str, *, other_manner: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.other_manner = other_manner


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as its server describes it; `schema` is the JSON Schema of its arguments.

    reads_only: whether the server says that it changes nothing; silence is no promise.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    reads_only: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool said. `structured` is None where it gave text alone."""

    texts: tuple[str, ...]
    structured: Any = None


class ToolClient:
    """One visit to one server, `seconds` long. A context manager; every call raises ToolProblem."""

    def __init__(
        self, url: str, *, headers: Mapping[str, str], seconds: float, spoken: str = ""
    ) -> None:
        self.url = url
        # What the server spoke last time, '' where nothing is known; afterwards what it speaks.
        self.spoken = spoken if spoken in UNDERSTOOD else ""
        self._door = HttpDoor(
            timeout=seconds,
            whole=seconds,
            tries=1,
            size_limit=SIZE_LIMIT,
            headers={**headers, "Accept": ACCEPT, "Content-Type": "application/json"},
        )
        self._count = 0
        self._session = ""
        self._hands_shaken = False

    def __enter__(self) -> "ToolClient":
        return self

    def __exit__(self, *problem: object) -> None:
        self._leave()
        self._door.close()

    def tools(self) -> list[Offered]:
        """What the server offers."""
        found: list[Offered] = []
        cursor: dict[str, Any] = {}
        for _page in range(MOST_PAGES):
            result = self._ask("tools/list", cursor)
            rows = result.get("tools")
            found += [one for row in rows or () if (one := _offered(row)) is not None]
            if not isinstance(result.get("nextCursor"), str):
                break
            cursor = {"cursor": result["nextCursor"]}
        return found

    def call(self, name: str, arguments: Mapping[str, Any]) -> Result:
        """What one tool answers."""
        result = self._ask("tools/call", {"name": name, "arguments": dict(arguments)})
        blocks = result.get("content")
        texts = tuple(
            str(one.get("text") or "")
            for one in (blocks if isinstance(blocks, list) else ())
            if isinstance(one, dict) and one.get("type") == "text"
        )
        if result.get("resultType", "complete") != "complete":
            raise ToolProblem(_("“%(tool)s” asks back, which is not offered.") % {"tool": name})
        if result.get("isError"):
            said = one_line(" ".join(texts), 160) or "–"
            raise ToolProblem(_("“%(tool)s” refused: %(words)s") % {"tool": name, "words": said})
        return Result(texts, result.get("structuredContent"))

    def _ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if self.spoken in {"", CURRENT}:
            try:
                result = self._modern(method, params)
            except ToolProblem as problem:
                if self.spoken or not problem.other_manner:
                    raise
                self.spoken = HANDSHAKE[0]
            else:
                self.spoken = CURRENT
                return result
        if not self._hands_shaken:
            self._shake_hands()
        return self._sent(method, params, {"MCP-Protocol-Version": self.spoken})

    def _modern(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        meta = {META_VERSION: CURRENT, META_CLIENT: CLIENT, META_CAPABILITIES: {}}
        headers = {"MCP-Protocol-Version": CURRENT, "Mcp-Method": method}
        if method == "tools/call":
            headers["Mcp-Name"] = str(params["name"])
        return self._sent(method, {**params, "_meta": meta}, headers)

    def _shake_hands(self) -> None:
        hello = {"protocolVersion": HANDSHAKE[0], "capabilities": {}, "clientInfo": CLIENT}
        said = self._sent("initialize", hello, {})
        self.spoken = str(said.get("protocolVersion"))
        if self.spoken not in UNDERSTOOD:
            raise ToolProblem(_("The server speaks a protocol that is not known here."))
        body = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        self._post(body, {"MCP-Protocol-Version": self.spoken})
        self._hands_shaken = True

    def _sent(
        self, method: str, params: Mapping[str, Any], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        self._count += 1
        body = {"jsonrpc": "2.0", "id": self._count, "method": method, "params": params}
        answer = self._post(body, headers)
        if method == "initialize":
            self._session = answer.headers.get("mcp-session-id", "")
        return _result(answer, self._count)

    def _post(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        named = {**headers, "Mcp-Session-Id": self._session} if self._session else headers
        content = json.dumps(body, ensure_ascii=False).encode()
        try:
            return self._door.request(
                "POST", self.url, accept=_READ, content=content, headers=dict(named)
            )
        except HttpProblem as problem:
            final = problem.status in _FINAL or problem.status >= 500
            raise ToolProblem(problem.message, other_manner=not final) from problem

    def _leave(self) -> None:
        """End the session, where there is one; a failure to do so hurts nobody."""
        if not self._session:
            return
        headers = {"Mcp-Session-Id": self._session, "MCP-Protocol-Version": self.spoken}
        try:
            self._door.request("DELETE", self.url, accept=_READ, headers=headers)
        except HttpProblem:
            return


def _offered(row: Any) -> Offered | None:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        return None
    schema, hints = row.get("inputSchema"), row.get("annotations")
    return Offered(
        row["name"],
        str(row.get("description") or ""),
        schema if isinstance(schema, dict) else {},
        isinstance(hints, dict) and hints.get("readOnlyHint") is True,
    )


def _result(answer: Answer, number: int) -> dict[str, Any]:
    """The result of request `number`, as JSON or as a stream that ended."""
    said = next((one for one in _messages(answer) if one.get("id") == number), None)
    if said is None and answer.status >= 400:
        raise ToolProblem(
            _("The tool server answered with error %(status)d.") % {"status": answer.status},
            other_manner=True,
        )
    if said is None:
        raise ToolProblem(_("The tool server did not answer the question."))
    error = said.get("error")
    if isinstance(error, dict):
        words = one_line(str(error.get("message") or ""), 160) or "–"
        raise ToolProblem(
            _("The tool server refused: %(words)s") % {"words": words}, other_manner=True
        )
    result = said.get("result")
    if not isinstance(result, dict):
        raise ToolProblem(_("The tool server did not answer the question."))
    return result


def _messages(answer: Answer) -> Iterator[dict[str, Any]]:
    """The JSON-RPC messages of an answer."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    bodies: Sequence[str] = [answer.text]
    if kind == "text/event-stream":
        bodies = _events(answer.text)
    for body in bodies:
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            continue
        if isinstance(message, dict):
            yield message


def _events(text: str) -> list[str]:
    """The data of server-sent events."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return [
        "\n".join(line[5:].removeprefix(" ") for line in event.split("\n") if line[:5] == "data:")
        for event in lines.split("\n\n")
    ]
