"""A small HTTP/1.1 server in a thread for fakes of outside systems."""

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came. `path` has no query; header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    raw_query: str = ""

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


@dataclass
class Said:
    """What to answer, and how many seconds after it was asked. `drop`: hang up without a word,
    after having acted."""

    status: int = 200
    body: bytes | str | dict[str, Any] | list[Any] | bool | None = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    after: float = 0.0

    def encoded(self) -> tuple[bytes, str]:
        """Bytes and media type."""
        if isinstance(self.body, bytes):
            return self.body, "application/octet-stream"
        if isinstance(self.body, str):
            return self.body.encode(), "text/html; charset=utf-8"
        return json.dumps(self.body).encode(), "application/json; charset=utf-8"


class _Quiet(ThreadingHTTPServer):
    """A caller that hung up is no news: processes are killed while they ask."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class FakeServer:
    """Listens on a free port of loopback and asks `handle` for every answer, one at a time."""

    def __init__(self, handle: Callable[[Asked], Said]) -> None:
        self._handle = handle
        self._one_at_a_time = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_any(self) -> None:
                outer._answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Quiet."""

        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "MERGE", "HEAD"):
            setattr(Handler, f"do_{method}", Handler.do_any)
        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens, without a final slash."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Close."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        asked = Asked(
            method=handler.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in handler.headers.items()},
            body=handler.rfile.read(length) if length else b"",
            raw_query=parts.query,
        )
        with self._one_at_a_time:
            said = self._handle(asked)
        if said.after:
            time.sleep(said.after)
        if said.drop:
            handler.close_connection = True
            handler.connection.close()
            return
        content, kind = said.encoded()
        handler.send_response(said.status)
        headers = {"Content-Type": kind, **said.headers, "Content-Length": str(len(content))}
        for name, value in headers.items():
            for one in value.split("\n"):
                handler.send_header(name, one)
        handler.end_headers()
        handler.wfile.write(content)
