"""A small, strict POP3 server (RFC 1939, 5034) in a thread: one account, one maildrop.

It refuses what a real one refuses: commands out of turn, numbers that are not there, a password
where only tokens are taken. What was marked for deletion goes only after QUIT.
"""

import base64
import socketserver
import ssl
import threading
from dataclasses import dataclass, field


@dataclass
class Held:
    """One mail in the maildrop."""

    uid: str
    content: bytes


@dataclass
class Maildrop:
    """The server. `cut_after` hangs up after so many mails (a line that breaks)."""

    user: str = "desk"
    password: str = "sesame 1"
    token: str = ""
    context: ssl.SSLContext | None = None
    names_mails: bool = True
    cut_after: int = -1
    mails: list[Held] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    lies_about_size: bool = False

    def __post_init__(self) -> None:
        drop = self

        class Handler(socketserver.StreamRequestHandler):
            def setup(self) -> None:
                if drop.context is not None:
                    self.request = drop.context.wrap_socket(self.request, server_side=True)
                super().setup()

            def finish(self) -> None:
                super().finish()
                self.request.close()  # the wrapped one; the server knows only the other

            def handle(self) -> None:
                _Session(drop, self).run()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that hung up is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Close."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def put(self, content: bytes, uid: str = "") -> str:
        """Deliver a mail; returns its UIDL."""
        held = Held(uid or f"u{len(self.mails) + len(self.commands)}-{id(content)}", content)
        self.mails.append(held)
        return held.uid


class _Session:
    def __init__(self, drop: Maildrop, handler: socketserver.StreamRequestHandler) -> None:
        self.drop = drop
        self.handler = handler
        self.named = ""
        self.signed_in = False
        self.doomed: set[str] = set()
        self.held = list(drop.mails)  # the numbers are fixed for the session

    def run(self) -> None:
        self._say("+OK ready")
        while line := self.handler.rfile.readline(4096):
            command = line.decode("ascii", "replace").rstrip("\r\n")
            self.drop.commands.append(command.split(" ")[0].upper())
            if command.upper() == "QUIT":
                self.drop.mails = [one for one in self.drop.mails if one.uid not in self.doomed]
                self._say("+OK bye")
                return
            if self._answer(command) == "hang up":
                return

    def _say(self, text: str, lines: list[bytes] | None = None) -> None:
        out = text.encode() + b"\r\n"
        if lines is not None:
            stuffed = (b"." + one if one.startswith(b".") else one for one in lines)
            out += b"".join(one + b"\r\n" for one in stuffed) + b".\r\n"
        self.handler.wfile.write(out)

    def _answer(self, command: str) -> str:
        verb, _, rest = command.partition(" ")
        verb = verb.upper()
        if not self.signed_in:
            self._sign_in(verb, rest)
            return ""
        known = {
            "STAT": self._stat, "UIDL": self._uidl, "LIST": self._list, "RETR": self._retr,
            "TOP": self._top, "DELE": self._dele,
        }  # fmt: skip
        if verb not in known:
            self.drop.violations.append(command)
            self._say("-ERR unknown command")
            return ""
        return known[verb](rest) or ""

    def _sign_in(self, verb: str, rest: str) -> None:
        if verb == "USER" and not self.drop.token:
            self.named = rest
            self._say("+OK")
        elif verb == "PASS" and self.named:
            self.signed_in = (self.named, rest) == (self.drop.user, self.drop.password)
            self._say("+OK" if self.signed_in else "-ERR [AUTH] wrong password")
        elif (verb, rest) == ("AUTH", "XOAUTH2") and self.drop.token:
            self._say("+")
            told = base64.b64decode(self.handler.rfile.readline(30_000).strip()).decode()
            wanted = f"user={self.drop.user}\x01auth=Bearer {self.drop.token}\x01\x01"
            self.signed_in = told == wanted
            self._say("+OK" if self.signed_in else "-ERR [AUTH] the token is not accepted")
        else:
            self.drop.violations.append(verb)
            self._say("-ERR sign in first")

    def _stat(self, _rest: str) -> None:
        self._say(f"+OK {len(self.held)} {sum(len(one.content) for one in self.held)}")

    def _uidl(self, _rest: str) -> None:
        if not self.drop.names_mails:
            self._say("-ERR not here")
            return
        self._say("+OK", [f"{n} {one.uid}".encode() for n, one in enumerate(self.held, 1)])

    def _list(self, _rest: str) -> None:
        sizes = [10 if self.drop.lies_about_size else len(one.content) for one in self.held]
        self._say("+OK", [f"{n} {size}".encode() for n, size in enumerate(sizes, 1)])

    def _mail(self, rest: str) -> Held | None:
        number = rest.partition(" ")[0]
        found = int(number) - 1 if number.isdigit() else -1
        if 0 <= found < len(self.held) and self.held[found].uid not in self.doomed:
            return self.held[found]
        self.drop.violations.append(f"no mail {rest}")
        self._say("-ERR no such mail")
        return None

    def _retr(self, rest: str) -> str:
        if self.drop.cut_after == 0:
            return "hang up"
        self.drop.cut_after -= 1
        mail = self._mail(rest)
        if mail is not None:
            self._say("+OK", mail.content.removesuffix(b"\r\n").split(b"\r\n"))
        return ""

    def _top(self, rest: str) -> None:
        mail = self._mail(rest)
        if mail is not None:
            self._say("+OK", mail.content.partition(b"\r\n\r\n")[0].split(b"\r\n"))

    def _dele(self, rest: str) -> None:
        mail = self._mail(rest)
        if mail is not None:
            self.doomed.add(mail.uid)
            self._say("+OK")
