"""The fast lane of signed calls: many that come at once are kept by one transaction.

It stands before the usual way of a request and answers only what is plainly right: a small call
with a right signature, to a working channel, that nobody knows. Everything else (a wrong or
replayed signature, a channel that is paused or unknown, nonsense, too many calls, a database that
is away) takes the usual way with its bytes: there is one place for every word and every refusal.

202 is sent after the commit. While one batch is written, the next gathers.
"""

import asyncio
import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from django.urls import resolve

from integrations.api.batch import FULL, Kept, Waiting, keep_together
from omnidesk.core import tally
from omnidesk.core.middleware import SANE_ID

Scope = dict[str, Any]
Event = Mapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_PATH: Final = re.compile(r"/api/v1/webhooks/(servicedesk-plus|inbound)/([^/]{1,100})/?")
# Larger ones would hold the others of their batch up.
LARGEST: Final = 64 * 2**10


class FastLane:
    """An ASGI application around the usual one."""

    def __init__(self, usual: Application) -> None:
        self._usual = usual
        self._keeper = Keeper()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a plain call; hand everything else on."""
        way = _way(scope)
        if way is None:
            await self._usual(scope, receive, send)
            return
        began = time.perf_counter()
        body = await _body(receive)
        if body is None:
            return  # the caller hung up
        kept = await self._keeper.keep(Waiting(way[0], way[1], scope, body))
        if kept is None:
            await self._usual(scope, _again(body, receive), send)
            return
        await _answer(send, kept, _correlation(scope))
        endpoint = _endpoint(way[0])
        tally.count(tally.HTTP_REQUESTS, "POST", endpoint, "202")
        tally.observe(tally.HTTP_SECONDS, time.perf_counter() - began, "POST", endpoint)


@dataclass(slots=True)
class Keeper:
    """Gathers calls and has them kept, batch after batch, by one thread."""

    _waiting: list[tuple[Waiting, asyncio.Future[Kept | None]]] = field(default_factory=list)
    _thread: ThreadPoolExecutor | None = None
    _task: asyncio.Task[None] | None = None

    async def keep(self, call: Waiting) -> Kept | None:
        """The kept call, once it is committed; None where it has to take the usual way."""
        future: asyncio.Future[Kept | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((call, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        # Not before a worker process has forked.
        self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="webhooks")
        while self._waiting:
            batch, self._waiting = self._waiting[:FULL], self._waiting[FULL:]
            calls = [call for call, _future in batch]
            found = await loop.run_in_executor(self._thread, keep_together, calls)
            for (_call, future), kept in zip(batch, found, strict=True):
                if not future.done():  # its caller hung up meanwhile
                    future.set_result(kept)


def _way(scope: Scope) -> tuple[str, str] | None:
    """(kind of address, channel) of a call that may be plain."""
    if scope["type"] != "http" or scope.get("method") != "POST" or scope.get("root_path"):
        return None
    match = _PATH.fullmatch(scope["path"])
    if match is None:
        return None
    length = dict(scope["headers"]).get(b"content-length", b"")
    if not length.isdigit() or int(length) > LARGEST:
        return None
    return match[1], match[2]


async def _body(receive: Receive) -> bytes | None:
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """The same request for whoever answers it."""
    left: list[Event] = [{"type": "http.request", "body": body, "more_body": False}]

    async def once_more() -> Event:
        return left.pop() if left else await receive()

    return once_more


def _correlation(scope: Scope) -> str:
    offered = dict(scope["headers"]).get(b"x-correlation-id", b"").decode("latin-1")
    return offered if SANE_ID.match(offered) else uuid.uuid4().hex


_endpoints: dict[str, str] = {}


def _endpoint(kind: str) -> str:
    """The address as it is counted: without its channel."""
    if kind not in _endpoints:
        _endpoints[kind] = f"/{resolve(f'/api/v1/webhooks/{kind}/x/').route}"
    return _endpoints[kind]


async def _answer(send: Send, kept: Kept, correlation: str) -> None:
    body = json.dumps({"state": "queued", "receipt": kept.receipt}).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "X-Content-Type-Options": "nosniff",
        "X-Correlation-ID": correlation,
        **kept.headers,
    }
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 202, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
