"""Alarms of monitoring systems: one ticket for a host and service, however many mails come.

A repeated alarm extends its ticket, a recovery ends it with a note. Storm safe: a mail more is
a counter more, a note at most every ten minutes, and from the thirtieth new alarm of a sender
within ten minutes on they share one collective ticket.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from integrations.actions.content import opening_of
from integrations.actions.conversation import person_for, route_for
from integrations.actions.receipts import Verdict
from integrations.alarm_templates import template
from integrations.alarms import Alarm, AlarmPattern, usual_patterns
from integrations.base import InboundMessage
from integrations.models import Channel, ReceiptState
from omnidesk.core.clock import now
from omnidesk.core.text import one_line
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.catalog import default_status
from tickets.actions.intake import Body, Triage, open_ticket, receive_message
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import add_note
from tickets.choices import ActorKind, Source, StatusCategory
from tickets.models import Message, Ticket

NOTE_EVERY: Final = timedelta(minutes=10)
# An alarm that comes back this soon after its recovery goes on with its ticket.
FLAPS_WITHIN: Final = timedelta(hours=1)
STORM_WITHIN: Final = timedelta(minutes=10)
STORM_FROM: Final = 30
MAX_LINES: Final = 200
_SEEN: Final = 300  # characters of a subject or a line that are looked at


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a monitoring mail says."""

    host: str
    service: str
    state: str
    over: bool

    def key(self, sender: str) -> str:
        """What the same alarm is known by. The sender belongs to it: nobody else ends it."""
        parts = [sender.lower(), self.host.lower(), self.service.lower()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def sighting_of(channel: Channel, mail: InboundMessage) -> Sighting | None:
    """What the mail says by the first pattern that fits; None for any other mail. Queries: 1."""
    return sighting_by(patterns_of(channel.organization_id), mail)


def patterns_of(organization_id: int) -> list[AlarmPattern]:
    """By what alarms are recognised there. Queries: 1."""
    rows = list(AlarmPattern.objects.filter(organization_id=organization_id))
    return [one for one in rows if one.is_active] if rows else usual_patterns()


def sighting_by(patterns: Sequence[AlarmPattern], mail: InboundMessage) -> Sighting | None:
    """The same by patterns that were read. Queries: 0."""
    subject = " ".join(mail.subject.split())
    if not subject or len(subject) > _SEEN:
        return None
    for pattern in patterns:
        found = _fits(pattern, subject, mail)
        if found is not None:
            return found
    return None


def _fits(pattern: AlarmPattern, subject: str, mail: InboundMessage) -> Sighting | None:
    wanted = pattern.sender.lower()
    if wanted and not fnmatchcase(mail.sender.email.lower(), wanted):
        return None
    values = template(pattern.subject).match(subject)
    if values is None:
        return None
    if pattern.line:
        more = _line(pattern.line, mail.text)
        if more is None:
            return None
        values = {**more, **values}
    host, service = values.get("host", ""), values.get("service", "")
    if not (host or service):
        return None
    state = values.get("state") or values.get("kind", "")
    words = {one.strip().lower() for one in pattern.recovered.split(",")}
    said = {values.get("state", "").lower(), values.get("kind", "").lower()} - {""}
    return Sighting(host, service, state, pattern.is_recovery or bool(said & words))


def _line(wanted: str, text: str) -> dict[str, str] | None:
    for line in text.splitlines()[:MAX_LINES]:
        values = template(wanted).match(" ".join(line[:_SEEN].split()))
        if values is not None:
            return values
    return None


@transaction.atomic
def take_alarm(channel: Channel, mail: InboundMessage, seen: Sighting) -> Verdict:
    """Open, extend or end the alarm's ticket."""
    sender = mail.sender.email.lower()
    key = seen.key(sender)
    moment = now()
    if seen.over and not Alarm.objects.filter(key=key, is_open=True).exists():
        return Verdict(ReceiptState.IGNORED, _("A recovery of nothing that was open."))
    alarm, _made = Alarm.objects.get_or_create(
        organization_id=channel.organization_id,
        key=key,
        defaults={
            "sender": sender, "host": seen.host, "service": seen.service, "is_open": False,
            "opened_at": moment, "last_at": moment, "noted_at": moment,
        },
    )  # fmt: skip
    alarm = Alarm.objects.select_for_update(of=("self",)).get(pk=alarm.pk)
    verdict = (_end if seen.over else _raise)(channel, mail, seen, alarm)
    alarm.state, alarm.last_at = one_line(seen.state, 120), moment
    alarm.save()
    return verdict


def _actor(channel: Channel) -> Actor:
    return Actor.machine(ActorKind.CHANNEL, channel.name)


def _ticket_of(alarm: Alarm) -> Ticket | None:
    return Ticket.objects.alive().filter(pk=alarm.ticket_id).first() if alarm.ticket_id else None


def _raise(channel: Channel, mail: InboundMessage, seen: Sighting, alarm: Alarm) -> Verdict:
    ticket = _ticket_of(alarm)
    alive = ticket is not None and not ticket.is_settled
    flaps = ticket is not None and now() - alarm.last_at < FLAPS_WITHIN
    if ticket is not None and alarm.is_open and alive:
        return _extend(channel, seen, alarm, ticket)
    alarm.is_open, alarm.count, alarm.opened_at, alarm.noted_at = True, 1, now(), now()
    if ticket is not None and flaps and not alarm.in_storm:
        message = receive_message(
            ticket=ticket,
            author=ticket.requester,
            body=opening_of(mail).body(),
            source=Source.EMAIL,
            actor=_actor(channel),
        )
        alarm.ticket = message.ticket
        return _verdict(message.ticket, seen, message=message)
    shared = _storm(channel, alarm)
    if shared is not None:
        alarm.ticket, alarm.in_storm = shared, True
        return _verdict(shared, seen)
    alarm.in_storm = False
    return _open(channel, mail, seen, alarm)


def _extend(channel: Channel, seen: Sighting, alarm: Alarm, ticket: Ticket) -> Verdict:
    alarm.count += 1
    changed = alarm.state.lower() != seen.state.lower()
    due = now() - alarm.noted_at >= NOTE_EVERY
    if not (due or changed) or (alarm.in_storm and not due):
        return _verdict(ticket, seen)
    alarm.noted_at = now()
    text = _("%(alarm)s is %(state)s. %(count)d mails so far.") % {
        "alarm": alarm, "state": seen.state or "–", "count": alarm.count,
    }  # fmt: skip
    note = add_note(ticket=ticket, actor=_actor(channel), text=text)
    return _verdict(ticket, seen, message=note)


def _end(channel: Channel, mail: InboundMessage, seen: Sighting, alarm: Alarm) -> Verdict:
    ticket = _ticket_of(alarm)
    was_open, alarm.is_open = alarm.is_open, False
    if ticket is None or not was_open:
        return Verdict(ReceiptState.IGNORED, _("A recovery of nothing that was open."))
    others = Alarm.objects.filter(ticket=ticket, is_open=True).exclude(pk=alarm.pk).count()
    minutes = int((now() - alarm.opened_at).total_seconds() // 60)
    text = _("%(alarm)s has recovered after %(minutes)d minutes and %(count)d mails.") % {
        "alarm": alarm, "minutes": minutes, "count": alarm.count,
    }  # fmt: skip
    actor = _actor(channel)
    note = None
    if not others or not alarm.in_storm:
        note = add_note(ticket=ticket, actor=actor, text=text)
    if not others and not ticket.is_settled:
        _solve(ticket, actor)
    return _verdict(ticket, seen, message=note)


def _solve(ticket: Ticket, actor: Actor) -> None:
    status = default_status(ticket.organization_id, StatusCategory.SOLVED)
    try:
        with transaction.atomic():
            set_status(ticket=ticket, actor=actor, status=status)
    except InvalidChange as problem:  # its workflow wants a person
        add_note(ticket=ticket, actor=actor, text=str(problem))


def _storm(channel: Channel, alarm: Alarm) -> Ticket | None:
    """The collective ticket of the sender, while so many alarms come that nobody reads them."""
    recent = Alarm.objects.filter(
        organization_id=channel.organization_id,
        sender=alarm.sender,
        opened_at__gte=now() - STORM_WITHIN,
    )
    if recent.count() < STORM_FROM:
        return None
    shared = (
        Alarm.objects.filter(
            organization_id=channel.organization_id, sender=alarm.sender, in_storm=True,
            is_open=True, ticket__deleted_at=None,
        )
        .exclude(ticket=None)
        .order_by("opened_at")
        .select_related("ticket")
        .first()
    )  # fmt: skip
    if shared is not None and shared.ticket is not None and not shared.ticket.is_settled:
        return shared.ticket
    requester = recent.exclude(ticket=None).select_related("ticket__requester").first()
    if requester is None or requester.ticket is None:
        return None
    return open_ticket(
        organization_id=channel.organization_id,
        requester=requester.ticket.requester,
        subject=_("Many alarms from %(sender)s") % {"sender": alarm.sender},
        body=Body(
            text=_(
                "More than %(count)d alarms within ten minutes. The further ones are kept on this "
                "ticket: see Alarms in the administration."
            )
            % {"count": STORM_FROM}
        ),
        source=Source.EMAIL,
        actor=_actor(channel),
        triage=Triage(category=channel.default_category, team=channel.default_team),
    )


def _open(channel: Channel, mail: InboundMessage, seen: Sighting, alarm: Alarm) -> Verdict:
    route = route_for(channel, mail)
    ticket = open_ticket(
        organization_id=channel.organization_id,
        requester=person_for(channel, mail),
        subject=mail.subject,
        body=opening_of(mail).body(),
        source=Source.EMAIL,
        actor=_actor(channel),
        triage=Triage(
            category=(route.category if route else None) or channel.default_category,
            team=(route.team if route else None) or channel.default_team,
        ),
    )
    alarm.ticket = ticket
    return _verdict(ticket, seen, message=ticket.messages.get(is_opening=True))


def _verdict(ticket: Ticket, seen: Sighting, message: Message | None = None) -> Verdict:
    evidence = " · ".join(one for one in (seen.host, seen.service, seen.state) if one)
    trail = {"by": "alarm", "evidence": evidence, "number": ticket.number}
    return Verdict(ReceiptState.ACCEPTED, message=message, ticket=ticket, trail=trail)
