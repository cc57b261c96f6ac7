"""The mail door of this installation: SMTP in, receipts committed before "250 taken".

It speaks to the site's own mail server, not to the internet: it does no authentication and no
spam filtering, and listens on the loopback address unless told otherwise.
"""

import asyncio
from typing import Any, Final

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import close_old_connections

from integrations.receiving import NotReachable, mail_channels, receive

logger = structlog.get_logger(__name__)
MAX_RECIPIENTS: Final = 100
MAX_AT_ONCE: Final = 4  # mails being taken in; each holds its bytes and a database connection
IDLE_SECONDS: Final = 120
_LATER: Final = "451 4.3.0 The desk cannot take mail at this moment, try again later"
_UNKNOWN: Final = "550 5.1.1 There is no mailbox with this address here"
_TAKEN: Final = "250 2.0.0 Taken"


class MailHandler:
    """aiosmtpd's hooks."""

    def __init__(self) -> None:
        self.slots = asyncio.Semaphore(MAX_AT_ONCE)

    async def handle_RCPT(  # noqa: N802  the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take only what is for an active mail channel."""
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            known = await asyncio.to_thread(_fresh, mail_channels, [address])
        except NotReachable:
            return _LATER
        if not known:
            return _UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Commit the mail for every channel it names, then say so."""
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        async with self.slots:
            try:
                await asyncio.to_thread(_fresh, _take, list(envelope.rcpt_tos), raw)
            except NotReachable:
                return _LATER
            except Exception:  # intended: whatever happens, the sender keeps the mail
                logger.exception("mail_refused_for_now")
                return _LATER
        return _TAKEN

    async def handle_exception(self, error: Exception) -> str:
        """An error inside the protocol itself."""
        logger.error("smtp_protocol_error", error=repr(error))
        return _LATER


def _take(addresses: list[str], raw: bytes) -> None:
    # The same mail for two channels becomes two receipts; a retry finds those that are there.
    for channel in mail_channels(addresses):
        receive(channel, raw, envelope=addresses)


def _fresh(work: Any, *arguments: Any) -> Any:
    # Threads of the pool keep their connection; one that broke meanwhile must not be reused.
    close_old_connections()
    try:
        return work(*arguments)
    finally:
        close_old_connections()


class Protocol(SMTP):
    """SMTP without the limit of 1,000 bytes a line, which real mail does not keep."""

    line_length_limit = 2**24


async def listen(host: str, port: int, size_limit: int) -> asyncio.Server:
    """A listening server; port 0 takes a free one. Raises OSError where the port is taken."""
    handler = MailHandler()  # one gate for all connections

    def connection() -> Protocol:
        return Protocol(
            handler,
            data_size_limit=size_limit,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname="omnidesk",
            ident="OmniDesk",
            timeout=IDLE_SECONDS,
        )

    return await asyncio.get_running_loop().create_server(connection, host, port)
