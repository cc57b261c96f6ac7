"""What becomes of something received: a ticket, a message on one, or a place in quarantine."""

from dataclasses import replace

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.actions.alarming import sighting_of, take_alarm
from integrations.actions.content import (
    Content,
    content_of,
    note_refused,
    opening_of,
)
from integrations.actions.conversation import (
    LONGEST_ADDRESS,
    Match,
    Voice,
    belongs,
    known_person,
    may_open,
    person_for,
    route_for,
    trace_thread,
    voice_of,
)
from integrations.actions.outbound import record_bounce
from integrations.actions.receipts import MAX_PER_HOUR, Verdict, flooded, keep, write_verdict
from integrations.base import InboundMessage
from integrations.blocklist import block_on
from integrations.channels.email.tokens import verify_token
from integrations.models import Channel, MailRoute, Receipt, ReceiptState
from omnidesk.accounts.models import User
from omnidesk.core.history import history_moment
from omnidesk.core.text import LANGUAGES, clean_text
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Opening, Triage, open_tickets, receive_message
from tickets.actions.links import link_new_ticket
from tickets.actions.reply import add_note, reply
from tickets.actions.sent import keep_sent
from tickets.choices import ActorKind, Source
from tickets.linking import Relation
from tickets.models import Message, Ticket

logger = structlog.get_logger(__name__)


@transaction.atomic
def accept_inbound(
    channel: Channel, mail: InboundMessage, raw: bytes, *, remote_uid: str = ""
) -> Receipt:
    """Take the mail in, exactly once; the caller holds the organization's scope.

    One transaction: the receipt with the bytes as they came, and what they led to. The same
    mail again returns the first receipt with `was_known` set.
    """
    receipt = _receipt(channel, mail, raw, remote_uid)
    if receipt.was_known:
        return receipt
    return _settle(receipt, channel, mail, forced=False)


@transaction.atomic
def take_kept(receipt: Receipt, channel: Channel, mail: InboundMessage) -> Receipt:
    """Decide on a mail that waits, exactly once: one that was settled meanwhile stays as it is.

    The caller holds the organization's scope.
    """
    locked = Receipt.objects.light().select_for_update(of=("self",)).get(pk=receipt.pk)
    if locked.state != ReceiptState.WAITING:
        return locked
    return _settle(locked, channel, mail, forced=False)


@transaction.atomic
def note_kept_passed_on(receipt: Receipt, channel: Channel, to: str) -> None:
    """Another mailbox took in a mail that waited here: the bytes are theirs to read."""
    locked = Receipt.objects.light().select_for_update(of=("self",)).get(pk=receipt.pk)
    if locked.state == ReceiptState.WAITING:
        locked.raw, locked.size = b"", 0
        locked.save(update_fields=["raw", "size"])
        write_verdict(locked, _passed_on(channel, to))


@transaction.atomic
def release(receipt: Receipt, mail: InboundMessage) -> Receipt:
    """Let a person's decision take a mail (`receipt.raw`, read) out of quarantine.

    It becomes a ticket now. Raises InvalidChange when there is nothing to make one of.
    """
    locked = Receipt.objects.select_for_update(of=("self",)).get(pk=receipt.pk)
    if locked.state != ReceiptState.QUARANTINED:
        raise InvalidChange(_("This mail is no longer in quarantine."))
    settled = _settle(locked, locked.channel, mail, forced=True)
    if settled.state == ReceiptState.QUARANTINED:
        raise InvalidChange(settled.reason)
    return settled


@transaction.atomic
def quarantine_raw(
    channel: Channel, mail: InboundMessage, raw: bytes, reason: str, *, remote_uid: str = ""
) -> Receipt:
    """Keep a mail that could not be taken in, with the reason, for a person to look at."""
    receipt = _receipt(channel, mail, raw, remote_uid)
    if not receipt.was_known:
        write_verdict(receipt, Verdict(ReceiptState.QUARANTINED, reason))
    return receipt


@transaction.atomic
def note_passed_on(
    channel: Channel, mail: InboundMessage, to: str, *, remote_uid: str = ""
) -> Receipt:
    """A receipt without the bytes: another mailbox took the mail in, and it is theirs to read."""
    receipt = _receipt(channel, mail, b"", remote_uid)
    if not receipt.was_known:
        write_verdict(receipt, _passed_on(channel, to))
    return receipt


def _passed_on(channel: Channel, to: str) -> Verdict:
    with translation.override(channel.organization.language):
        words = _("Passed on to the mailbox “%(name)s”.") % {"name": to}
    return Verdict(ReceiptState.IGNORED, words)


def _receipt(channel: Channel, mail: InboundMessage, raw: bytes, remote_uid: str) -> Receipt:
    return keep(
        channel,
        mail.external_id,
        raw,
        remote_uid=remote_uid,
        sender=mail.sender.email.lower(),
        subject=mail.subject,
        is_auto=mail.auto or mail.bulk,
    )


def _settle(receipt: Receipt, channel: Channel, mail: InboundMessage, *, forced: bool) -> Receipt:
    with translation.override(channel.organization.language):
        try:
            with transaction.atomic():
                verdict = _decide(receipt, channel, mail, forced=forced)
        except InvalidChange as problem:
            verdict = Verdict(ReceiptState.QUARANTINED, str(problem))
    write_verdict(receipt, verdict)
    logger.info(
        "mail_received", receipt=receipt.pk, state=verdict.state.value, reason=verdict.reason
    )
    return receipt


def _decide(receipt: Receipt, channel: Channel, mail: InboundMessage, *, forced: bool) -> Verdict:
    if mail.own_token and verify_token(mail.own_token, settings.SECRET_KEY):
        return Verdict(ReceiptState.IGNORED, _("Our own mail came back."))
    if mail.bounce:
        return _bounced(channel, mail)
    reason = unusable(channel, mail, forced=forced)
    if reason:
        return Verdict(ReceiptState.QUARANTINED, reason)
    person = known_person(mail)
    match = trace_thread(channel, mail)
    live = history_moment() is None
    seen = sighting_of(channel, mail) if match is None and live else None
    if seen is not None and (forced or may_open(channel, mail, person)):
        return take_alarm(channel, mail, seen)
    if not forced and flooded([receipt]):
        words = _("More than %(limit)d mails from this sender within an hour.")
        return Verdict(ReceiptState.QUARANTINED, words % {"limit": MAX_PER_HOUR})
    voice = voice_of(channel, match.ticket, mail, person) if match else None
    verdict = _place(channel, mail, match, voice, person, forced=forced)
    trail = {
        **(match.trail() if match else {"by": ""}),
        "voice": voice.value if voice else "",
        "vouched": list(mail.vouched_by),
        **verdict.trail,
    }
    return replace(verdict, trail=trail)


def _place(
    channel: Channel, mail: InboundMessage, match: Match | None, voice: Voice | None,
    person: User | None, *, forced: bool,
) -> Verdict:  # fmt: skip
    if match is not None and voice is not None and voice is not Voice.STRANGER:
        return _continue(channel, mail, match.ticket, voice, person)
    if mail.auto_reply and not forced:
        return Verdict(ReceiptState.IGNORED, _("An automatic reply to no ticket of ours."))
    if not (forced or may_open(channel, mail, person)):
        return Verdict(ReceiptState.QUARANTINED, _("The sender is not known here."))
    return _open(channel, mail, match.ticket if match else None)


def unusable(channel: Channel, mail: InboundMessage, *, forced: bool) -> str:
    """Why the mail cannot be taken in, in words; '' where it can."""
    if mail.error:
        return mail.error
    address = mail.sender.email
    try:
        validate_email(address)
    except ValidationError:
        return _("The mail has no sender that could be answered.")
    if len(address) > LONGEST_ADDRESS:
        return _("The sender's address is too long.")
    if address.lower() == channel.address:
        return _("The mail claims to come from the desk itself.")
    blocked = None if forced else block_on(channel.organization_id, address)
    if blocked is not None:
        return _("The sender is blocked: %(reason)s") % {"reason": blocked.reason}
    return ""


def _bounced(channel: Channel, mail: InboundMessage) -> Verdict:
    message = record_bounce(
        organization_id=channel.organization_id,
        external_id=mail.bounce_of,
        recipient=mail.bounced_recipient,
        permanent=mail.bounce_permanent,
    )
    if message is None:
        return Verdict(ReceiptState.IGNORED, _("A delivery report for no answer of ours."))
    return Verdict(ReceiptState.IGNORED, _("A delivery report for one of our answers."), message)


def actor_of(channel: Channel) -> Actor:
    """In whose name a mailbox acts."""
    return Actor.machine(ActorKind.CHANNEL, channel.name)


def _continue(
    channel: Channel, mail: InboundMessage, ticket: Ticket, voice: Voice, person: User | None
) -> Verdict:
    if mail.auto and voice in {Voice.DESK, Voice.NOTE}:
        return Verdict(ReceiptState.IGNORED, _("An automatic reply of a colleague."))
    content = content_of(mail)
    if voice in {Voice.DESK, Voice.NOTE} and person is not None:
        message = _speak_for_the_desk(ticket, content, voice, person)
    else:
        author = person or _author_in_copy(channel, mail)
        message = receive_message(
            ticket=ticket,
            author=author,
            body=content.body(signed_by="" if author else mail.sender.email),
            source=Source.EMAIL,
            actor=actor_of(channel),
            reopen=not mail.auto and history_moment() is None,
        )
    note_refused(message.ticket, content.refused, actor_of(channel))
    return Verdict(ReceiptState.ACCEPTED, message=message)


def _speak_for_the_desk(ticket: Ticket, content: Content, voice: Voice, person: User) -> Message:
    moment = history_moment()
    if moment is not None and voice is Voice.DESK:  # it was sent then
        return keep_sent(
            ticket=ticket, author=person, body=content.body(), actor=Actor.person(person),
            at=moment,
        )  # fmt: skip
    act = reply if voice is Voice.DESK else add_note
    return act(
        ticket=ticket,
        actor=Actor.person(person),
        text=content.text or _("(Only files)"),
        files=content.files,
    )


def _author_in_copy(channel: Channel, mail: InboundMessage) -> User | None:
    # Somebody outside who was put in copy may write here, but does not become a member.
    if belongs(channel.organization, mail.sender.email):
        return person_for(channel, mail)
    return None


def opening_by(
    channel: Channel, mail: InboundMessage, content: Content, route: MailRoute | None, person: User
) -> Opening:
    """The ticket that a mail of `person` opens."""
    return Opening(
        requester=person,
        subject=clean_text(mail.subject).strip() or content.first_line() or _("(No subject)"),
        body=content.body(),
        triage=Triage(
            category=(route.category if route else None) or channel.default_category,
            team=(route.team if route else None) or channel.default_team,
            language=mail.language if mail.language in LANGUAGES else "",
        ),
    )


def _open(channel: Channel, mail: InboundMessage, refers_to: Ticket | None) -> Verdict:
    content = opening_of(mail)
    actor = actor_of(channel)
    route = route_for(channel, mail)
    opening = opening_by(channel, mail, content, route, person_for(channel, mail))
    [message] = open_tickets(
        organization_id=channel.organization_id,
        openings=[opening],
        source=Source.EMAIL,
        actor=actor,
    )
    ticket = message.ticket
    note_refused(ticket, content.refused, actor)
    if refers_to is not None:
        text = _("This mail refers to ticket %(number)d, on which its sender may not write.")
        add_note(ticket=ticket, actor=actor, text=text % {"number": refers_to.number})
        link_new_ticket(ticket=ticket, actor=actor, other=refers_to, relation=Relation.RELATED)
    trail = {"route": str(route)} if route else {}
    return Verdict(ReceiptState.ACCEPTED, message=message, trail=trail)
