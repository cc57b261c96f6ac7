"""A real SMTP server in a thread: keeps what it takes, and misbehaves on request."""

import asyncio
import base64
import threading
import time
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass(frozen=True)
class Taken:
    """One mail that the server took."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class OutsideServer:
    """`replies` maps a command (MAIL, RCPT, DATA, or an address) to the answer to give instead.

    The answers `drop` (hang up) and `drop after taking` (keep the mail, then hang up without a
    word) simulate broken lines; `slow` seconds pass before the answer to DATA, `pause_greeting`
    before the one to EHLO.
    """

    def __init__(self) -> None:
        self.mails: list[Taken] = []
        self.replies: dict[str, str] = {}
        self.slow = 0.0
        self.pause_greeting = 0.0
        self.sessions = 0
        self.token = ""  # where set, only XOAUTH2 with "desk" and it may send
        self.port = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._server: asyncio.Server | None = None

    def start(self, port: int = 0) -> None:
        """Listen on `port`, or on a free one."""
        self.port = port
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the outside mail server did not start")

    def stop(self) -> None:
        """Close the door."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def wait_for(self, count: int, seconds: float = 10) -> list[Taken]:
        """The mails, once there are `count`."""
        end = time.monotonic() + seconds
        while len(self.mails) < count and time.monotonic() < end:
            time.sleep(0.02)
        return self.mails

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(
            self._loop.create_server(self._protocol, "127.0.0.1", self.port)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        self._server.close()
        self._loop.run_until_complete(self._server.wait_closed())
        self._loop.close()

    def _protocol(self) -> SMTP:
        self.sessions += 1
        return SMTP(
            self,
            decode_data=False,
            hostname="outside.example",
            data_size_limit=10**8,
            auth_require_tls=not self.token,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
        )

    async def auth_XOAUTH2(self, server: SMTP, words: list[str]) -> AuthResult:
        """As Google does: a refusal is a question first."""
        told = base64.b64decode(words[1]).decode() if len(words) > 1 else ""
        if self.token and told == f"user=desk\x01auth=Bearer {self.token}\x01\x01":
            return AuthResult(success=True)
        await server.challenge_auth('{"status":"401"}')
        return AuthResult(success=False, handled=False)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, host: str, lines: list[str]
    ) -> list[str]:
        session.host_name = host
        await asyncio.sleep(self.pause_greeting)
        return lines

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.token and not session.authenticated:
            return "530 sign in first"
        envelope.mail_from = address
        return self._answer(server, "MAIL", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        reply = self._answer(server, address, "") or self._answer(server, "RCPT", "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.slow)
        wanted = self.replies.get("DATA", "250 Taken as 7")
        if wanted.startswith("250") or wanted == "drop after taking":
            content = envelope.content or b""
            self.mails.append(
                Taken(
                    envelope.mail_from or "",
                    tuple(envelope.rcpt_tos),
                    content if isinstance(content, bytes) else content.encode(),
                )
            )
        return self._answer(server, "DATA", "250 Taken as 7")

    def _answer(self, server: SMTP, what: str, default: str) -> str:
        reply = self.replies.get(what, default)
        if reply.startswith("drop") and server.transport is not None:
            server.transport.abort()  # type: ignore[attr-defined]
        return reply if not reply.startswith("drop") else "421 gone"
