"""Configuring agreed times: calendars are published as versions, changes reach open tickets."""

from datetime import time
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_noop

from omnidesk.accounts.models import Organization
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.text import valid_timezone
from tickets.business_time import MINUTES_A_DAY, CalendarProblem, Hours, WorkCalendar, to_content
from tickets.choices import Priority
from tickets.models import (
    BusinessCalendar,
    CalendarDay,
    CalendarVersion,
    SlaPolicy,
    SlaReplan,
    SlaStep,
    SlaTarget,
    WorkingSpan,
)
from tickets.sla_plan import digest_of, problem_words

OPENS, CLOSES = time(8), time(18)
# Minutes of business time: first response, next response, resolution.
STANDARD_TARGETS: Final = {
    Priority.CRITICAL: (30, 60, 4 * 60),
    Priority.HIGH: (60, 2 * 60, 10 * 60),
    Priority.MEDIUM: (4 * 60, 8 * 60, 3 * 10 * 60),
    Priority.LOW: (10 * 60, 20 * 60, 6 * 10 * 60),
}


def drafted(calendar: BusinessCalendar) -> WorkCalendar:
    """The calendar as its rows say now. Queries: 2. Raises `CalendarProblem`."""
    week: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for span in calendar.spans.all():
        week[span.weekday].append((minute_of(span.opens), minute_of(span.closes) or MINUTES_A_DAY))
    own = [(day, day_hours(day)) for day in calendar.days.all()]
    return WorkCalendar(
        zone=calendar.timezone,
        week=tuple(tuple(sorted(spans)) for spans in week),
        days=tuple((day.date, hours) for day, hours in own if not day.every_year),
        yearly=tuple((d.date.month, d.date.day, h) for d, h in own if d.every_year),
        country=calendar.country.strip().upper(),
        region=calendar.region.strip().upper(),
    )


def day_hours(day: CalendarDay) -> Hours:
    """A special day's hours; none where it is closed."""
    if day.opens is None:
        return ()
    return ((minute_of(day.opens), (minute_of(day.closes) if day.closes else 0) or MINUTES_A_DAY),)


def minute_of(moment: time) -> int:
    """Minutes since midnight."""
    return moment.hour * 60 + moment.minute


@transaction.atomic
def publish_calendar(*, calendar: BusinessCalendar) -> BusinessCalendar:
    """Let what was edited count, from now on. Raises `BadInput` with a sentence.

    The version before stays what it was: running clocks were counted by it.
    """
    try:
        content = drafted(calendar)
    except CalendarProblem as problem:
        raise BadInput(problem_words(problem), "calendar") from problem
    version, _created = CalendarVersion.objects.get_or_create(
        organization_id=calendar.organization_id,
        digest=digest_of(content),
        defaults={"content": to_content(content)},
    )
    if calendar.version_id != version.pk:
        calendar.version = version
        calendar.save(update_fields=["version", "updated_at"])
        ask_replan(organization_id=calendar.organization_id)
    return calendar


@transaction.atomic
def ask_replan(*, organization_id: int) -> None:
    """Have every open ticket's clocks follow the changed policies; the sweep does it."""
    SlaReplan.objects.update_or_create(
        organization_id=organization_id, defaults={"asked_at": now(), "after": 0}
    )


@transaction.atomic
def set_up_service_levels(organization: Organization) -> None:
    """Give an organization office hours and a standard policy, unless it has any policy."""
    if SlaPolicy.objects.filter(organization=organization).exists():
        return
    zone = organization.timezone if valid_timezone(organization.timezone) else "UTC"
    calendar, created = BusinessCalendar.objects.get_or_create(
        organization=organization,
        name=gettext_noop("Office hours"),
        defaults={"timezone": zone},
    )
    if created:
        WorkingSpan.objects.bulk_create(
            WorkingSpan(
                organization=organization, calendar=calendar, weekday=day, opens=OPENS,
                closes=CLOSES,
            )
            for day in range(5)
        )  # fmt: skip
    publish_calendar(calendar=calendar)
    policy = SlaPolicy.objects.create(
        organization=organization, name=gettext_noop("Standard"), calendar=calendar
    )
    SlaTarget.objects.bulk_create(
        SlaTarget(
            organization=organization, policy=policy, priority=priority.value,
            first_response=first, next_response=following, resolution=last,
        )
        for priority, (first, following, last) in STANDARD_TARGETS.items()
    )  # fmt: skip
    SlaStep.objects.bulk_create(
        SlaStep(organization=organization, policy=policy, percent=percent, audience=audience.value)
        for percent, audience in ((80, SlaStep.Audience.ASSIGNEE), (100, SlaStep.Audience.LEADS))
    )
