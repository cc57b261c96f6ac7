"""What the daily figures do not hold: times met by week, backlog by age, arrivals, the AI's costs.

Read from the rows themselves, always for one organization; costs for those the person leads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum
from django.db.models.functions import (
    Coalesce,
    ExtractHour,
    ExtractIsoWeekDay,
    TruncMonth,
    TruncWeek,
)

from ai.models import ModelCall
from analytics.rollups import bounds
from analytics.selectors import Question
from omnidesk.accounts.models import Organization
from omnidesk.core.clock import now
from tickets.choices import Source
from tickets.models import SlaClock, Ticket
from tickets.sla_rules import Level, Metric

WEEKS, MONTHS = 12, 6
# Upper ends in days; what is older than the last comes in a group of its own.
AGES = (1, 3, 7, 14, 30, 90)


@dataclass(frozen=True, slots=True)
class Kept:
    """Of the times promised to requesters that were decided in a week: in time, and too late."""

    met: int = 0
    missed: int = 0

    @property
    def share(self) -> float | None:
        """Met of all, 0 to 1; None where nothing was decided."""
        return self.met / (self.met + self.missed) if self.met + self.missed else None


@dataclass(frozen=True, slots=True)
class Week:
    """A week from its Monday on, in the organization's time, by what was promised."""

    monday: date
    by_metric: dict[str, Kept]

    @property
    def whole(self) -> Kept:
        """All kinds of times together."""
        kept = self.by_metric.values()
        return Kept(sum(one.met for one in kept), sum(one.missed for one in kept))


def weeks(question: Question) -> list[Week]:
    """The last 12 weeks, the running one included, oldest first. Queries: 1.

    A time that failed counts in the week in which it failed, also where it was met later.
    """
    zone = ZoneInfo(question.organization.timezone)
    newest = question.last - timedelta(days=question.last.weekday())
    mondays = [newest - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    start, _ = bounds(question.organization, mondays[0])
    clocks = SlaClock.objects.filter(
        organization=question.organization, level=Level.CUSTOMER, ticket__deleted_at=None
    )
    if question.team is not None:
        clocks = clocks.filter(ticket__team=question.team)
    decided = clocks.annotate(decided=Coalesce("breached_at", "met_at")).filter(decided__gte=start)
    by_week = decided.annotate(week=TruncWeek("decided", tzinfo=zone)).order_by()
    rows = by_week.values("week", "metric").annotate(
        met=Count("pk", filter=Q(breached_at=None)), missed=Count("pk", filter=~Q(breached_at=None))
    )
    found: dict[date, dict[str, Kept]] = {}
    for row in rows:
        kept = found.setdefault(row["week"].date(), {})
        kept[row["metric"]] = Kept(row["met"], row["missed"])
    return [Week(monday, found.get(monday, {})) for monday in mondays]


def metrics_of(weeks: Sequence[Week]) -> list[Metric]:
    """The kinds of times that were decided at all, in their usual order."""
    found = {metric for week in weeks for metric in week.by_metric}
    return [metric for metric in Metric if metric in found]


@dataclass(frozen=True, slots=True)
class Age:
    """Unsolved tickets older than `over` days and up to `upto` (None: no end)."""

    over: int
    upto: int | None
    tickets: int
    unassigned: int


def ages(question: Question) -> list[Age]:
    """The unsolved tickets of this moment by age, the youngest first. Queries: 1."""
    moment = now()
    tickets = Ticket.objects.alive().unresolved().filter(organization=question.organization)
    if question.team is not None:
        tickets = tickets.filter(team=question.team)
    ends: list[tuple[int, int | None]] = list(zip((0, *AGES), (*AGES, None), strict=True))
    counts = {}
    for over, upto in ends:
        inside = Q(created_at__lte=moment - timedelta(days=over))
        if upto is not None:
            inside &= Q(created_at__gt=moment - timedelta(days=upto))
        counts[f"all_{over}"] = Count("pk", filter=inside)
        counts[f"free_{over}"] = Count("pk", filter=inside & Q(assignee=None))
    found = tickets.aggregate(**counts)
    return [Age(over, upto, found[f"all_{over}"], found[f"free_{over}"]) for over, upto in ends]


def arrivals(question: Question) -> list[list[int]]:
    """Tickets that came, by the organization's weekday (7, Monday first) and hour. Queries: 1."""
    zone = ZoneInfo(question.organization.timezone)
    start, _ = bounds(question.organization, question.first)
    _, end = bounds(question.organization, question.last)
    came = Ticket.objects.alive().filter(
        organization=question.organization, created_at__gte=start, created_at__lt=end
    )
    if question.team is not None:
        came = came.filter(team=question.team)
    slots = came.exclude(source=Source.IMPORT).annotate(
        weekday=ExtractIsoWeekDay("created_at", tzinfo=zone),
        hour=ExtractHour("created_at", tzinfo=zone),
    )
    grid = [[0] * 24 for _day in range(7)]
    for row in slots.order_by().values("weekday", "hour").annotate(count=Count("pk")):
        grid[row["weekday"] - 1][row["hour"]] = row["count"]
    return grid


@dataclass(frozen=True, slots=True)
class Spending:
    """What a month's calls of outside models cost, in USD, by organization's id."""

    month: date
    calls: int
    usd: dict[int, Decimal]


def spending(question: Question, organizations: Sequence[Organization]) -> list[Spending]:
    """The last 6 months, the running one included, oldest first. Queries: 1.

    Months begin where the asked organization is, so that the columns of the table are comparable.
    """
    zone = ZoneInfo(question.organization.timezone)
    months = [question.last.replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    months.reverse()
    calls = ModelCall.objects.filter(
        organization__in=organizations, at__gte=datetime.combine(months[0], time(), zone)
    )
    by_month = calls.annotate(month=TruncMonth("at", tzinfo=zone)).order_by()
    rows = by_month.values("month", "organization_id").annotate(
        count=Count("pk"), usd=Sum("cost_usd")
    )
    found: dict[date, Spending] = {month: Spending(month, 0, {}) for month in months}
    for row in rows:
        month = row["month"].date()
        before = found[month]
        usd = before.usd | {row["organization_id"]: row["usd"]}
        found[month] = Spending(month, before.calls + row["count"], usd)
    return list(found.values())
