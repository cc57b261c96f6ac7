"""Polling a mailbox: read without marking, commit, then mark as read.

Mail is known by (UIDVALIDITY, UID) and by Message-ID, so a look that was cut short loses nothing
and doubles nothing.
"""

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _
from imap_tools import (
    BaseMailBox,
    ImapToolsError,
    MailBox,
    MailboxLoginError,
    MailBoxStartTls,
    MailBoxUnencrypted,
)

from integrations.base import TransportError
from integrations.channels.email.oauth import access_token, forget_token, sasl, uses_oauth
from integrations.channels.email.sent_folder import read_sent
from integrations.mailkeeping import Basket, Incoming
from integrations.models import Channel, Receipt
from integrations.receiving import NotReachable, keep_headers
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import one_line
from omnidesk.core.vault import UnreadableSecret

TIMEOUT: Final = 60  # seconds a server may keep silent
MAX_A_LOOK: Final = 200
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d{1,12})")


def take_new(channel: Channel) -> int:
    """Take in what is new; returns how many mails. Raises TransportError."""
    with _opened(channel) as box:
        try:
            taken = _new_mail(channel, box)
            return taken + (read_sent(channel, box) if channel.settings.get("sent_folder") else 0)
        except NotReachable as problem:
            raise TransportError(_("The database was away.")) from problem


def test(channel: Channel) -> str:
    """Sign in and look, without taking anything. Raises TransportError."""
    if not channel.settings.get("imap_host"):
        return _("Mail to %(address)s arrives by the mail listener.") % {"address": channel.address}
    with _opened(channel) as box:
        status = box.folder.status(_folder(channel), ["MESSAGES", "UNSEEN"])
        if channel.settings.get("sent_folder"):
            box.folder.status(str(channel.settings["sent_folder"]), ["MESSAGES"])
    return _("Signed in at %(host)s: %(all)d mails, %(new)d unread.") % {
        "host": channel.settings["imap_host"],
        "all": int(status["MESSAGES"]),
        "new": int(status["UNSEEN"]),
    }


@contextmanager
def opened_mails(channel: Channel) -> Iterator[list[Callable[[], bytes | None]]]:
    """Every mail of the folder, to be read one by one and marked by nobody."""
    if str(channel.settings.get("protocol", "")) == "pop3" or not channel.settings.get("imap_host"):
        raise TransportError(_("Read by IMAP only."))
    with _opened(channel) as box:
        yield [partial(_whole, box, int(uid)) for uid in box.uids("ALL")]


def _whole(box: BaseMailBox, uid: int) -> bytes | None:
    return _fetch(box, uid, "BODY.PEEK[]") if _size(box, uid) <= settings.MAIL_MAX_BYTES else None


def _folder(channel: Channel) -> str:
    return str(channel.settings.get("imap_folder") or "INBOX")


@contextmanager
def _opened(channel: Channel) -> Iterator[BaseMailBox]:
    """The mailbox, signed in. Raises TransportError with the server's words."""
    try:
        # First the token: fetching one may take longer than a server waits for a sign-in.
        token = access_token(channel) if uses_oauth(channel) else ""
        box = _connect(channel)
        try:
            _sign_in(channel, box, token)
            yield box
        finally:
            _log_out(box)
    except UnreadableSecret as problem:
        raise TransportError(str(problem)) from problem
    except MailboxLoginError as problem:
        raise TransportError(one_line(str(problem), 250), refused=True) from problem
    except (ImapToolsError, imaplib.IMAP4.error, OSError) as problem:
        raise TransportError(one_line(str(problem) or type(problem).__name__, 250)) from problem


def _sign_in(channel: Channel, box: BaseMailBox, token: str) -> None:
    user = str(channel.settings.get("imap_user") or channel.address)
    if not token:
        box.login(user, channel.secret("password"), initial_folder=_folder(channel))
        return
    # A refusal comes as a further question; an empty answer to it asks for the end.
    answers = iter([sasl(user, token).encode()])
    try:
        box.client.authenticate("XOAUTH2", lambda _question: next(answers, b""))
    except box.client.abort:
        raise  # the line broke: nothing was refused
    except imaplib.IMAP4.error as problem:
        forget_token(channel)
        raise TransportError(one_line(str(problem), 250), refused=True) from problem
    box.folder.set(_folder(channel))


def _connect(channel: Channel) -> BaseMailBox:
    host = str(channel.settings["imap_host"])
    security = str(channel.settings.get("imap_security") or "ssl")
    port = int(channel.settings.get("imap_port") or (993 if security == "ssl" else 143))
    # Said explicitly: without a context, imaplib accepts any certificate.
    context = ssl.create_default_context()
    if security == "ssl":
        return MailBox(host, port, timeout=TIMEOUT, ssl_context=context)
    if security == "starttls":
        return MailBoxStartTls(host, port, timeout=TIMEOUT, ssl_context=context)
    return MailBoxUnencrypted(host, port, timeout=TIMEOUT)


def _log_out(box: BaseMailBox) -> None:
    with suppress(imaplib.IMAP4.error, OSError):
        # Not CLOSE: that would delete for good whatever somebody marked as deleted.
        box.client.logout()
        return
    with suppress(imaplib.IMAP4.error, OSError):
        box.client.shutdown()  # a broken line: at least give the socket back


def _new_mail(channel: Channel, box: BaseMailBox) -> int:
    status = box.folder.status(_folder(channel), ["UIDVALIDITY", "UIDNEXT"])
    validity = int(status["UIDVALIDITY"])
    if channel.cursor.get("uid_validity") != validity:
        # A mailbox seen for the first time may hold years of mail: only what nobody has read.
        channel.cursor = {"uid_validity": validity, "last_uid": 0, "unread_only": True}
    last = int(channel.cursor["last_uid"])
    unread_only = bool(channel.cursor.get("unread_only"))
    uids = [uid for uid in _listed(box, last, unread_only=unread_only) if uid > last]
    basket = Basket(channel)
    begun: dict[int, bool] = {}
    with basket:
        for uid in uids[:MAX_A_LOOK]:
            begun[uid] = _fetch_into(basket, channel, box, f"{validity}:{uid}")
            if basket.is_full:
                basket.empty()
                _settle(channel, box, begun, unread_only=unread_only)
                begun = {}
    _settle(channel, box, begun, unread_only=unread_only)
    if unread_only and len(uids) <= MAX_A_LOOK:
        _advance(channel, max(int(status["UIDNEXT"]) - 1, *uids, 0), unread_only=False)
    return basket.taken


def _settle(
    channel: Channel, box: BaseMailBox, begun: Mapping[int, bool], *, unread_only: bool
) -> None:
    """Mark as read what is kept (by UID, whether it was there), and go on behind it."""
    for uid, is_kept in begun.items():
        if is_kept:
            box.client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")
    if begun:
        _advance(channel, max(begun), unread_only=unread_only)


def _listed(box: BaseMailBox, last: int, *, unread_only: bool) -> list[int]:
    # "n:*" names the last mail even when its number is smaller than n; the caller drops it.
    return sorted(int(uid) for uid in box.uids("UNSEEN" if unread_only else f"UID {last + 1}:*"))


def _advance(channel: Channel, uid: int, *, unread_only: bool) -> None:
    channel.cursor = {**channel.cursor, "last_uid": uid, "unread_only": unread_only}
    with organization_scope(channel.organization_id):
        Channel.objects.filter(pk=channel.pk).update(cursor=channel.cursor)


def _fetch_into(basket: Basket, channel: Channel, box: BaseMailBox, remote_uid: str) -> bool:
    """Fetch a mail that is not here yet; of one that is too large the headers, kept at once.

    Returns False where it is gone.
    """
    if _has(channel, remote_uid):
        return True
    uid = int(remote_uid.partition(":")[2])
    size = _size(box, uid)
    large = size > settings.MAIL_MAX_BYTES
    raw = _fetch(box, uid, "BODY.PEEK[HEADER]" if large else "BODY.PEEK[]")
    if raw is None:  # deleted meanwhile by somebody else
        return False
    if large:
        receipt = keep_headers(channel, raw, size, remote_uid=remote_uid)
        basket.taken += not receipt.was_known
    else:
        basket.put(Incoming(raw, remote_uid))
    return True


def _has(channel: Channel, remote_uid: str) -> bool:
    with organization_scope(channel.organization_id):
        return Receipt.objects.filter(channel=channel, remote_uid=remote_uid).exists()


def _fetch(box: BaseMailBox, uid: int, what: str) -> bytes | None:
    status, data = box.client.uid("FETCH", str(uid), f"({what})")
    if status != "OK":
        raise TransportError(f"The server did not give mail {uid}: {status}")
    for item in data:
        if isinstance(item, tuple):
            return bytes(item[1])
    return None


def _size(box: BaseMailBox, uid: int) -> int:
    """The mail's size as the server says; 0 where it does not."""
    status, data = box.client.uid("FETCH", str(uid), "(RFC822.SIZE)")
    found = _SIZE.search(b" ".join(item for item in data if isinstance(item, bytes)))
    return int(found.group(1)) if status == "OK" and found else 0
