"""Writing down time spent, by hand or by a timer."""

import math
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from omnidesk.core.text import one_line
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.models import Ticket, TimeEntry, Timer

A_DAY = 24 * 60


@transaction.atomic
def add_time(
    *, ticket: Ticket, person: User, minutes: int, note: str = "", billable: bool = False,
    day: date | None = None,
) -> TimeEntry:  # fmt: skip
    """Write down 1 to 1440 minutes; without a day, today where the person is."""
    if not 1 <= minutes <= A_DAY:
        raise InvalidChange(_("From 1 to %(most)d minutes.") % {"most": A_DAY}, "minutes")
    today = now().astimezone(ZoneInfo(person.timezone or "UTC")).date()
    if day is not None and day > today + timedelta(days=1):
        raise InvalidChange(_("This day has not come yet."), "day")
    ticket = locked(ticket)
    entry = TimeEntry.objects.create(
        organization_id=ticket.organization_id,
        ticket=ticket,
        person=person,
        minutes=minutes,
        day=day or today,
        note=one_line(note),
        is_billable=billable,
    )
    change = FieldChange("time.added", "time", None, minutes, {"note": entry.note})
    record(ticket, Actor.person(person), change, activity=False)
    return entry


@transaction.atomic
def remove_time(*, ticket: Ticket, person: User, entry_id: int) -> None:
    """Take an entry away: one's own, or anybody's for a lead."""
    ticket = locked(ticket)
    entry = TimeEntry.objects.filter(ticket=ticket, pk=entry_id).first()
    if entry is None:
        raise InvalidChange(_("This entry is not there any more."), "time")
    if entry.person_id != person.pk and not person.has_role(ticket.organization_id, Role.LEAD):
        raise InvalidChange(_("Only a lead takes other people's time away."), "time")
    entry.delete()
    change = FieldChange("time.removed", "time", entry.minutes, None)
    record(ticket, Actor.person(person), change, activity=False)


@transaction.atomic
def start_timer(*, ticket: Ticket, person: User, at: datetime | None = None) -> TimeEntry | None:
    """Let the person's timer run on a ticket; one that runs elsewhere stops and is written down.

    Returns what was written down. Starting it again where it runs changes nothing.
    """
    User.objects.select_for_update().get(pk=person.pk)
    running = Timer.objects.filter(person=person).first()
    if running is not None and running.ticket_id == ticket.pk:
        return None
    moment = at or now()
    done = _stop(running, person, moment) if running is not None else None
    Timer.objects.create(
        organization_id=ticket.organization_id, ticket=ticket, person=person, started_at=moment
    )
    return done


@transaction.atomic
def stop_timer(
    *, person: User, note: str = "", billable: bool = False, at: datetime | None = None
) -> TimeEntry:
    """Stop the person's timer and write the time down, rounded up to minutes, a day at most."""
    User.objects.select_for_update().get(pk=person.pk)
    running = Timer.objects.filter(person=person).first()
    if running is None:
        raise InvalidChange(_("No timer of yours is running."), "timer")
    return _stop(running, person, at or now(), note, billable)


def _stop(
    running: Timer, person: User, moment: datetime, note: str = "", billable: bool = False
) -> TimeEntry:
    seconds = (moment - running.started_at).total_seconds()
    minutes = min(max(math.ceil(seconds / 60), 1), A_DAY)
    ticket = running.ticket
    running.delete()
    day = running.started_at.astimezone(ZoneInfo(person.timezone or "UTC")).date()
    return add_time(
        ticket=ticket, person=person, minutes=minutes, note=note, billable=billable, day=day
    )
