"""The Model Context Protocol, as its two revisions' texts want it."""

from typing import Any

import pytest
import redis

from omnidesk.accounts.keys import create_key
from tests.cast import Cast
from tests.mcp.client import BEFORE, META, NOW, McpClient, Refused


@pytest.fixture(autouse=True)
def _empty_limits(redis_client: "redis.Redis") -> None:
    """Counters of one test must not refuse the next."""


@pytest.fixture
def key(cast: Cast) -> str:
    return create_key(user=cast.alice, name="Assistant")[1]


@pytest.fixture(params=[NOW, BEFORE])
def client(request: pytest.FixtureRequest, key: str) -> McpClient:
    return McpClient(key, version=request.param)


@pytest.fixture
def modern(key: str) -> McpClient:
    return McpClient(key)


@pytest.mark.parametrize("path", ["/mcp", "/mcp/", "/api/v1/mcp/", "/api/v1/mcp"])
@pytest.mark.parametrize("version", [NOW, BEFORE])
def test_a_client_learns_the_tools_at_each_address(key: str, path: str, version: str) -> None:
    client = McpClient(key, version=version, path=path)
    client.connect()
    assert client.tools.keys() >= {
        "search_tickets", "search_knowledge", "read_ticket", "create_ticket", "add_comment",
    }  # fmt: skip
    assert client.tools["read_ticket"]["annotations"]["readOnlyHint"] is True
    assert client.tools["create_ticket"]["annotations"]["readOnlyHint"] is False
    assert set(client.tools["create_ticket"]["inputSchema"]["required"]) == {
        "subject", "description",
    }  # fmt: skip


def test_an_unknown_revision_is_offered_the_newest_of_the_handshake(key: str) -> None:
    client = McpClient(key, version=BEFORE)
    said = client.ask("initialize", protocolVersion="2024-11-05", capabilities={}, clientInfo={})
    assert said["protocolVersion"] == BEFORE


def test_a_ping_is_answered(key: str) -> None:
    assert McpClient(key, version=BEFORE).ask("ping") == {}


def test_an_unknown_method_is_an_error_of_the_protocol(client: McpClient) -> None:
    with pytest.raises(Refused) as refused:
        client.ask("resources/list")
    assert refused.value.code == -32601
    assert refused.value.status == (404 if client.version == NOW else 200)


def test_an_unknown_tool_is_an_error_of_the_protocol(client: McpClient) -> None:
    with pytest.raises(Refused) as refused:
        client.ask("tools/call", name="drop_database", arguments={})
    assert refused.value.code == -32602


@pytest.mark.parametrize(
    "arguments", [{}, {"query": 7}, {"query": "vpn", "limit": 99}, {"query": "vpn", "sql": "x"}]
)
def test_wrong_arguments_are_words_for_the_model(client: McpClient, arguments: Any) -> None:
    result = client.ask("tools/call", name="search_tickets", arguments=arguments)
    assert result["isError"] is True
    assert ":" in result["content"][0]["text"]


def test_headers_must_agree_with_the_body(modern: McpClient) -> None:
    body = modern.envelope("tools/list", {})
    for headers in (
        {"MCP_Protocol_Version": NOW, "Mcp_Method": "tools/call"},
        {"MCP_Protocol_Version": NOW},
        {"Mcp_Method": "tools/list"},
    ):
        response = modern.post(body, **headers)
        assert (response.status_code, response.json()["error"]["code"]) == (400, -32020)
    call = modern.envelope("tools/call", {"name": "read_ticket", "arguments": {"number": 1}})
    named = {"MCP_Protocol_Version": NOW, "Mcp_Method": "tools/call"}
    assert modern.post(call, **named).json()["error"]["code"] == -32020
    assert modern.post(call, **named, Mcp_Name="other").json()["error"]["code"] == -32020
    encoded = modern.post(call, **named, Mcp_Name="=?base64?cmVhZF90aWNrZXQ=?=")
    assert encoded.json()["result"]["isError"] is True  # there is no ticket 1


def test_an_unspoken_revision_is_told_which_are_spoken(modern: McpClient) -> None:
    body = modern.envelope("tools/list", {})
    body["params"]["_meta"][f"{META}protocolVersion"] = "2031-01-01"
    response = modern.post(body, MCP_Protocol_Version="2031-01-01", Mcp_Method="tools/list")
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["data"]["requested"]) == (-32022, "2031-01-01")
    assert error["data"]["supported"] == [NOW, BEFORE, "2025-06-18"]


def test_an_envelope_must_be_whole(modern: McpClient) -> None:
    body = modern.envelope("tools/list", {})
    del body["params"]["_meta"][f"{META}clientCapabilities"]
    response = modern.post(body, MCP_Protocol_Version=NOW, Mcp_Method="tools/list")
    assert (response.status_code, response.json()["error"]["code"]) == (400, -32602)


@pytest.mark.parametrize(
    "body",
    [
        [],
        [{"jsonrpc": "2.0", "id": 1, "method": "ping"}],
        {"jsonrpc": "1.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": None, "method": "ping"},
        {"jsonrpc": "2.0", "id": True, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
    ],
)
def test_what_is_no_request_is_refused(modern: McpClient, body: Any) -> None:
    response = modern.post(body, MCP_Protocol_Version=BEFORE)
    assert (response.status_code, response.json()["error"]["code"]) == (400, -32600)


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_broken_json_is_a_parse_error(modern: McpClient, raw: bytes) -> None:
    response = modern.http.post(
        "/mcp", raw, content_type="application/json", headers=modern.headers()
    )
    assert (response.status_code, response.json()["error"]["code"]) == (400, -32700)
    assert response.json()["id"] is None


def test_notifications_get_no_answer(modern: McpClient) -> None:
    body = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    assert modern.post(body, MCP_Protocol_Version=NOW).status_code == 202
    assert modern.post(body, MCP_Protocol_Version="2031-01-01").status_code == 400


def test_there_is_no_stream_and_no_session(modern: McpClient) -> None:
    for method in ("get", "delete"):
        response = getattr(modern.http, method)("/mcp", headers=modern.headers())
        assert response.status_code == 405
        assert "POST" in response["Allow"]


def test_the_answer_must_be_wanted_in_json(modern: McpClient) -> None:
    body = modern.envelope("tools/list", {})
    assert modern.post(body, Accept="text/event-stream").status_code == 406
    sent = modern.http.post("/mcp", "{}", content_type="text/plain", headers=modern.headers())
    assert sent.status_code == 415


def test_a_page_of_another_site_is_refused_before_anything(modern: McpClient) -> None:
    body = modern.envelope("tools/list", {})
    names = {"MCP_Protocol_Version": NOW, "Mcp_Method": "tools/list"}
    for origin in ("https://evil.example", "null"):
        assert modern.post(body, **names, Origin=origin).status_code == 403
    assert modern.post(body, **names, Origin="http://testserver").status_code == 200
