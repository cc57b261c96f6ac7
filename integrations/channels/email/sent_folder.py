"""Reading the mailbox's own Sent folder: answers from a mail program belong on their tickets.

The folder is opened for reading only. What lies there at the first look is old; from then on
the position counts, and a receipt keeps every mail from being taken twice.
"""

import re
from typing import Final

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from imap_tools import BaseMailBox

from integrations.actions.sent import take_sent
from integrations.base import TransportError
from integrations.channels.email.parse import parse
from integrations.models import Channel
from integrations.receiving import NotReachable
from omnidesk.core.tenancy import organization_scope

logger = structlog.get_logger(__name__)
MAX_A_LOOK: Final = 200
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d{1,12})")


def read_sent(channel: Channel, box: BaseMailBox) -> int:
    """Take what was sent since the last look; returns how many answers. Raises TransportError."""
    folder = str(channel.settings["sent_folder"])
    status = box.folder.status(folder, ["UIDVALIDITY", "UIDNEXT"])
    validity, after = int(status["UIDVALIDITY"]), int(status["UIDNEXT"])
    if channel.cursor.get("sent_validity") != validity:
        _advance(channel, validity, after - 1)
        return 0
    last = int(channel.cursor["sent_uid"])
    if after <= last + 1:
        return 0
    box.folder.set(folder, readonly=True)
    # "n:*" names the last mail even when its number is smaller than n.
    uids = sorted(int(uid) for uid in box.uids(f"UID {last + 1}:*"))
    taken = 0
    for uid in [one for one in uids if one > last][:MAX_A_LOOK]:
        taken += _take(channel, box, validity, uid)
        _advance(channel, validity, uid)
    return taken


def _advance(channel: Channel, validity: int, uid: int) -> None:
    channel.cursor = {**channel.cursor, "sent_validity": validity, "sent_uid": uid}
    with organization_scope(channel.organization_id):
        Channel.objects.filter(pk=channel.pk).update(cursor=channel.cursor)


def _take(channel: Channel, box: BaseMailBox, validity: int, uid: int) -> bool:
    status, data = box.client.uid("FETCH", str(uid), "(RFC822.SIZE BODY.PEEK[HEADER])")
    head = _bytes_of(data)
    if status != "OK" or head is None:
        return False
    mail = parse(head)
    if not (mail.in_reply_to or mail.references or mail.thread_token or "[#" in mail.subject):
        return False  # about no ticket: its words are not even fetched
    if _size(data) > settings.MAIL_MAX_BYTES:
        return False
    status, data = box.client.uid("FETCH", str(uid), "(BODY.PEEK[])")
    raw = _bytes_of(data)
    if status != "OK":
        raise TransportError(f"The server did not give mail {uid}: {status}")
    if raw is None:  # deleted meanwhile
        return False
    try:
        with organization_scope(channel.organization_id):
            receipt = take_sent(channel, parse(raw), raw, remote_uid=f"sent:{validity}:{uid}")
    except (OperationalError, InterfaceError) as problem:
        raise NotReachable from problem
    except Exception:  # intended: one odd mail must not stop the folder; it stays where it is
        logger.exception("sent_mail_not_taken", channel=channel.pk, uid=uid)
        return False
    return receipt is not None and not receipt.was_known


def _bytes_of(data: list[object]) -> bytes | None:
    found = next((item for item in data if isinstance(item, tuple)), None)
    return bytes(found[1]) if found else None


def _size(data: list[object]) -> int:
    told = b" ".join(item[0] if isinstance(item, tuple) else b"" for item in data)
    found = _SIZE.search(told)
    return int(found.group(1)) if found else 0
