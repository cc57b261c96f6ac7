"""Reading received mail: why one is where it is, in words."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.base import InboundMessage
from integrations.models import Receipt, Rethreading
from integrations.registry import read

_MATCHED: dict[str, Promise] = {
    "token": gettext_lazy("It carries our signed mark of the ticket."),
    "in_reply_to": gettext_lazy("It answers a mail of the ticket (In-Reply-To)."),
    "references": gettext_lazy("It refers to a mail of the ticket (References)."),
    "subject": gettext_lazy("Its subject holds the ticket's number."),
    "alarm": gettext_lazy("It is an alarm of the same host and service."),
    "": gettext_lazy("Nothing in it refers to a ticket."),
}
_VOICES: dict[str, Promise] = {
    "requester": gettext_lazy("The sender is the requester, or was put in copy."),
    "desk": gettext_lazy("The sender is an agent, and the trusted mail server vouches for that."),
    "note": gettext_lazy(
        "The sender's address is an agent's, but no trusted mail server vouches for it: it became "
        "an internal note."
    ),
    "stranger": gettext_lazy(
        "The sender may not write on that ticket: the mail opened one of its own, linked to it."
    ),
    "sent": gettext_lazy("It lay in the mailbox's own Sent folder: the desk wrote it."),
    "": gettext_lazy("There was nothing to check: the mail opened a ticket."),
}


@dataclass(frozen=True, slots=True)
class Why:
    """What the page shows of one mail. `trail` is empty for mail from before it was kept."""

    receipt: Receipt
    mail: InboundMessage
    matched: str
    checked: str
    evidence: str
    number: int | None
    vouched: list[str]
    route: str
    kept: bool
    moves: list[Rethreading] = field(default_factory=list[Rethreading])


def why_of(receipt: Receipt) -> Why:
    """Queries: 1 (its moves)."""
    trail: dict[str, Any] = receipt.trail or {}
    moves = receipt.rethreadings.select_related("from_ticket", "to_ticket", "moved_by")
    unknown = _("This mail came before its reasons were kept.")
    return Why(
        receipt=receipt,
        mail=read(receipt.channel.kind, bytes(receipt.raw)),
        matched=str(_MATCHED.get(trail.get("by", ""), "")) if "by" in trail else unknown,
        checked=str(_VOICES.get(trail.get("voice", ""), "")) if "by" in trail else unknown,
        evidence=str(trail.get("evidence", "")),
        number=trail.get("number"),
        vouched=list(trail.get("vouched", [])),
        route=str(trail.get("route", "")),
        kept="by" in trail,
        moves=list(moves[:20]),
    )
