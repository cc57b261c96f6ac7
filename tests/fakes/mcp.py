"""A server of the Model Context Protocol that refuses what the texts of its revision refuse."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.http import Asked, FakeServer, Said

NOW, BEFORE = "2026-07-28", "2025-11-25"
META = "io.modelcontextprotocol/"
TOKEN = "tool-token"
SESSION = "session-7"

Tool = Callable[[dict[str, Any]], dict[str, Any]]


def text(*texts: str) -> dict[str, Any]:
    """A tool's result of plain texts."""
    return {"content": [{"type": "text", "text": one} for one in texts], "isError": False}


def failed(words: str) -> dict[str, Any]:
    """A tool's own failure."""
    return {"content": [{"type": "text", "text": words}], "isError": True}


@dataclass
class McpFake:
    """`modern`: revision 2026-07-28 alone; else the handshake with a session, as streams."""

    modern: bool = True
    tools: dict[str, Tool] = field(default_factory=dict)
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Those that do not say of themselves that they only read.
    silent: set[str] = field(default_factory=set)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    down: bool = False
    ready: bool = False
    ended: int = 0

    def __post_init__(self) -> None:
        self.server = FakeServer(self._handle)

    @property
    def url(self) -> str:
        return f"{self.server.url}/mcp"

    def offer(self, name: str, tool: Tool, **properties: str) -> None:
        """A tool whose arguments are all required: name -> JSON type."""
        self.tools[name] = tool
        self.schemas[name] = {
            "type": "object",
            "properties": {one: {"type": kind} for one, kind in properties.items()},
            "required": list(properties),
        }

    def _handle(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if self.down:
            return Said(503, {"error": "down"})
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Said(401, {"error": "unauthorized"})
        if asked.method == "DELETE" and not self.modern:
            self.ended += asked.headers.get("mcp-session-id") == SESSION
            return Said(200)
        if asked.method != "POST":
            return Said(405)
        accept = asked.headers.get("accept", "")
        if "application/json" not in accept or "text/event-stream" not in accept:
            self.violations.append(f"Accept: {accept}")
            return Said(406)
        body = asked.json()
        return self._modern(asked, body) if self.modern else self._legacy(asked, body)

    def _modern(self, asked: Asked, body: dict[str, Any]) -> Said:
        meta = body.get("params", {}).get("_meta", {})
        version = asked.headers.get("mcp-protocol-version")
        agrees = version == meta.get(f"{META}protocolVersion") == NOW
        agrees &= f"{META}clientCapabilities" in meta
        agrees &= asked.headers.get("mcp-method") == body["method"]
        if body["method"] == "tools/call":
            agrees &= asked.headers.get("mcp-name") == body["params"]["name"]
        if not agrees:
            self.violations.append(f"envelope of {body['method']}")
            return _error(400, body, -32020, "header mismatch")
        if body["method"] == "tools/list":
            kept = {"ttlMs": 0, "cacheScope": "private", "resultType": "complete"}
            return Said(200, _ok(body, {"tools": self._listed(), **kept}))
        return Said(200, _ok(body, {**self._called(body), "resultType": "complete"}))

    def _legacy(self, asked: Asked, body: dict[str, Any]) -> Said:
        version = asked.headers.get("mcp-protocol-version")
        if body["method"] == "initialize":
            self.ready = False
            said = {
                "protocolVersion": BEFORE, "capabilities": {"tools": {}},
                "serverInfo": {"name": "fake", "version": "1"},
            }  # fmt: skip
            return _stream(_ok(body, said), {"Mcp-Session-Id": SESSION})
        if asked.headers.get("mcp-session-id") != SESSION:
            return _error(400, body, -32600, "Bad Request: Missing session ID")
        if version != BEFORE:
            self.violations.append(f"version {version}")
            return _error(400, body, -32600, "unsupported version")
        if body["method"] == "notifications/initialized":
            self.ready = True
            return Said(202)
        if not self.ready:
            self.violations.append("asked before initialized")
        if body["method"] == "tools/list":
            return _stream(_ok(body, self._page(body["params"])))
        return _stream(_ok(body, self._called(body)))

    def _page(self, params: dict[str, Any]) -> dict[str, Any]:
        """One tool a page."""
        rows, start = self._listed(), int(params.get("cursor", 0))
        page: dict[str, Any] = {"tools": rows[start : start + 1]}
        return {**page, "nextCursor": str(start + 1)} if start + 1 < len(rows) else page

    def _listed(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "description": "x", "inputSchema": self.schemas[name],
             **({} if name in self.silent else {"annotations": {"readOnlyHint": True}})}
            for name in self.tools
        ]  # fmt: skip

    def _called(self, body: dict[str, Any]) -> dict[str, Any]:
        name, arguments = body["params"]["name"], body["params"]["arguments"]
        self.calls.append((name, arguments))
        missing = [one for one in self.schemas[name]["required"] if one not in arguments]
        return failed(f"missing {missing}") if missing else self.tools[name](arguments)


def _ok(body: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": body["id"], "result": result}


def _error(status: int, body: dict[str, Any], code: int, words: str) -> Said:
    error = {"code": code, "message": words}
    return Said(status, {"jsonrpc": "2.0", "id": body.get("id"), "error": error})


def _stream(message: dict[str, Any], headers: dict[str, str] | None = None) -> Said:
    """As server-sent events, after a notification that concerns nobody."""
    noise = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info"}}
    events = [f": ping\r\n\r\nevent: message\r\ndata: {json.dumps(one)}\r\n\r\n"
              for one in (noise, message)]  # fmt: skip
    kind = {"Content-Type": "text/event-stream"}
    return Said(200, "".join(events), {**kind, **(headers or {})})
