"""When a ticket needs its next step: reminding, solving, closing. Planned with every move."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Value

from omnidesk.core.clock import now
from tickets.business_time import WorkCalendar
from tickets.choices import StatusCategory
from tickets.followups import NextStep, due_at, next_step
from tickets.models import BusinessCalendar, DeskSettings, PendingReason, Ticket
from tickets.sla_plan import calendar_of

CLOSE_AFTER_DAYS = 10
LATE_AFTER_DAYS = 14


@transaction.atomic
def set_up_settings(organization_id: int) -> None:
    """Give an organization its settings; what is there already stays. Queries: 1."""
    DeskSettings.objects.bulk_create(
        [
            DeskSettings(
                organization_id=organization_id,
                auto_close_days=CLOSE_AFTER_DAYS,
                late_reply_days=LATE_AFTER_DAYS,
            )
        ],
        ignore_conflicts=True,
    )


def settings_of(organization_id: int) -> DeskSettings:
    """The organization's settings; without a row nothing closes by itself. Queries: 1."""
    found = DeskSettings.objects.filter(organization_id=organization_id).first()
    return found or DeskSettings(organization_id=organization_id)


def step_of(ticket: Ticket, close_days: int | None) -> NextStep | None:
    """What the sweep would do to a ticket next."""
    reason = ticket.pending_reason
    return next_step(
        ticket.status_category,
        sent=ticket.nudges_sent,
        times=reason.nudge_times if reason else 0,
        solves=bool(reason and reason.solves),
        closes=close_days is not None,
    )


def plan(ticket: Ticket, *, again: bool = True, moment: datetime | None = None) -> None:
    """Set when the sweep looks at a locked ticket next, without saving.

    `again` begins counting reminders anew: the ticket waits for something else, or somebody
    wrote. Queries: 1 for a solved ticket, 1 or 2 for reminders in working hours, otherwise 0.
    """
    if again:
        ticket.nudges_sent = 0
    days = None
    if ticket.status_category == StatusCategory.SOLVED:
        days = settings_of(ticket.organization_id).auto_close_days
    reason, step = ticket.pending_reason, step_of(ticket, days)
    ticket.next_step_at = due_at(
        step,
        moment or now(),
        every_hours=reason.nudge_every_hours if reason else 0,
        close_days=days or 0,
        calendar=reminding_calendar(ticket, step),
    )


def reminding_calendar(ticket: Ticket, step: NextStep | None) -> WorkCalendar | None:
    """When reminders of a ticket may go out; None: at any time. Queries: 0 to 2."""
    reason = ticket.pending_reason
    if step not in (NextStep.NUDGE, NextStep.SOLVE) or reason is None:
        return None
    return desk_calendar(ticket.organization_id) if reason.in_working_hours else None


def desk_calendar(organization_id: int) -> WorkCalendar:
    """When the desk works: the chosen calendar, else the first. Queries: 1 or 2.

    Around the clock where there is none, or none that can be used (its list says so).
    """
    rows = DeskSettings.objects.filter(organization_id=organization_id, calendar__isnull=False)
    settings = rows.select_related("calendar__version").first()
    chosen = settings.calendar if settings else None
    if chosen is None:
        calendars = BusinessCalendar.objects.filter(organization_id=organization_id)
        chosen = calendars.select_related("version").order_by("pk").first()
    calendar, _problem = calendar_of(chosen.version if chosen else None)
    return calendar


@transaction.atomic
def reschedule_closing(organization_id: int) -> int:
    """Plan the closing of all solved tickets anew, after the setting changed; returns how many."""
    solved = Ticket.objects.alive().filter(
        organization_id=organization_id, status_category=StatusCategory.SOLVED
    )
    days = settings_of(organization_id).auto_close_days
    if days is None:
        return solved.exclude(next_step_at=None).update(next_step_at=None)
    wait = ExpressionWrapper(
        F("resolved_at") + Value(timedelta(days=days)), output_field=DateTimeField()
    )
    return solved.filter(resolved_at__isnull=False).update(next_step_at=wait)


@transaction.atomic
def reschedule_reminders(reason: PendingReason) -> int:
    """Plan the reminders of all tickets that wait for `reason` anew; returns how many."""
    waiting = Ticket.objects.alive().filter(
        pending_reason=reason, status_category=StatusCategory.PENDING
    )
    more = waiting.filter(nudges_sent__lt=reason.nudge_times)
    if reason.solves and reason.nudge_times:
        more = waiting.filter(nudges_sent__lte=reason.nudge_times)
    waiting.exclude(pk__in=more.values("pk")).update(next_step_at=None)
    # Nobody is reminded at once because a setting changed: the full time runs from now.
    due = due_at(
        NextStep.NUDGE,
        now(),
        every_hours=reason.nudge_every_hours,
        close_days=0,
        calendar=desk_calendar(reason.organization_id) if reason.in_working_hours else None,
    )
    return more.update(next_step_at=due)
