"""JSON-RPC 2.0 as the Model Context Protocol carries it over HTTP. No Django.

Two manners are spoken: that of revision 2026-07-28, where each request stands for itself and
says its version in `params._meta` and in headers, and the handshake of the revisions before.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CURRENT: Final = "2026-07-28"
HANDSHAKE: Final = ("2025-11-25", "2025-06-18")

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022
# The handshake's revisions answer errors of a method with 200, whatever it was.
_STATUS: Final = {METHOD_NOT_FOUND: 404}

META_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
META_CAPABILITIES: Final = "io.modelcontextprotocol/clientCapabilities"
META_CLIENT: Final = "io.modelcontextprotocol/clientInfo"
META_SERVER: Final = "io.modelcontextprotocol/serverInfo"
# Methods whose `Mcp-Name` header repeats a parameter.
_NAMED: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


class RpcError(Exception):
    """A request that the protocol itself refuses; `status` is the HTTP status it goes with."""

    def __init__(self, code: int, message: str, data: Any = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data
        self.status = status

    def body(self, request_id: str | int | None) -> dict[str, Any]:
        """The error response."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return {"jsonrpc": "2.0", "id": request_id, "error": error}


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `id` is None for a notification: it gets no answer. `modern` says which
    manner it came in, `client` what the program calls itself."""

    id: str | int | None
    method: str
    params: Mapping[str, Any]
    modern: bool
    client: str = ""

    def refuse(self, code: int, message: str) -> RpcError:
        """An error of the method, with the status that this manner gives it."""
        return RpcError(code, message, status=_STATUS.get(code, 400) if self.modern else 200)


def id_of(body: Any) -> str | int | None:
    """The id to answer to, None where there is none that could be one."""
    found = body.get("id") if isinstance(body, dict) else None
    usable = isinstance(found, str | int) and not isinstance(found, bool)
    return found if usable else None


def read(body: Any, headers: Mapping[str, str]) -> Call:
    """The call in a decoded body; `headers` compares names without case. Raises RpcError."""
    if not isinstance(body, dict) or body.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "The body must be one JSON-RPC 2.0 request object.")
    method, params = body.get("method"), body.get("params", {})
    if not isinstance(method, str) or not isinstance(params, dict):
        raise RpcError(INVALID_REQUEST, "A request has a method, and parameters by name.")
    if "id" in body and id_of(body) is None:
        raise RpcError(INVALID_REQUEST, "The id must be a string or an integer.")
    version = headers.get("mcp-protocol-version")
    modern = _is_modern(version, params)
    if modern and "id" in body:
        _check_envelope(version, method, params, headers)
    elif modern and version != CURRENT:
        raise _unsupported(version)
    return Call(id_of(body), method, params, modern, _client(params))


def _is_modern(version: str | None, params: Mapping[str, Any]) -> bool:
    """Unknown versions go the new way: it knows how to say which are spoken."""
    if version is None:
        meta = params.get("_meta")
        return isinstance(meta, dict) and META_VERSION in meta
    return version not in HANDSHAKE


def _check_envelope(
    version: str | None, method: str, params: Mapping[str, Any], headers: Mapping[str, str]
) -> None:
    """What 2026-07-28 asks of each request, in the order of its text."""
    meta = params.get("_meta")
    if not isinstance(meta, dict):
        raise RpcError(INVALID_PARAMS, "params._meta is missing.")
    missing = [key for key in (META_VERSION, META_CAPABILITIES) if key not in meta]
    if missing:
        raise RpcError(INVALID_PARAMS, f"params._meta lacks {', '.join(missing)}.")
    if version is None or version != meta[META_VERSION]:
        raise _mismatch("MCP-Protocol-Version")
    if headers.get("mcp-method") != method:
        raise _mismatch("Mcp-Method")
    name = params.get(_NAMED.get(method, ""))
    if name is not None and _decoded(headers.get("mcp-name")) != name:
        raise _mismatch("Mcp-Name")
    if version != CURRENT:
        raise _unsupported(version)


def _mismatch(header: str) -> RpcError:
    return RpcError(HEADER_MISMATCH, f"The header {header} is missing or disagrees with the body.")


def _unsupported(version: str | None) -> RpcError:
    known = {"supported": [CURRENT, *HANDSHAKE], "requested": version}
    return RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", known)


def _decoded(value: str | None) -> str | None:
    """A header's text; what no header can hold comes as `=?base64?...?=`."""
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _client(params: Mapping[str, Any]) -> str:
    meta = params.get("_meta")
    found = params.get("clientInfo") or (meta.get(META_CLIENT) if isinstance(meta, dict) else None)
    if not isinstance(found, dict):
        return ""
    return " ".join(str(found[key]) for key in ("name", "version") if found.get(key))[:120]
