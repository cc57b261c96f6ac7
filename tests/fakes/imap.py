"""A small, strict IMAP4rev1 server in a thread: one account, one INBOX.

It knows what a careful reader needs and answers BAD to the rest; `violations` lists commands
that would have marked, moved or deleted mail behind its owner's back.
"""

import asyncio
import base64
import re
import shlex
import threading
from dataclasses import dataclass, field


@dataclass
class Stored:
    """One mail in the INBOX."""

    uid: int
    content: bytes
    flags: set[str] = field(default_factory=set)


class Mailbox:
    """The server. `cut_after` hangs up after so many fetched bodies (a line that breaks)."""

    def __init__(self) -> None:
        self.user, self.password = "desk", "sesame 1"
        self.token = ""  # where set, only XOAUTH2 with it is taken
        self.validity = 7
        self.mails: list[Stored] = []
        self.sent: list[Stored] = []  # the folder "Sent"; nothing may be marked there
        self._selected = self.mails
        self.violations: list[str] = []
        self.commands: list[str] = []
        self.cut_after = -1
        self.port = 0
        self._next = 1
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the mailbox did not start")

    def stop(self) -> None:
        """Close it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def put(self, content: bytes, *, seen: bool = False) -> int:
        """Deliver a mail; returns its UID."""
        uid, self._next = self._next, self._next + 1
        self.mails.append(Stored(uid, content, {"\\Seen"} if seen else set()))
        return uid

    def seen(self) -> list[int]:
        """UIDs marked as read."""
        return [one.uid for one in self.mails if "\\Seen" in one.flags]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**26)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        signed_in = False
        try:
            while line := await reader.readline():
                tag, _, command = line.decode().strip().partition(" ")
                self.commands.append(command)
                verb = command.split(" ")[0].upper()
                if verb == "LOGOUT":
                    writer.write(f"* BYE bye\r\n{tag} OK done\r\n".encode())
                    break
                if verb == "LOGIN":
                    pair = shlex.split(command)[1:]
                    signed_in = not self.token and pair == [self.user, self.password]
                    done = "OK done" if signed_in else "NO [AUTHENTICATIONFAILED] wrong password"
                    writer.write(f"{tag} {done}\r\n".encode())
                elif verb == "AUTHENTICATE":
                    signed_in = await self._take_token(reader, writer)
                    done = "OK done" if signed_in else "NO AUTHENTICATE failed."
                    writer.write(f"{tag} {done}\r\n".encode())
                elif verb == "CAPABILITY":
                    can = "IMAP4rev1 AUTH=XOAUTH2" if self.token else "IMAP4rev1"
                    writer.write(f"* CAPABILITY {can}\r\n{tag} OK done\r\n".encode())
                else:
                    out = self._answer(command) if signed_in else None
                    done = "BAD not here" if out is None else "OK done"
                    writer.write((out or b"") + f"{tag} {done}\r\n".encode())
                await writer.drain()
                if self.cut_after == 0:
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _take_token(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"+ \r\n")
        told = base64.b64decode((await reader.readline()).strip()).decode()
        if self.token and told == f"user={self.user}\x01auth=Bearer {self.token}\x01\x01":
            return True
        # As Google does: the error first, then NO after an empty answer.
        writer.write(b"+ " + base64.b64encode(b'{"status":"401"}') + b"\r\n")
        if (await reader.readline()).strip():
            self.violations.append("no empty answer to the refusal")
        return False

    def _answer(self, command: str) -> bytes | None:
        """Untagged lines, or None for what this server refuses."""
        upper = command.upper()
        if upper.startswith("EXAMINE") and upper.endswith(' "SENT"'):
            self._selected = self.sent
            return f"* {len(self.sent)} EXISTS\r\n* OK [UIDVALIDITY 3]\r\n".encode()
        if upper.startswith("SELECT"):
            self._selected = self.mails
            return f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}]\r\n".encode()
        if upper.startswith("STATUS"):
            if '"SENT"' in upper:
                return self._status_of_sent(upper)
            return self._status(upper) if '"INBOX"' in upper else None
        if upper.startswith("UID SEARCH"):
            return self._search(upper)
        if upper.startswith("UID FETCH"):
            return self._fetch(command)
        if upper.startswith("UID STORE"):
            return self._store(command)
        self.violations.append(command)
        return None

    def put_sent(self, content: bytes) -> int:
        """Keep a mail in the Sent folder; returns its UID."""
        self.sent.append(Stored(len(self.sent) + 1, content, {"\\Seen"}))
        return len(self.sent)

    def _status_of_sent(self, command: str) -> bytes:
        count = len(self.sent)
        figures = {"MESSAGES": count, "UIDVALIDITY": 3, "UIDNEXT": count + 1}
        asked = [name for name in figures if re.search(rf"\b{name}\b", command)]
        return f'* STATUS "Sent" ({" ".join(f"{n} {figures[n]}" for n in asked)})\r\n'.encode()

    def _status(self, command: str) -> bytes:
        figures = {
            "MESSAGES": len(self.mails),
            "UNSEEN": len(self.mails) - len(self.seen()),
            "UIDVALIDITY": self.validity,
            "UIDNEXT": self._next,
        }
        asked = [name for name in figures if re.search(rf"\b{name}\b", command)]
        return f'* STATUS "INBOX" ({" ".join(f"{n} {figures[n]}" for n in asked)})\r\n'.encode()

    def _search(self, command: str) -> bytes:
        found = [one.uid for one in self._selected]
        if "UNSEEN" in command:
            found = [one.uid for one in self.mails if "\\Seen" not in one.flags]
        elif match := re.search(r"UID (\d+):\*", command.removeprefix("UID ")):
            first = int(match.group(1))
            # RFC 3501: "n:*" always includes the last mail.
            found = [uid for uid in found if uid >= first or uid == found[-1]]
        return f"* SEARCH {' '.join(map(str, found))}\r\n".encode()

    def _fetch(self, command: str) -> bytes | None:
        match = re.fullmatch(r"UID FETCH (\d+) \((.+)\)", command)
        if match is None:
            return None
        mail = next((one for one in self._selected if one.uid == int(match.group(1))), None)
        what = match.group(2)
        if mail is None:
            return b""
        head = f"* {self._selected.index(mail) + 1} FETCH (UID {mail.uid} "
        if what.startswith("RFC822.SIZE BODY.PEEK"):
            head, what = (
                f"{head}RFC822.SIZE {len(mail.content)} ",
                what.removeprefix("RFC822.SIZE "),
            )
        if what == "RFC822.SIZE":
            return f"{head}RFC822.SIZE {len(mail.content)})\r\n".encode()
        if what not in {"BODY.PEEK[]", "BODY.PEEK[HEADER]"}:
            self.violations.append(command)
            return None
        self.cut_after -= 1
        content = mail.content
        if what == "BODY.PEEK[HEADER]":
            content = content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        name = what.replace(".PEEK", "")
        return f"{head}{name} {{{len(content)}}}\r\n".encode() + content + b")\r\n"

    def _store(self, command: str) -> bytes | None:
        match = re.fullmatch(r"UID STORE (\d+) \+FLAGS\.SILENT \(\\Seen\)", command)
        if match is None or self._selected is self.sent:
            self.violations.append(command)
            return None
        for one in self.mails:
            if one.uid == int(match.group(1)):
                one.flags.add("\\Seen")
        return b""
