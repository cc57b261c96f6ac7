"""Who gets a copy of an answer: what the requester's side asked for, what an agent typed."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from omnidesk.core.errors import BadInput
from tickets.choices import MessageKind
from tickets.models import Message, Ticket

MOST_COPIES: Final = 20
_BETWEEN: Final = re.compile(r"[,;\s]+")
_NAMED: Final = re.compile(r"[^,;<>]*<([^<>]*)>")


def in_copy(ticket: Ticket) -> list[str]:
    """Addresses that the requester's side put in copy, each once, in order. Queries: 1."""
    rows = ticket.messages.filter(from_requester=True).values_list("cc", flat=True)
    return _once(str(one) for row in rows for one in row)


def takes_part(ticket: Ticket, address: str) -> bool:
    """Whether anybody ever put the address in copy, the desk included. Queries: 1."""
    rows = ticket.messages.exclude(kind=MessageKind.INTERNAL).values_list("cc", flat=True)
    return address.lower() in _once(str(one) for row in rows for one in row)


def copies_of(messages: Iterable[Message]) -> list[str]:
    """The same from messages that were read already. Queries: 0."""
    return _once(str(one) for row in messages if row.from_requester for one in row.cc)


def last_copies(messages: Sequence[Message]) -> list[str]:
    """Whom the next answer goes to beside the requester: as the last answer, else `copies_of`.

    What was added or taken away by hand holds on; somebody newly put in copy comes in. Queries: 0.
    """
    answers = [
        m for m in messages
        if m.kind == MessageKind.PUBLIC and not m.from_requester and not m.is_ai
    ]  # fmt: skip
    if not answers:
        return copies_of(messages)
    since = messages[messages.index(answers[-1]) + 1 :]
    return _once([*answers[-1].cc, *copies_of(since)])


def read_copies(text: str, *, requester: str) -> list[str]:
    """Addresses from a line: commas, semicolons or spaces between, names before `<...>` left out.

    The requester gets the answer anyway and is dropped. Raises `BadInput` naming the first that
    is no address, and for too many.
    """
    found = [one for one in _split(text) if one != requester.lower()]
    for one in found:
        if not _is_address(one):
            words = _("“%(address)s” is not an e-mail address.") % {"address": one[:80]}
            raise BadInput(words, "cc")
    if len(found) > MOST_COPIES:
        raise BadInput(_("At most %(limit)d copies.") % {"limit": MOST_COPIES}, "cc")
    return found


def complete_copies(text: str, *, requester: str) -> list[str]:
    """Those of a line that are addresses already, while somebody still types it."""
    found = [one for one in _split(text) if one != requester.lower() and _is_address(one)]
    return found[:MOST_COPIES]


def _split(text: str) -> list[str]:
    return _once(one for one in _BETWEEN.split(_NAMED.sub(r"\1,", text)) if one)


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _once(addresses: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(one.lower() for one in addresses))
