"""The mail door of this installation: SMTP in, receipts committed before "250 taken".

It speaks to the site's own mail server, not to the internet: it does no authentication and no
spam filtering, and listens on the loopback address unless told otherwise.

What many connections bring is kept with one transaction at a time, then taken in in batches by the
same process: so the sender waits for the receipt alone, and a lone mail is a ticket some
milliseconds later. Should the process die in between, a worker finds what waits.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import close_old_connections

from integrations import taking
from integrations.mailkeeping import Incoming, keep_mails
from integrations.models import Channel
from integrations.receiving import NotReachable, mail_channels

logger = structlog.get_logger(__name__)
MAX_RECIPIENTS: Final = 100
# Mails that are kept with one transaction, and their bytes.
MAX_AT_ONCE: Final = 50
MAX_BYTES: Final = 32 * 2**20
# Where mail streams in, so long is waited for more of it: fifty cost little more than one.
GATHER_SECONDS: Final = 0.25
# So long an address is known as what it was, to all connections. A mailbox that is paused
# meanwhile keeps what comes, and takes it in when it works again.
KNOWN_SECONDS: Final = 2.0
MOST_KNOWN: Final = 1_000
IDLE_SECONDS: Final = 120
_LATER: Final = "451 4.3.0 The desk cannot take mail at this moment, try again later"
_UNKNOWN: Final = "550 5.1.1 There is no mailbox with this address here"
_TAKEN: Final = "250 2.0.0 Taken"


@dataclass(frozen=True, slots=True)
class _Brought:
    """A mail that a connection waits for, for each of its mailboxes."""

    channels: tuple[Channel, ...]
    mail: Incoming
    kept: "asyncio.Future[None]"


class Door:
    """Keeps mail for all connections, and takes it in; both as long as there is any."""

    def __init__(self) -> None:
        self._brought: list[_Brought] = []
        self._known: dict[str, tuple[float, list[Channel]]] = {}
        self._waiting: dict[int, Channel] = {}
        # How many were kept since something was taken in, and when that was.
        self._kept = 0
        self._full = asyncio.Event()
        self._taken_at = float("-inf")
        self._keeping: asyncio.Task[None] | None = None
        self._taking: asyncio.Task[None] | None = None

    async def channels(self, address: str) -> list[Channel]:
        """The mailboxes with this address, as they were known a moment ago. Raises NotReachable."""
        since, known = self._known.get(address, (0.0, []))
        if not known or time.monotonic() - since > KNOWN_SECONDS:
            known = await asyncio.to_thread(_fresh, mail_channels, [address])
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[address] = (time.monotonic(), known)
        return known

    async def keep(self, channels: Sequence[Channel], mail: Incoming) -> None:
        """Returns once the mail is committed for every channel. Raises NotReachable."""
        kept = asyncio.get_running_loop().create_future()
        self._brought.append(_Brought(tuple(channels), mail, kept))
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep_all())
        await kept

    async def _keep_all(self) -> None:
        while self._brought:
            batch = self._next()
            problems = await asyncio.to_thread(_fresh, keep_batch, batch)
            for one, problem in zip(batch, problems, strict=True):
                if one.kept.done():
                    continue  # its connection is gone
                if problem is None:
                    one.kept.set_result(None)
                else:
                    one.kept.set_exception(problem)
            self._waiting |= {channel.pk: channel for one in batch for channel in one.channels}
            self._kept += len(batch)
            if self._kept >= MAX_AT_ONCE:
                self._full.set()
            if self._taking is None or self._taking.done():
                self._taking = asyncio.create_task(self._take_all())

    def _next(self) -> list[_Brought]:
        count = size = 0
        while count < min(len(self._brought), MAX_AT_ONCE) and (size < MAX_BYTES or not count):
            size += len(self._brought[count].mail.raw)
            count += 1
        batch, self._brought = self._brought[:count], self._brought[count:]
        return batch

    async def _take_all(self) -> None:
        while self._waiting:
            await self._gather()
            waiting, self._waiting, self._kept = self._waiting, {}, 0
            self._full.clear()
            for channel in waiting.values():
                try:
                    await asyncio.to_thread(_fresh, taking.take_what_waits, channel)
                except Exception:  # intended: the sweep comes for it
                    logger.exception("mail_not_taken_in", channel=channel.pk)
            self._taken_at = time.monotonic()

    async def _gather(self) -> None:
        """A lone mail waits for nobody; one that follows others at once waits for the next."""
        if time.monotonic() - self._taken_at > GATHER_SECONDS:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._full.wait(), GATHER_SECONDS)


def keep_batch(batch: Sequence[_Brought]) -> list[Exception | None]:
    """Keep mails for their mailboxes, one transaction for each mailbox; who failed, and by what."""
    problems: dict[int, Exception] = {}
    channels = {channel.pk: channel for one in batch for channel in one.channels}
    for pk, channel in channels.items():
        mine = [n for n, one in enumerate(batch) if pk in {other.pk for other in one.channels}]
        try:
            keep_mails(channel, [batch[number].mail for number in mine], counts=False)
        except Exception as problem:
            # intended: whatever happens, the senders keep their mails and come again
            if not isinstance(problem, NotReachable):
                logger.exception("mail_refused_for_now")
            problems |= dict.fromkeys(mine, problem)
    return [problems.get(number) for number in range(len(batch))]


class MailHandler:
    """aiosmtpd's hooks, for one connection."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def handle_RCPT(  # noqa: N802  the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take only what is for an active mail channel."""
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            known = await self._door.channels(address)
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
        try:
            # The same mail for two channels becomes two receipts; a retry finds those there are.
            known = [await self._door.channels(address) for address in envelope.rcpt_tos]
            channels = {channel.pk: channel for found in known for channel in found}
            mail = Incoming(raw, envelope=tuple(envelope.rcpt_tos))
            await self._door.keep(list(channels.values()), mail)
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
    door = Door()  # one for all connections

    def connection() -> Protocol:
        return Protocol(
            MailHandler(door),
            data_size_limit=size_limit,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname="omnidesk",
            ident="OmniDesk",
            timeout=IDLE_SECONDS,
        )

    return await asyncio.get_running_loop().create_server(connection, host, port)
