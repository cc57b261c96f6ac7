"""What a call to a model said and heard, byte for byte, as it went over the wire: for the ledger.

Bodies alone. Headers, and with them every key, are never looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpx2

from ai.engine.redact import redact

# Characters of a body that are kept; a whole question with its sources has some 60,000.
LONGEST = 300_000
_SEAM = "\n\n=====\N{SECTION SIGN}=====\n\n"
# What a service says of itself: no text of anybody's.
_OWN = frozenset({"id", "object", "type", "role", "model", "system_fingerprint", "request_id"})


@dataclass(slots=True)
class Tape:
    """The bodies of one call; empty where nothing was sent, or nothing came back."""

    sent: bytes = b""
    received: bytes = b""


_tape: ContextVar[Tape | None] = ContextVar("tape", default=None)


@contextmanager
def recording() -> Iterator[Tape]:
    """Keep the bodies of what is called within, by clients that have `HOOKS`."""
    tape = Tape()
    token = _tape.set(tape)
    try:
        yield tape
    finally:
        _tape.reset(token)


def _note_request(request: httpx2.Request) -> None:
    if (tape := _tape.get()) is not None:
        tape.sent, tape.received = request.read(), b""


def _note_response(response: httpx2.Response) -> None:
    # Whatever reads it afterwards, a stream's events one by one as well, gets it from memory.
    if (tape := _tape.get()) is not None:
        tape.received = response.read()


HOOKS: Mapping[str, list[Callable[..., Any]]] = {
    "request": [_note_request],
    "response": [_note_response],
}


def kept(body: bytes) -> str:
    """A body as the ledger keeps it: text, bounded, without the one character no column takes."""
    return body.decode("utf-8", "replace").replace("\x00", "")[:LONGEST]


def masked(body: str) -> str:
    """What came back, masked once more: a model may make an address up, or be talked into one.

    Where nothing had to be masked it is the very text that came.
    """
    try:
        record = json.loads(body)
    except ValueError:
        return redact(body).text
    texts: list[str] = []

    def hear(text: str) -> str:
        texts.append(text)
        return text

    _walk(record, hear)
    # Masked together, so that equal values get equal tokens.
    hidden = redact(_SEAM.join(texts)).text
    parts = hidden.split(_SEAM)
    if len(parts) != len(texts):
        return redact(body).text
    if parts == texts:
        return body
    turn = iter(parts)
    return json.dumps(_walk(record, lambda _text: next(turn)), ensure_ascii=False)


def words_of(body: str) -> str:
    """The words of a request's last message, or of an answer; any other text as it is."""
    try:
        record = json.loads(body)
    except ValueError:
        return body
    if not isinstance(record, dict):
        return body
    said: Any = record.get("content")
    for name, key in (("messages", -1), ("choices", 0)):
        rows = record.get(name)
        if isinstance(rows, list) and rows and isinstance(rows[key], dict):
            message = rows[key].get("message", rows[key])
            said = message.get("content") if isinstance(message, dict) else None
    if isinstance(said, list):
        blocks = [one.get("text") for one in said if isinstance(one, dict)]
        said = "\n".join(text for text in blocks if isinstance(text, str))
    return said if isinstance(said, str) and said else body


def _walk(value: Any, text: Callable[[str], str]) -> Any:
    """The same JSON value with its texts exchanged, but for what a service says of itself."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [_walk(one, text) for one in value]
    if isinstance(value, dict):
        return {
            key: one if key in _OWN and isinstance(one, str) else _walk(one, text)
            for key, one in value.items()
        }
    return value
