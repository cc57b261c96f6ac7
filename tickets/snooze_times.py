"""The times a snooze offers, in the business time of the ticket."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from omnidesk.core.text import valid_timezone
from tickets.business_time import AROUND_THE_CLOCK, CalendarProblem, WorkCalendar
from tickets.models import BusinessCalendar, SlaClock, Ticket
from tickets.sla_plan import calendar_of

A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """One row of the menu: its words and the moment (UTC)."""

    words: str
    until: datetime


def offers(ticket: Ticket, *, zone: str) -> list[Offer]:
    """Rising times, each once. Queries: 1 or 2 (the calendar)."""
    calendar, moment = calendar_for(ticket), now()
    local = moment.astimezone(ZoneInfo(zone if valid_timezone(zone) else "UTC"))
    midnight = datetime.combine(local.date(), time(), local.tzinfo)
    monday = midnight + timedelta(days=7 - local.weekday())
    try:
        found = [
            Offer(_("For 2 working hours"), calendar.add(moment, timedelta(hours=2))),
            Offer(_("Next working day"), opening(calendar, midnight + timedelta(days=1))),
            Offer(_("In two working days"), _second(calendar, midnight + timedelta(days=1))),
            Offer(_("Next week"), opening(calendar, monday)),
        ]
    except CalendarProblem:
        return []
    return sorted({one.until: one for one in reversed(found)}.values(), key=lambda o: o.until)


def _second(calendar: WorkCalendar, start: datetime) -> datetime:
    first = opening(calendar, start)
    after = datetime.combine(
        first.astimezone(start.tzinfo).date() + timedelta(days=1), time(), start.tzinfo
    )
    return opening(calendar, after)


def opening(calendar: WorkCalendar, start: datetime) -> datetime:
    """The first moment from `start` on at which the desk works."""
    return calendar.add(start, A_MINUTE) - A_MINUTE


def calendar_for(ticket: Ticket) -> WorkCalendar:
    """The hours of the ticket's agreed times, else the organization's first. Queries: 1 or 2."""
    clock = SlaClock.objects.filter(ticket=ticket).exclude(calendar=None)
    found = clock.select_related("calendar").order_by("pk").first()
    if found is not None:
        return calendar_of(found.calendar)[0]
    rows = BusinessCalendar.objects.filter(organization_id=ticket.organization_id)
    usual = rows.select_related("version").order_by("pk").first()
    return calendar_of(usual.version)[0] if usual is not None else AROUND_THE_CLOCK
