"""Old mail in bulk: what would become of each, and the taking in itself.

The same decisions as for live mail, in the order of the mails' dates. Each mail is one
transaction with its receipt, so that an import that was ended goes on where it stopped, and
the same file twice changes nothing. Inside `writing_history` nobody is told of anything.
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

from django.conf import settings
from django.utils.translation import gettext as _

from integrations.actions.importing import announce_import, plan_mail, take_old
from integrations.channels.email import headers
from integrations.channels.email.mime import parse_headers
from integrations.channels.email.parse import parse
from integrations.models import Channel
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import organization_scope

# Reads one mail again each time it is called; None: it is gone, or too large.
Source = Callable[[], bytes | None]
MAX_HEAD: Final = 200_000
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
        """The fate of each mail, in the order of their dates. Only one mail is in memory."""
        dated = [(_dated(read), number) for number, read in enumerate(mails)]
        for _moment, number in sorted(dated)[: limit or None]:
            raw = mails[number]()
            if raw is None:  # deleted meanwhile, or over the limit
                continue
            fate = self._one(raw)
            self.counts[fate.kind] += 1
            yield fate
        if self.counts["ticket"] and not self.dry_run:
            with organization_scope(self.channel.organization_id):
                announce_import(self.channel, self.counts["ticket"])

    def _one(self, raw: bytes) -> Fate:
        mail = parse(raw)
        with organization_scope(self.channel.organization_id):
            if self.dry_run:
                kind, detail = plan_mail(self.channel, mail, self.seen)
            else:
                moment = moment_of(mail.sent_at)
                kind, detail = take_old(self.channel, mail, raw, moment, leave_open=self.leave_open)
        return Fate(kind, mail.sender.email, mail.subject[:80], detail)


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
