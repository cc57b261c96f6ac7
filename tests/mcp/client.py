"""A client of the Model Context Protocol as strict as the real one, over Django's test client.

It speaks revision 2026-07-28 (each request alone, versions in body and headers) and the
handshake of 2025-11-25, and refuses answers that break the texts of either.
"""

from typing import Any

import jsonschema  # type: ignore[import-untyped]
from rest_framework.test import APIClient

NOW = "2026-07-28"
BEFORE = "2025-11-25"
ACCEPT = "application/json, text/event-stream"
META = "io.modelcontextprotocol/"
INFO = {"name": "strict-client", "version": "3.1"}


class Refused(Exception):
    """A JSON-RPC error: code, words, HTTP status."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.status, self.code, self.data = status, error["code"], error.get("data")


class McpClient:
    """One program with a key (`""`: none)."""

    def __init__(self, key: str, *, version: str = NOW, path: str = "/mcp") -> None:
        self.http = APIClient()
        self.key, self.version, self.path = key, version, path
        self.count = 0
        self.tools: dict[str, dict[str, Any]] = {}

    def headers(self, **more: str) -> dict[str, str]:
        said = {"Accept": ACCEPT, **more}
        return {**said, "Authorization": f"Bearer {self.key}"} if self.key else said

    def post(self, body: Any, **headers: str) -> Any:
        """A raw request; the HTTP response."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(self.path, body, format="json", headers=self.headers(**named))

    def envelope(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The body of a request of revision 2026-07-28."""
        meta = {
            f"{META}protocolVersion": NOW,
            f"{META}clientInfo": INFO,
            f"{META}clientCapabilities": {},
        }
        self.count += 1
        return {
            "jsonrpc": "2.0", "id": self.count, "method": method,
            "params": {**params, "_meta": meta},
        }  # fmt: skip

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one request. Raises Refused."""
        if self.version == NOW:
            body = self.envelope(method, params)
            names = {"MCP_Protocol_Version": NOW, "Mcp_Method": method}
            if method == "tools/call":
                names["Mcp_Name"] = params["name"]
        else:
            self.count += 1
            body = {"jsonrpc": "2.0", "id": self.count, "method": method, "params": params}
            names = {} if method == "initialize" else {"MCP_Protocol_Version": self.version}
        response = self.post(body, **names)
        assert response["Content-Type"] == "application/json", response.content
        said = response.json()
        assert said["jsonrpc"] == "2.0"
        assert said["id"] == body["id"]
        assert said.keys() <= {"jsonrpc", "id", "result", "error"}
        assert ("result" in said) != ("error" in said)
        if "error" in said:
            raise Refused(response.status_code, said["error"])
        assert response.status_code == 200
        return self._checked(method, said["result"])

    def _checked(self, method: str, result: dict[str, Any]) -> dict[str, Any]:
        if self.version == NOW:
            assert result["resultType"] == "complete"
            assert result["_meta"][f"{META}serverInfo"].keys() >= {"name", "version"}
            if method in {"tools/list", "server/discover"}:
                assert result["ttlMs"] >= 0
                assert result["cacheScope"] in {"private", "public"}
        return result

    def connect(self) -> dict[str, Any]:
        """Discover, or shake hands; then learn the tools. Returns what the server said first."""
        if self.version == NOW:
            first = self.ask("server/discover")
            assert NOW in first["supportedVersions"]
        else:
            first = self.ask(
                "initialize", protocolVersion=self.version, capabilities={}, clientInfo=INFO
            )
            assert first["protocolVersion"] == self.version
            assert first["serverInfo"].keys() >= {"name", "version"}
            done = self.post(
                {"jsonrpc": "2.0", "method": "notifications/initialized"},
                MCP_Protocol_Version=self.version,
            )
            assert (done.status_code, done.content) == (202, b"")
        assert "tools" in first["capabilities"]
        for tool in self.ask("tools/list")["tools"]:
            jsonschema.Draft202012Validator.check_schema(tool["inputSchema"])
            assert tool["inputSchema"]["type"] == "object"
            self.tools[tool["name"]] = tool
        return first

    def call(self, tool: str, **arguments: Any) -> Any:
        """The structured result of a tool, or its words where the tool refused."""
        if not self.tools:
            self.connect()
        result = self.ask("tools/call", name=tool, arguments=arguments)
        assert all(one["type"] == "text" and one["text"] for one in result["content"])
        if result["isError"]:
            return result["content"][0]["text"]
        jsonschema.validate(arguments, self.tools[tool]["inputSchema"])
        assert isinstance(result["structuredContent"], dict)
        return result["structuredContent"]
