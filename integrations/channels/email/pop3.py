"""Reading a mailbox by POP3 (RFC 1939): known by UIDL, committed, then perhaps deleted.

POP3 has no "read" mark. Where mail stays on the server, what lies there at the first look
counts as old. Deleting takes effect at the server only when the session ends in order (QUIT):
a line that breaks before leaves the mail there, and its receipt makes the next look delete it.
"""

import base64
import hashlib
import poplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from integrations.base import TransportError
from integrations.channels.email.oauth import access_token, forget_token, sasl, uses_oauth
from integrations.mailkeeping import Basket, Incoming
from integrations.models import Channel, Receipt
from integrations.receiving import NotReachable, keep_headers
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import one_line
from omnidesk.core.vault import UnreadableSecret

TIMEOUT: Final = 60  # seconds a server may keep silent
MAX_A_LOOK: Final = 200
MAX_LISTED: Final = 200_000  # mails in one mailbox
LONGEST_LINE: Final = 2**20


class _Bounded:
    """Lines as long as real mail has them (the library stops at 2 KB), answers with an end."""

    file: Any
    limit: int = 0  # bytes that the present answer may still have; 0: no answer is bounded
    _debugging: int

    def _getline(self) -> tuple[bytes, int]:
        line = self.file.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise poplib.error_proto("line too long")
        if not line:
            raise poplib.error_proto("-ERR the server hung up")
        if self.limit:
            self.limit -= len(line)
            if self.limit <= 0:
                raise poplib.error_proto("the answer is longer than the server had said")
        return line.rstrip(b"\r\n"), len(line)


class Plain(_Bounded, poplib.POP3):
    """A session that begins in the clear."""


class Encrypted(_Bounded, poplib.POP3_SSL):
    """A session that is encrypted from the start."""


Box = Plain | Encrypted


def take_new(channel: Channel) -> int:
    """Take in what is new; returns how many mails. Raises TransportError."""
    with _opened(channel) as box:
        try:
            return _new_mail(channel, box)
        except NotReachable as problem:
            raise TransportError(_("The database was away.")) from problem


def test(channel: Channel) -> str:
    """Sign in and look, without taking anything. Raises TransportError."""
    with _opened(channel) as box:
        count, _octets = box.stat()
        _listing(box)
    return _("Signed in at %(host)s by POP3: %(all)d mails.") % {
        "host": channel.settings["imap_host"],
        "all": count,
    }


@contextmanager
def _opened(channel: Channel) -> Iterator[Box]:
    """The mailbox, signed in; QUIT at the end. Raises TransportError with the server's words."""
    box: Box | None = None
    try:
        # First the token: fetching one may take longer than a server waits for a sign-in.
        token = access_token(channel) if uses_oauth(channel) else ""
        box = _connect(channel)
        _sign_in(channel, box, token)
        yield box
        box.quit()
        box = None
    except UnreadableSecret as problem:
        raise TransportError(str(problem)) from problem
    except (poplib.error_proto, OSError, UnicodeError) as problem:
        raise TransportError(_words(problem)) from problem
    finally:
        if box is not None:
            # Without QUIT: what was marked for deletion stays at the server.
            with suppress(OSError, poplib.error_proto):
                box.close()


def _connect(channel: Channel) -> Box:
    host = str(channel.settings["imap_host"])
    security = str(channel.settings.get("imap_security") or "ssl")
    port = int(channel.settings.get("imap_port") or (995 if security == "ssl" else 110))
    context = ssl.create_default_context()
    if security == "ssl":
        return Encrypted(host, port, timeout=TIMEOUT, context=context)
    box = Plain(host, port, timeout=TIMEOUT)
    if security == "starttls":
        box.stls(context)
    return box


def _sign_in(channel: Channel, box: Box, token: str) -> None:
    user = str(channel.settings.get("imap_user") or channel.address)
    password = "" if token else channel.secret("password")
    if any(letter in user + password for letter in "\r\n"):
        raise TransportError(_("Use one line without control characters."))
    try:
        if token:
            # Two lines, the form that Microsoft and Google both understand.
            _command(box, "AUTH XOAUTH2", "+")
            _command(box, base64.b64encode(sasl(user, token).encode()).decode(), "+OK")
        else:
            box.user(user)
            box.pass_(password)
    except poplib.error_proto as problem:
        if token:
            forget_token(channel)
        raise TransportError(_words(problem), refused=True) from problem


def _command(box: Box, line: str, wanted: str) -> None:
    box._putcmd(line)  # type: ignore[union-attr]  # the library has no AUTH of its own
    answer, _size = box._getline()
    if not answer.startswith(wanted.encode()):
        if answer.startswith(b"+ "):  # an error in base64 follows; an empty line asks for the end
            box._putcmd("")  # type: ignore[union-attr]
            answer, _size = box._getline()
        raise poplib.error_proto(answer.decode("utf-8", "replace"))


def _words(problem: Exception) -> str:
    told = problem.args[0] if problem.args else ""
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(problem)
    return one_line(text or type(problem).__name__, 250)


def _new_mail(channel: Channel, box: Box) -> int:
    listed = _listing(box)
    sizes = _sizes(box)
    delete = bool(channel.settings.get("pop_delete"))
    if not delete and not channel.cursor.get("pop_begun"):
        _begin(channel, list(listed.values()))
        return 0
    old = set(channel.cursor.get("pop_old", []))
    known = _known(channel, list(listed.values()))
    if delete:
        for number, uid in listed.items():
            if uid in known:
                box.dele(number)
    new = [(n, uid) for n, uid in listed.items() if uid not in known and uid[:20] not in old]
    basket = Basket(channel)
    begun: list[int] = []
    with basket:
        for number, uid in new[:MAX_A_LOOK]:
            _fetch_into(basket, channel, box, number, uid, sizes.get(number, 0))
            begun.append(number)
            if basket.is_full:
                basket.empty()
                begun = _delete(box, begun, delete=delete)
    _delete(box, begun, delete=delete)
    return basket.taken


def _delete(box: Box, numbers: list[int], *, delete: bool) -> list[int]:
    """Delete what is kept, where that is wanted; returns what is left to delete, nothing."""
    for number in numbers if delete else ():
        box.dele(number)
    return []


def _begin(channel: Channel, uids: list[str]) -> None:
    """What lies there at the first look stays there, unread by the desk."""
    channel.cursor = {"pop_begun": True, "pop_old": [uid[:20] for uid in uids]}
    with organization_scope(channel.organization_id):
        Channel.objects.filter(pk=channel.pk).update(cursor=channel.cursor)


def _listing(box: Box) -> dict[int, str]:
    """Our name for each mail by its number; a mailbox without UIDL cannot be read safely."""
    box.limit = 100 * MAX_LISTED
    try:
        _answer, lines, _octets = box.uidl()
    except poplib.error_proto as problem:
        raise TransportError(
            _("The server does not name its mails (UIDL): they could be taken in twice.")
        ) from problem
    finally:
        box.limit = 0
    found: dict[int, str] = {}
    for line in lines[:MAX_LISTED]:
        number, _space, uid = line.partition(b" ")
        if number.isdigit() and uid:
            # Up to 70 characters of any kind: the digest fits the column and says as much.
            found[int(number)] = f"pop:{hashlib.sha256(uid).hexdigest()[:56]}"
    return found


def _sizes(box: Box) -> dict[int, int]:
    box.limit = 100 * MAX_LISTED
    try:
        _answer, lines, _octets = box.list()
    finally:
        box.limit = 0
    pairs = [line.split(b" ") for line in lines[:MAX_LISTED]]
    return {
        int(pair[0]): int(pair[1])
        for pair in pairs
        if len(pair) > 1 and pair[0].isdigit() and pair[1].isdigit()
    }


def _known(channel: Channel, uids: list[str]) -> set[str]:
    with organization_scope(channel.organization_id):
        rows = Receipt.objects.filter(channel=channel, remote_uid__in=uids)
        return set(rows.values_list("remote_uid", flat=True))


def _fetch_into(
    basket: Basket, channel: Channel, box: Box, number: int, uid: str, size: int
) -> None:
    """Fetch a mail; of one that is too large the headers, kept at once."""
    limit: int = settings.MAIL_MAX_BYTES
    if size > limit:
        head = _joined(box, lambda: box.top(number, 0), 2**20)
        receipt = keep_headers(channel, head, size, remote_uid=uid)
        basket.taken += not receipt.was_known
        return
    basket.put(Incoming(_joined(box, lambda: box.retr(number), limit * 2), uid))


def _joined(box: Box, ask: Any, limit: int) -> bytes:
    box.limit = limit
    try:
        _answer, lines, _octets = ask()
    finally:
        box.limit = 0
    return b"\r\n".join(lines) + b"\r\n"
