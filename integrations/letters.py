"""Letters of notices: claim, hand over, settle, like answers (`delivery.py`), each exactly once.

A letter is a mail, a text message or a webhook call. What a person may see is asked again when it
is written: access that ended since the notice was made takes its line out, and a letter without
lines is dropped.
"""

import os
import random
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from integrations.actions.braking import may_send
from integrations.actions.channels import note_failure
from integrations.actions.letters import settle_letter
from integrations.actions.outbound import is_short, mail_channel_for
from integrations.actions.phones import confirmed_contact, text_channel
from integrations.base import OutboundMessage, TransportError
from integrations.channels.email.tokens import thread_token
from integrations.delivery import (
    FIRST_WAIT,
    LONGEST_WAIT,
    MAX_TRIES,
    STALE_CLAIM,
    STALE_HAND_OVER,
    Overtaken,
)
from integrations.letter_shapes import language_of, tell_endpoints, write_text
from integrations.models import Channel
from integrations.registry import transport_for
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.core.text import one_line
from tickets.access import visible_tickets
from tickets.actions.ratings import sign_rating
from tickets.approval_selectors import link_token, open_votes_of
from tickets.models import Letter, LetterLine, LetterState, Rating, Ticket
from tickets.notice_selectors import current_zone_of, notice_words, told
from tickets.notices import Kind, Medium

logger = structlog.get_logger(__name__)
MOST_LINES: Final = 50
EXCERPT: Final = 4000  # characters of a message that a mail repeats


@dataclass(frozen=True, slots=True)
class Told:
    """One line as the mail shows it."""

    words: str
    ticket: Ticket
    link: str
    text: str
    is_question: bool = False


def deliver_letter(organization_id: int, letter_id: int) -> LetterState | None:
    """Try one letter once; returns the state it reached, None where it was not due."""
    token = f"{socket.gethostname()[:20]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    with organization_scope(organization_id):
        letter = _claim(letter_id, token)
        if letter is None:
            return None
        lines = readable_lines(letter)
        if letter.medium == Medium.WEBHOOK:
            return _call(letter, lines)
        way = _way(letter, lines)
        if isinstance(way, str):
            # Nothing to tell any more, or nothing to tell it by: the page has it anyway.
            settle_letter(letter, LetterState.DROPPED, way)
            return LetterState.DROPPED
        channel, message = way
        if channel.braked_at is not None or (is_short(channel) and not may_send(channel)):
            later = now() + timedelta(minutes=5)
            Letter.objects.filter(pk=letter.pk, claimed_by=token).update(
                state=LetterState.WAITING, due_at=later, attempts=letter.attempts - 1
            )
            return LetterState.WAITING
    return _attempt(letter, channel, message, token)


def _call(letter: Letter, lines: list[LetterLine]) -> LetterState:
    """Hand the letter over to the calls' own outbox, in the claim's transaction."""
    told_by = tell_endpoints(letter, lines) if lines else 0
    state = LetterState.SENT if told_by else LetterState.DROPPED
    settle_letter(letter, state, "" if told_by or not lines else _("No webhook passes this on."))
    return state


def _way(letter: Letter, lines: list[LetterLine]) -> tuple[Channel, OutboundMessage] | str:
    """By what the letter goes and how it reads, or why it goes nowhere."""
    if not lines:
        return ""
    if letter.medium == Medium.SMS:
        return _by_text(letter, lines)
    channel = mail_channel_for(lines[0].ticket)
    if channel is None:
        return _("No mailbox is set up.")
    return channel, write_letter(letter, lines, channel)


def _by_text(letter: Letter, lines: list[LetterLine]) -> tuple[Channel, OutboundMessage] | str:
    channel = text_channel(letter.organization_id)
    if channel is None:
        return _("This organization sends no text messages.")
    contact = confirmed_contact(letter.organization_id, letter.user)
    if contact is None:
        return _("The person has no confirmed telephone number.")
    if contact.opted_out_at is not None:
        return _("Not sent: the person has opted out (STOP).")
    return channel, write_text(letter, lines, contact.phone)


def _claim(letter_id: int, token: str) -> Letter | None:
    due = Letter.objects.filter(pk=letter_id, state=LetterState.WAITING, due_at__lte=now())
    if not due.update(state=LetterState.CLAIMED, claimed_at=now(), claimed_by=token):
        return None
    letter = Letter.objects.select_related("user", "organization").get(pk=letter_id)
    letter.attempts += 1
    letter.save(update_fields=["attempts"])
    return letter


def readable_lines(letter: Letter) -> list[LetterLine]:
    """The lines about tickets that the person may see now. Queries: 2 and more (access)."""
    if not letter.user.is_active:
        return []
    rows = list(
        letter.lines.select_related(
            "ticket__team", "ticket__organization", "ticket__requester", "message"
        ).defer("ticket__search")
    )
    seen = set(
        visible_tickets(letter.user)
        .filter(pk__in={row.ticket_id for row in rows})
        .values_list("pk", flat=True)
    )
    staff = letter.user.staffed_organization_ids()
    return [
        row
        for row in rows
        if row.kind == Kind.APPROVAL
        or (row.ticket_id in seen and (row.organization_id in staff or _public(row)))
    ]


def _public(row: LetterLine) -> bool:
    return row.message is None or row.message.kind == "public"


def write_letter(letter: Letter, lines: list[LetterLine], channel: Channel) -> OutboundMessage:
    """The mail in the person's language and zone; the lines of one ticket thread together."""
    language = language_of(letter)
    base = settings.BASE_URL.rstrip("/")
    tickets = {row.ticket_id: row.ticket for row in lines}
    single = next(iter(tickets.values())) if len(tickets) == 1 else None
    settings_link = base + reverse("portal:notification_settings")
    with translation.override(language), timezone.override(current_zone_of(letter.user)):
        shown = [_told(row, base, letter) for row in lines[:MOST_LINES]]
        context: dict[str, Any] = {
            "lines": shown,
            "more": max(0, len(lines) - MOST_LINES),
            "single": single,
            "settings_link": settings_link,
            "list_link": base + reverse("portal:notifications"),
            "person": letter.user,
        }
        subject = _subject(letter, lines, single)
        text = render_to_string("emails/notices.txt", context)
        html = render_to_string("emails/notices.html", context)
    domain = channel.address.rpartition("@")[2]
    root = f"{thread_token(single.pk, 0, settings.SECRET_KEY)}@{domain}" if single else ""
    mark = thread_token(single.pk, 0, settings.SECRET_KEY) if single else "notices"
    return OutboundMessage(
        idempotency_key=f"letter-{letter.organization_id}-{letter.pk}",
        recipient=letter.user.email,
        recipient_name=letter.user.name,
        subject=subject,
        text=text,
        html=html,
        message_id=f"{mark}.n{letter.pk}@{domain}",
        in_reply_to=root,
        references=(root,) if root else (),
        auto=True,
        ticket_number=str(single.number) if single else "",
        language=language,
        extra={"list_unsubscribe": settings_link},
    )


def _told(row: LetterLine, base: str, letter: Letter) -> Told:
    where = "desk:ticket" if letter.user.is_agent else "portal:ticket"
    path = _approval_path(row, letter) if row.kind == Kind.APPROVAL else ""
    if row.kind == Kind.RATE and (rating := Rating.objects.filter(ticket=row.ticket).first()):
        path = reverse("portal:rate_link", args=[sign_rating(rating)])
    text = row.message.text if row.message is not None else ""
    return Told(
        words=told(row),
        ticket=row.ticket,
        link=base + (path or reverse(where, args=[row.ticket.number])),
        text=text[:EXCERPT] + ("…" if len(text) > EXCERPT else ""),
        is_question=row.kind == Kind.APPROVAL,
    )


def _approval_path(row: LetterLine, letter: Letter) -> str:
    """The signed link that decides without signing in; the list where nothing is asked now."""
    vote = open_votes_of(letter.user).filter(approval__ticket=row.ticket).first()
    if vote is None:
        return reverse("portal:approvals")
    return reverse("portal:approval_link", args=[link_token(vote)])


def _subject(letter: Letter, lines: list[LetterLine], single: Ticket | None) -> str:
    if single is not None:
        return f"{single.subject} [#{single.number}]"
    if letter.about.startswith("team:"):
        team = lines[-1].ticket.team
        return notice_words(Kind.TEAM_TICKET, "", len(lines), team=team)
    return _("%(count)d notifications of the service desk") % {"count": len(lines)}


def _attempt(
    letter: Letter, channel: Channel, message: OutboundMessage, token: str
) -> LetterState | None:
    try:
        transport_for(channel).send(message, _hand_over(letter, token))
    except Overtaken:
        logger.warning("letter_overtaken", letter=letter.pk)
        return None
    except TransportError as problem:
        if problem.refused and is_short(channel):
            with organization_scope(letter.organization_id):
                note_failure(channel, problem)
        return _failed(letter, token, problem)
    except Exception as problem:  # intended: one odd letter must not stop the queue
        logger.exception("letter_crashed", letter=letter.pk)
        handed = letter.state == LetterState.HANDING_OVER
        words = one_line(f"{type(problem).__name__}: {problem}", 250)
        return _failed(letter, token, TransportError(words, uncertain=handed))
    return _finish(letter, token, LetterState.SENT)


def _hand_over(letter: Letter, token: str) -> Callable[[], None]:
    def commit() -> None:
        with organization_scope(letter.organization_id):
            ours = Letter.objects.filter(pk=letter.pk, state=LetterState.CLAIMED, claimed_by=token)
            if not ours.update(state=LetterState.HANDING_OVER, claimed_at=now()):
                raise Overtaken
        letter.state = LetterState.HANDING_OVER

    return commit


def _failed(letter: Letter, token: str, problem: TransportError) -> LetterState:
    if problem.uncertain:
        return _finish(letter, token, LetterState.UNCERTAIN, problem.message)
    if problem.permanent or letter.attempts >= MAX_TRIES:
        return _finish(letter, token, LetterState.FAILED, problem.message)
    wait = min(FIRST_WAIT * 2 ** (letter.attempts - 1), LONGEST_WAIT)
    later = now() + timedelta(seconds=wait * random.uniform(0.8, 1.2))
    with organization_scope(letter.organization_id):
        Letter.objects.filter(pk=letter.pk, claimed_by=token).update(
            state=LetterState.WAITING, due_at=later, error=one_line(problem.message, 300)
        )
    return LetterState.WAITING


def _finish(letter: Letter, token: str, state: LetterState, detail: str = "") -> LetterState:
    with organization_scope(letter.organization_id):
        under_way = [LetterState.CLAIMED, LetterState.HANDING_OVER, LetterState.UNCERTAIN]
        ours = Letter.objects.filter(pk=letter.pk, claimed_by=token, state__in=under_way)
        if ours.update(state=state):
            settle_letter(letter, state, detail)
    logger.info("letter_settled", letter=letter.pk, state=state.value, attempts=letter.attempts)
    return state


def due_letters() -> list[tuple[int, int]]:
    """Recover what died half-way; returns (organization, letter) now due, oldest first."""
    moment = now()
    with system_scope():
        Letter.objects.filter(
            state=LetterState.CLAIMED, claimed_at__lt=moment - STALE_CLAIM
        ).update(state=LetterState.WAITING, due_at=moment)
        stale = Q(state=LetterState.HANDING_OVER, claimed_at__lt=moment - STALE_HAND_OVER)
        Letter.objects.filter(stale).update(
            state=LetterState.UNCERTAIN,
            settled_at=moment,
            error="The connection ended during the hand-over.",
        )
        due = Letter.objects.filter(state=LetterState.WAITING, due_at__lte=moment)
        return list(due.order_by("due_at").values_list("organization_id", "pk")[:500])
