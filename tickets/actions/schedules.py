"""Recurring tickets: planning the next one, and opening those that are due, each exactly once."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Body, Triage, open_ticket
from tickets.choices import ActorKind, Source
from tickets.field_texts import fill
from tickets.models import Schedule, ScheduleRun, Ticket

MOST_AT_ONCE = 500


@transaction.atomic
def plan_schedule(*, schedule: Schedule, moment: datetime | None = None) -> Schedule:
    """Save a schedule with its next time; what lies in the past is not made up for."""
    schedule.problem = ""
    schedule.next_at = schedule.rule.next_after(moment or now()) if schedule.is_active else None
    schedule.save()
    return schedule


def due_schedules(moment: datetime) -> list[tuple[int, int]]:
    """(organization, schedule) of what is due, oldest first. Queries: 1, in its own scope."""
    with system_scope():
        due = Schedule.objects.filter(is_active=True, next_at__lte=moment).order_by("next_at")
        return list(due.values_list("organization_id", "pk")[:MOST_AT_ONCE])


def fire_schedule(
    organization_id: int, schedule_id: int, *, moment: datetime | None = None
) -> Ticket | None:
    """Open a due schedule's ticket; None where another worker did or it is not due.

    The row's lock, the ticket and the next time are one transaction: a process that dies in
    between leaves the schedule due, one that comes second finds it planned further.
    """
    moment = moment or now()
    with organization_scope(organization_id):
        row = (
            Schedule.objects.select_for_update(skip_locked=True)
            .filter(pk=schedule_id, is_active=True, next_at__lte=moment)
            .first()
        )
        return _fire(row, moment) if row is not None else None


def _fire(row: Schedule, moment: datetime) -> Ticket | None:
    due = row.next_at
    assert due is not None  # noqa: S101 - the query asked for it
    missed = row.rule.missed(due, moment)
    ticket = None
    try:
        with transaction.atomic():
            ticket = _open(row, due, missed)
            ScheduleRun.objects.create(
                organization_id=row.organization_id,
                schedule=row,
                due_at=due,
                ticket=ticket,
                missed=missed,
            )
        row.runs, row.problem = row.runs + 1, ""
    except InvalidChange as refusal:
        row.problem = str(refusal)[:300]
    row.next_at = row.rule.next_after(moment)
    row.save(update_fields=["next_at", "runs", "problem", "updated_at"])
    return ticket


def _open(row: Schedule, due: datetime, missed: int) -> Ticket:
    with override(row.organization.language):
        words = _words(row, due)
        text = fill(row.text, words)
        if missed:
            text += "\n\n" + ngettext(
                "%(count)d later date passed while OmniDesk was off; it has no ticket of its own.",
                "%(count)d later dates passed while OmniDesk was off; they have no tickets of "
                "their own.",
                missed,
            ) % {"count": missed}
        subject = fill(row.subject, words)
    if not row.requester.is_active:
        raise InvalidChange(_("%(name)s is not active any more.") % {"name": row.requester})
    return open_ticket(
        organization_id=row.organization_id,
        requester=row.requester,
        subject=subject,
        body=Body(text=text),
        source=Source.AGENT,
        actor=Actor.machine(ActorKind.SYSTEM, row.name),
        triage=Triage(category=row.category, team=row.team, urgency=row.urgency, impact=row.impact),
    )


def _words(row: Schedule, due: datetime) -> dict[str, str]:
    day = due.astimezone(ZoneInfo(row.zone)).date()
    return {
        "date": date_format(day, "SHORT_DATE_FORMAT"),
        "day": date_format(day, "l"),
        "week": str(day.isocalendar().week),
        "month": date_format(day, "F"),
        "year": str(day.year),
        "number": str(row.runs + 1),
    }
