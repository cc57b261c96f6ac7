"""What somebody wrote in a mail program becomes the desk's answer on the ticket."""

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.actions.content import content_of, note_refused
from integrations.actions.conversation import Match, is_staff, known_person, trace_thread
from integrations.actions.receipts import Verdict, keep, write_verdict
from integrations.base import InboundMessage
from integrations.channels.email.tokens import verify_token
from integrations.models import Channel, Delivery, Receipt, ReceiptState, Step
from omnidesk.core.clock import now
from tickets.actions.base import Actor
from tickets.actions.reply import add_note
from tickets.actions.sent import keep_sent
from tickets.choices import ActorKind
from tickets.copies import in_copy
from tickets.models import Message, Ticket


@transaction.atomic
def take_sent(
    channel: Channel, mail: InboundMessage, raw: bytes, *, remote_uid: str = ""
) -> Receipt | None:
    """Put a mail of the Sent folder on its ticket, exactly once; None where it is none of ours.

    What the desk sent itself, automatic mail and mail about no ticket leave no trace: the rest
    of the mailbox is nobody's business here. The caller holds the organization's scope.
    """
    if mail.error or mail.auto or _is_our_own(mail) or _is_known(channel, mail):
        return None
    match = trace_thread(channel, mail)
    if match is None:
        return None
    receipt = keep(
        channel,
        f"sent:{mail.external_id}",
        raw,
        remote_uid=remote_uid,
        sender=mail.sender.email.lower(),
        subject=mail.subject,
    )
    if receipt.was_known:
        return receipt
    with translation.override(channel.organization.language):
        message = _say(channel, mail, match.ticket)
        words = _("Sent from a mail program.")
        write_verdict(
            receipt, Verdict(ReceiptState.ACCEPTED, words, message, trail=_trail(match, mail))
        )
    return receipt


def _trail(match: Match, mail: InboundMessage) -> dict[str, object]:
    return {**match.trail(), "voice": "sent", "vouched": list(mail.vouched_by)}


def _is_our_own(mail: InboundMessage) -> bool:
    return bool(mail.own_token and verify_token(mail.own_token, settings.SECRET_KEY))


def _is_known(channel: Channel, mail: InboundMessage) -> bool:
    """Whether the same mail came another way, such as by a copy to the desk."""
    rows = Message.objects.filter(
        organization_id=channel.organization_id, external_id=mail.message_id
    )
    return bool(mail.message_id) and rows.exists()


def _say(channel: Channel, mail: InboundMessage, ticket: Ticket) -> Message:
    person = known_person(mail)
    author = person if person and is_staff(person, ticket.organization_id) else None
    actor = Actor.person(author) if author else Actor(ActorKind.PERSON, None, channel.name)
    content = content_of(mail)
    to = [box.email.lower() for box in (*mail.to, *mail.cc)]
    if not {ticket.requester.email.lower(), *in_copy(ticket)} & set(to):
        # To somebody else, such as a vendor: the requester has not read it.
        head = _("Sent from the mailbox to %(people)s:") % {"people": ", ".join(to[:5]) or "–"}
        text = f"{head}\n\n{content.text or _('(Only files)')}"
        return add_note(ticket=ticket, actor=actor, text=text, files=content.files)
    message = keep_sent(
        ticket=ticket,
        author=author,
        body=content.body(),
        actor=actor,
        at=min(mail.sent_at or now(), now()),
        detail=_("from a mail program"),
    )
    Delivery.objects.create(
        organization_id=channel.organization_id,
        message=message,
        channel=channel,
        recipients=to[:21],
        state=Step.SENT,
        external_id=mail.message_id[:300],
        next_try_at=now(),
        settled_at=now(),
    )
    note_refused(ticket, content.refused, actor)
    return message
