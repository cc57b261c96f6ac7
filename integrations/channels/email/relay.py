"""The one door by which mail leaves: an SMTP server by EMAIL_URL, or files where none is set."""

import os
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings

from integrations.base import SendResult, TransportError

logger = structlog.get_logger(__name__)
CONNECT_TIMEOUT: Final = 20  # seconds
COMMAND_TIMEOUT: Final = 60
PORTS: Final = {"smtp": 25, "smtps": 465, "smtp+tls": 587}
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_DOT: Final = re.compile(rb"(?m)^\.")
_PERMANENT: Final = 500


class Door(Protocol):
    """Takes a finished mail and hands it on."""

    def send(
        self, sender: str, recipients: Sequence[str], data: bytes, *, key: str,
        handing_over: Callable[[], None],
    ) -> SendResult:  # fmt: skip
        """Hand the mail over once. Raises TransportError."""


def door() -> Door:
    """The door of this installation, by its EMAIL_URL."""
    return relay_from(settings.EMAIL_URL) if settings.EMAIL_URL else Outbox(settings.OUTGOING_DIR)


def relay_from(url: str) -> "Relay":
    """The server that an EMAIL_URL names (smtp://, smtps://, smtp+tls://user:password@host:port)."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("EMAIL_URL must look like smtp+tls://user:password@host:port.")
    return Relay(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        security=parts.scheme,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


@dataclass(frozen=True, slots=True)
class Outbox:
    """Mail as files, one each: for installations without a mail server."""

    folder: Path

    def send(
        self, sender: str, recipients: Sequence[str], data: bytes, *, key: str,
        handing_over: Callable[[], None],
    ) -> SendResult:  # fmt: skip
        """Write `<key>.eml`, whole or not at all; the same key overwrites itself."""
        handing_over()
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", key)[:120] or "mail"
        path = self.folder / f"{name}.eml"
        draft = path.with_name(f".{name}.{os.getpid()}.part")
        envelope = f"X-Envelope-To: {', '.join(recipients)}\r\n".encode("ascii", "replace")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(envelope + data)
            draft.replace(path)
        except OSError as problem:
            raise TransportError(f"The mail cannot be written: {problem.strerror}") from problem
        logger.info("mail_written_to_file", path=str(path), recipients=list(recipients))
        return SendResult(detail=f"written to {path.name}, no mail server is set")


@dataclass(frozen=True, slots=True)
class Relay:
    """An SMTP server."""

    host: str
    port: int
    security: str = "smtp"
    user: str = ""
    password: str = field(default="", repr=False)
    # A mailbox's own server: its refusals count against the channel, and it may want a token.
    is_own: bool = False
    token: str = field(default="", repr=False)

    def send(
        self, sender: str, recipients: Sequence[str], data: bytes, *, key: str,
        handing_over: Callable[[], None],
    ) -> SendResult:  # fmt: skip
        """One SMTP session; `handing_over` is called when only the final dot is missing.

        Without that dot the server must drop what it got (RFC 5321, 4.1.1.4), so a process that
        is killed before it has sent nothing, however long the mail.
        """
        with self._session() as client:
            _expect(client.mail(sender), 250, "sender")
            refused = _name_recipients(client, recipients)
            client.putcmd("data")
            _expect(client.getreply(), 354, "mail")
            words = _pour(client, data, handing_over)
        detail = words
        if refused:
            detail = f"{words}; refused: {'; '.join(refused)}"
        return SendResult(external_id=key, detail=detail[:300])

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        client = self._connect()
        try:
            self._sign_in(client)
            client.ehlo_or_helo_if_needed()
            yield client
            _say_goodbye(client)
        except smtplib.SMTPAuthenticationError as problem:
            # The administrator can correct the password: the answer must not be lost meanwhile.
            raise TransportError(
                f"Sign-in refused: {_words(problem.smtp_error)}", refused=self.is_own
            ) from problem
        except smtplib.SMTPResponseException as problem:
            raise _refusal(problem.smtp_code, problem.smtp_error) from problem
        except (smtplib.SMTPException, OSError) as problem:
            raise TransportError(f"{self.host}: {problem or type(problem).__name__}") from problem
        finally:
            # Without QUIT after a failure: in the middle of DATA it would be text of the mail.
            client.close()

    def _sign_in(self, client: smtplib.SMTP) -> None:
        if self.token:
            client.ehlo_or_helo_if_needed()
            answer = f"user={self.user}\x01auth=Bearer {self.token}\x01\x01"
            # A refusal comes as a further question (334); an empty answer asks for the end.
            client.auth("XOAUTH2", lambda question=None: answer if question is None else "")
        elif self.user:
            client.login(self.user, self.password)

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        try:
            client: smtplib.SMTP
            if self.security == "smtps":
                client = smtplib.SMTP_SSL(
                    self.host, self.port, _own_name(), timeout=CONNECT_TIMEOUT, context=context
                )
            else:
                client = smtplib.SMTP(self.host, self.port, _own_name(), timeout=CONNECT_TIMEOUT)
            if self.security == "smtp+tls":
                client.starttls(context=context)
        except (smtplib.SMTPException, OSError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else str(problem)
            raise TransportError(
                f"{self.host}:{self.port} cannot be reached: {reason or problem}"
            ) from problem
        if client.sock is not None:
            client.sock.settimeout(COMMAND_TIMEOUT)
        return client


def _own_name() -> str:
    # Not socket.getfqdn(): it asks the name service, which may take its time.
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    return f"[{host}]" if re.fullmatch(r"[\d.]+", host) else host


def _name_recipients(client: smtplib.SMTP, recipients: Sequence[str]) -> list[str]:
    refused: list[str] = []
    for number, recipient in enumerate(recipients):
        code, words = client.rcpt(recipient)
        if code in {250, 251, 252}:
            continue
        if number == 0:  # the person the answer is for; the others only get copies
            raise _refusal(code, words)
        refused.append(f"{recipient}: {_words(words)}")
    return refused


def _pour(client: smtplib.SMTP, data: bytes, handing_over: Callable[[], None]) -> str:
    """Send the mail itself. A lost answer is uncertain: the server may have taken it."""
    lines = _DOT.sub(b"..", _LINE_END.sub(b"\r\n", data))
    client.send(lines if lines.endswith(b"\r\n") else lines + b"\r\n")
    handing_over()
    try:
        client.send(b".\r\n")
        code, words = client.getreply()
    except (smtplib.SMTPException, OSError) as problem:
        raise TransportError(
            f"The connection broke during the hand-over: {problem or type(problem).__name__}",
            uncertain=True,
        ) from problem
    _expect((code, words), 250, "mail")
    return _words(words)


def _expect(reply: tuple[int, bytes], code: int, what: str) -> None:
    if reply[0] != code:
        raise _refusal(reply[0], reply[1] or what.encode())


def _refusal(code: int, words: bytes | str) -> TransportError:
    # 421 and every other 4xx: later, perhaps. -1 is smtplib's "the line went dead".
    return TransportError(f"{code} {_words(words)}".strip(), permanent=code >= _PERMANENT)


def _words(value: bytes | str) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return " ".join(text.split())[:250]


def _say_goodbye(client: smtplib.SMTP) -> None:
    # The mail is taken; whatever happens to the goodbye changes nothing.
    with suppress(smtplib.SMTPException, OSError):
        if client.sock is not None:
            client.sock.settimeout(5)
        client.quit()
