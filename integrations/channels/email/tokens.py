"""The signed mark by which a reply finds its ticket even when References are lost.

It stands in the Message-ID of every mail that we send (`od.<ticket>.<message>.<signature>@...`)
and may stand in a plus address (`desk+od.1a.2b.…@example.org`). Lower case and digits only: some
relays fold the case of addresses.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final

_TOKEN: Final = re.compile(
    r"(?<![a-z0-9])od\.([0-9a-z]{1,13})\.([0-9a-z]{1,13})\.([a-z2-7]{16})", re.IGNORECASE
)
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def thread_token(ticket_id: int, message_id: int, secret: str) -> str:
    """The mark for a message of a ticket; 80 bits of HMAC-SHA-256 guard it."""
    ticket, message = _base36(ticket_id), _base36(message_id)
    return f"od.{ticket}.{message}.{_signature(ticket, message, secret)}"


def verify_token(token: str, secret: str) -> tuple[int, int] | None:
    """(ticket id, message id) of a genuine mark, or None."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    ticket, message, signature = (one.lower() for one in found.groups())
    if not hmac.compare_digest(signature, _signature(ticket, message, secret)):
        return None
    return int(ticket, 36), int(message, 36)


def find_token(texts: Iterable[str]) -> str:
    """The first mark in the given message ids and addresses; '' where there is none.

    Not verified: the caller knows the secret.
    """
    for text in texts:
        found = _TOKEN.search(text[:600])
        if found:
            return found.group(0).lower()
    return ""


def _signature(ticket: str, message: str, secret: str) -> str:
    data = f"mail-thread:{ticket}.{message}".encode()
    digest = hmac.new(secret.encode(), data, hashlib.sha256).digest()
    return base64.b32encode(digest[:10]).decode().lower()


def _base36(number: int) -> str:
    if number < 0:
        raise ValueError("ids are not negative")
    out = ""
    while True:
        number, digit = divmod(number, 36)
        out = _DIGITS[digit] + out
        if not number:
            return out
