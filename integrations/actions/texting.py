"""What becomes of a text message: an opt-out, a message on the person's ticket, a new ticket."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from integrations.actions.contacts import contact_for, set_opt_out
from integrations.actions.content import note_refused
from integrations.actions.receipts import MAX_PER_HOUR, Verdict, flooding, write_verdict
from integrations.base import InboundText
from integrations.models import Channel, Receipt, ReceiptState
from integrations.texting.phones import normalise
from integrations.texting.words import Opt
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.text import clean_text, detect_language
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor
from tickets.actions.intake import LONGEST_TEXT, Body, Triage, open_ticket, receive_message
from tickets.choices import ActorKind, Source, StatusCategory
from tickets.models import Message, Ticket

# A text within this time after the solution is about the same matter.
STILL_WARM: Final = timedelta(days=3)
_NUMBER: Final = re.compile(r"#(\d{1,18})\b")


@transaction.atomic
def accept_text(
    receipt: Receipt, text: InboundText, files: Sequence[NewFile] = (),
    refused: Sequence[str] = (),
) -> None:  # fmt: skip
    """Settle the receipt of a text message, with what it led to, in one transaction.

    The caller holds the scope. `files` were fetched before; `refused` are sentences about those
    that were not kept.
    """
    locked = Receipt.objects.select_for_update(of=("self",)).get(pk=receipt.pk)
    if locked.state != ReceiptState.WAITING:
        return
    write_verdict(locked, _decide(receipt.channel, text, files, refused))


def _decide(
    channel: Channel, text: InboundText, files: Sequence[NewFile], refused: Sequence[str]
) -> Verdict:
    phone = normalise(text.sender, str(channel.settings.get("country", "")))
    if not phone:
        return Verdict(ReceiptState.QUARANTINED, _("The sender's number cannot be read."))
    if text.opt is not None:
        return _opted(channel, phone, text.opt)
    if flooding(channel, text.sender):
        reason = _("More than %(limit)d messages from this number within an hour.")
        return Verdict(ReceiptState.QUARANTINED, reason % {"limit": MAX_PER_HOUR})
    contact = contact_for(channel, phone, text.name)
    if contact is None or contact.user is None:
        return Verdict(ReceiptState.QUARANTINED, _("The sender is not known here."))
    if not contact.user.is_active:
        return Verdict(ReceiptState.QUARANTINED, _("The sender's account is closed."))
    message = _say(channel, contact.user, text, files)
    note_refused(message.ticket, refused, _actor(channel))
    return Verdict(ReceiptState.ACCEPTED, message=message)


def _opted(channel: Channel, phone: str, opt: Opt) -> Verdict:
    if opt is Opt.HELP:
        return Verdict(ReceiptState.IGNORED, _("Asked for help; the provider answers that."))
    set_opt_out(channel, phone, out=opt is Opt.STOP)
    reason = _("Opted out of text messages.") if opt is Opt.STOP else _("Wants messages again.")
    return Verdict(ReceiptState.IGNORED, reason)


def _say(channel: Channel, person: User, text: InboundText, files: Sequence[NewFile]) -> Message:
    words = clean_text(text.text, LONGEST_TEXT).strip() or _("(Only files)")
    body = Body(text=words, external_id=text.external_id, files=files)
    ticket = thread_for(channel, person, words)
    if ticket is not None:
        return receive_message(
            ticket=ticket, author=person, body=body, source=Source.SMS, actor=_actor(channel)
        )
    ticket = open_ticket(
        organization_id=channel.organization_id,
        requester=person,
        subject=_subject(words),
        body=body,
        source=Source.SMS,
        actor=_actor(channel),
        triage=Triage(
            category=channel.default_category,
            team=channel.default_team,
            language=detect_language(words, person.language),
        ),
    )
    return ticket.messages.get(is_opening=True)


def thread_for(channel: Channel, person: User, words: str) -> Ticket | None:
    """The person's ticket that a text goes on: the one it names, else the newest open by SMS."""
    tickets = Ticket.objects.alive().filter(
        organization_id=channel.organization_id, requester=person
    )
    named = _NUMBER.search(words)
    if named is not None and int(named.group(1)) < 2**63:
        ticket = tickets.filter(number=int(named.group(1))).first()
        if ticket is not None:
            return ticket
    running = Q(status_category__in=[StatusCategory.OPEN, StatusCategory.PENDING])
    warm = Q(status_category=StatusCategory.SOLVED, last_activity_at__gte=now() - STILL_WARM)
    rows = tickets.filter(running | warm, source=Source.SMS)
    return rows.order_by("-last_activity_at").first()


def _subject(words: str) -> str:
    line = next((one.strip() for one in words.splitlines() if one.strip()), "")
    return line if len(line) <= 80 else f"{line[:79].rstrip()}…"


def _actor(channel: Channel) -> Actor:
    return Actor.machine(ActorKind.CHANNEL, channel.name)
