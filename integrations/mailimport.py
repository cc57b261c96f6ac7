"""Old mail in bulk: what would become of each, and the taking in itself.

The same decisions as for live mail, in the order of the mails' dates. Mails that only open a
ticket are taken in together, the others each in a transaction of its own, always with their
receipts: so an import that was ended goes on where it stopped, and the same file twice changes
nothing. Inside `writing_history` nobody is told of anything.
"""

import mailbox
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from integrations.actions.importing import (
    Old,
    announce_import,
    plan_mail,
    take_old,
    take_old_plain,
)
from integrations.channels.email import headers
from integrations.channels.email.mime import parse_headers
from integrations.channels.email.parse import parse
from integrations.models import Channel
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import organization_scope

logger = structlog.get_logger(__name__)
# Reads one mail again each time it is called; None: it is gone, or too large.
Source = Callable[[], bytes | None]
MAX_HEAD: Final = 200_000
AT_ONCE: Final = 50
MOST_BYTES: Final = 16 * 2**20
# Older than this, so that no sweep takes what is imported for news.
NEWEST: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a mail: `ticket`, `message`, `answer`, `known`, `quarantined`, `ignored`."""

    kind: str
    sender: str
    subject: str
    detail: str = ""


@dataclass(slots=True)
class Importer:
    """One run. `counts` says how many mails had which fate."""

    channel: Channel
    dry_run: bool = False
    leave_open: bool = False
    counts: Counter[str] = field(default_factory=Counter[str])
    # Message-IDs that this run would have put on tickets: a dry run follows threads by them.
    seen: set[str] = field(default_factory=set[str])

    def run(self, mails: Sequence[Source], *, limit: int = 0) -> Iterator[Fate]:
        """The fate of each mail, in the order of their dates. Only a few are in memory."""
        dated = [(_dated(read), number) for number, read in enumerate(mails)]
        chosen = [mails[number] for _moment, number in sorted(dated)[: limit or None]]
        for group in _groups(chosen):
            for fate in self._fates(group):
                self.counts[fate.kind] += 1
                yield fate
        if self.counts["ticket"] and not self.dry_run:
            with organization_scope(self.channel.organization_id):
                announce_import(self.channel, self.counts["ticket"])

    def _fates(self, raws: Sequence[bytes]) -> Iterator[Fate]:
        old = [_old(raw) for raw in raws]
        settled = {} if self.dry_run else self._together(old)
        for number, one in enumerate(old):
            kind, detail = settled.get(number) or self._alone(one)
            yield Fate(kind, one.mail.sender.email, one.mail.subject[:80], detail)

    def _together(self, old: Sequence[Old]) -> dict[int, tuple[str, str]]:
        try:
            with organization_scope(self.channel.organization_id):
                return take_old_plain(self.channel, old, leave_open=self.leave_open)
        except Exception:
            # intended: the one that is at fault ends the import with its reason, not the others
            logger.warning("mails_taken_apart", channel=self.channel.pk, exc_info=True)
            return {}

    def _alone(self, one: Old) -> tuple[str, str]:
        with organization_scope(self.channel.organization_id):
            if self.dry_run:
                return plan_mail(self.channel, one.mail, self.seen)
            return take_old(self.channel, one.mail, one.raw, one.moment, leave_open=self.leave_open)


def _old(raw: bytes) -> Old:
    mail = parse(raw)
    return Old(mail, raw, moment_of(mail.sent_at))


def _groups(mails: Sequence[Source]) -> Iterator[list[bytes]]:
    """The bytes of the mails that are still there, so many at once."""
    group: list[bytes] = []
    for read in mails:
        raw = read()
        if raw is None:  # deleted meanwhile, or over the limit
            continue
        group.append(raw)
        if len(group) >= AT_ONCE or sum(map(len, group)) >= MOST_BYTES:
            yield group
            group = []
    yield group


def moment_of(sent_at: datetime | None) -> datetime:
    """When the mail was sent; one without a usable date counts as of now."""
    latest = now() - NEWEST
    return min(sent_at, latest) if sent_at else latest


def _dated(read: Source) -> float:
    head = (read() or b"")[:MAX_HEAD].partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
    return moment_of(headers.date(parse_headers(head))).timestamp()


@contextmanager
def opened(path: Path) -> Iterator[Sequence[Source]]:
    """The mails of an mbox file, a Maildir, or a folder of .eml files. Raises BadInput."""
    if not path.exists():
        raise BadInput(_("There is no file “%(path)s”.") % {"path": str(path)[:200]})
    if path.is_dir() and not (path / "cur").is_dir():
        yield [partial(_file, one) for one in sorted(path.glob("*.eml"))]
        return
    if path.is_file():
        _check_mbox(path)
    box: Any = (
        mailbox.mbox(str(path), create=False) if path.is_file()
        else mailbox.Maildir(str(path), create=False)
    )  # fmt: skip
    try:
        yield [partial(_stored, box, key) for key in box.iterkeys()]
    finally:
        box.close()


def _check_mbox(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(5) != b"From ":
            raise BadInput(_("“%(path)s” is no mbox file.") % {"path": str(path)[:200]})


def _file(path: Path) -> bytes | None:
    return path.read_bytes() if path.stat().st_size <= settings.MAIL_MAX_BYTES else None


def _stored(box: Any, key: Any) -> bytes | None:
    try:
        content = bytes(box.get_bytes(key))
    except (KeyError, OSError):
        return None
    return content if len(content) <= settings.MAIL_MAX_BYTES else None
