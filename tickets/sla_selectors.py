"""Reads of agreed times, each with its number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from omnidesk.accounts.roles import STAFF_ROLES
from omnidesk.core.clock import now
from tickets import sla_clock
from tickets.business_time import AROUND_THE_CLOCK, MINUTES_A_DAY, WorkCalendar, wall
from tickets.forecast_words import Likely, foreseeable, likely
from tickets.models import Change, SlaClock, SlaForecast, SlaPolicy, SlaReplan, SlaStep, Ticket
from tickets.setup_selectors import Setup
from tickets.sla_clock import Clock
from tickets.sla_plan import calendar_of, calendars_of, entry_of
from tickets.sla_rules import Level

SOON = 3600.0
# Business and wall time that differ by less than this run side by side: the page may count down.
_TOGETHER = timedelta(seconds=60)
_WHY_VERBS = (
    "ticket.sla_changed", "ticket.sla_warned", "ticket.sla_breached", "ticket.sla_escalated",
)  # fmt: skip


def organizations_to_sweep() -> list[int]:
    """Organizations with a due clock or a changed policy. Queries: 2; wants the system's scope."""
    due = SlaClock.objects.filter(next_check_at__lt=now()).order_by()
    changed = SlaReplan.objects.order_by()
    ids = {
        *due.values_list("organization_id", flat=True).distinct(),
        *changed.values_list("organization_id", flat=True),
    }
    return sorted(ids)


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """What is left of one agreed time. `state` is far, soon, late, paused, met or none.

    `seconds` are business time, negative when late. `ticks` says that the desk works until then,
    so that business time and the wall clock run side by side.
    """

    state: str
    seconds: float = 0.0
    due: datetime | None = None
    ticks: bool = False


NO_TIME = TimeLeft("none")


def time_left(clock: Clock, moment: datetime) -> TimeLeft:
    """How a clock stands at `moment`."""
    if clock.stopped_at is not None:
        return NO_TIME
    if clock.met_at is not None:
        left = sla_clock.remaining(clock, clock.met_at)
        late = clock.breached_at is not None
        return TimeLeft("late" if late else "met", left.total_seconds(), clock.due_at)
    left = sla_clock.remaining(clock, moment)
    seconds = left.total_seconds()
    if clock.paused_at is not None:
        state = "late" if clock.breached_at else "paused"
        return TimeLeft(state, seconds, clock.due_at)
    ticks = abs((clock.due_at - moment) - left) < _TOGETHER
    if sla_clock.is_late(clock, moment):
        return TimeLeft("late", min(seconds, 0.0), clock.due_at, ticks)
    return TimeLeft("soon" if seconds < SOON else "far", seconds, clock.due_at, ticks)


def put_time_left(tickets: Sequence[Ticket]) -> None:
    """Give each of the tickets `time_left`, of the clock that is due next, and `likely`, the worst
    forecast of its clocks (None without one). Queries: 1, as `_running` says."""
    moment = now()
    clocks, worst = _running([ticket.pk for ticket in tickets], moment)
    for ticket in tickets:
        left = _nearest(clocks.get(ticket.pk, []), moment)
        ticket.time_left = left  # type: ignore[attr-defined]
        # What is late already needs no forecast beside it.
        found = worst.get(ticket.pk) if left.state != "late" else None
        ticket.likely = found  # type: ignore[attr-defined]


# Plain values: rows of clocks with their calendars and forecasts cost a list more than its tickets.
_CLOCK = ("target", "used", "started_at", "counted_to", "due_at", "paused_at", "breached_at")
_FORECAST = ("risk", "alike", "longer", "depth", "load")


def _running(
    ticket_ids: Sequence[int], moment: datetime
) -> tuple[dict[int, list[Clock]], dict[int, Likely]]:
    """The open clocks of each ticket, and the worst forecast of each.

    Queries: 1; one more for calendars that this process has not read yet.
    """
    rows = list(
        SlaClock.objects.filter(ticket__in=ticket_ids, met_at=None, stopped_at=None).values_list(
            "ticket_id", "calendar__digest", *_CLOCK, *(f"forecast__{name}" for name in _FORECAST)
        )
    )
    calendars = calendars_of(digest for _pk, digest, *_values in rows if digest)
    clocks: dict[int, list[Clock]] = {}
    forecasts: dict[int, Sequence[Any]] = {}
    for pk, digest, *values in rows:
        own, forecast = values[: len(_CLOCK)], values[len(_CLOCK) :]
        calendar = calendars.get(digest, AROUND_THE_CLOCK)
        clock = Clock(calendar=calendar, **dict(zip(_CLOCK, own, strict=True)))
        clocks.setdefault(pk, []).append(clock)
        if forecast[0] is not None and foreseeable(clock, moment):
            forecasts[pk] = max(forecasts.get(pk, forecast), forecast, key=_risk)
    return clocks, {
        pk: Likely(SlaForecast(**dict(zip(_FORECAST, values, strict=True))))
        for pk, values in forecasts.items()
    }


def _risk(forecast: Sequence[Any]) -> float:
    return float(forecast[0])


def _nearest(clocks: Iterable[Clock], moment: datetime) -> TimeLeft:
    first = min(clocks, key=lambda c: (c.paused_at is not None, c.due_at), default=None)
    return NO_TIME if first is None else time_left(first, moment)


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One agreed time as the ticket page shows it."""

    row: SlaClock
    left: TimeLeft
    target: float
    used: float
    likely: Likely | None = None

    @property
    def met(self) -> bool:
        """Done, in time or late."""
        return self.row.met_at is not None


@dataclass(frozen=True, slots=True)
class ClockPanel:
    """Everything about a ticket's agreed times."""

    lines: tuple[ClockLine, ...] = ()
    inside: tuple[ClockLine, ...] = ()
    policy: str = ""
    problem: str = ""
    calendar: str = ""
    hours: tuple[str, ...] = ()
    paused_at: datetime | None = None
    history: tuple[Change, ...] = field(default_factory=tuple[Change, ...])

    def __bool__(self) -> bool:
        return bool(self.lines or self.inside)


def clock_panel(ticket: Ticket, setup: Setup, log: Iterable[Change] | None = None) -> ClockPanel:
    """The clocks of one ticket with the reasons behind them.

    `log` is the ticket's change log where the caller has read it. Queries: 1; without a log 2;
    one for each person or team of a clock that its organization's `setup` leaves out.
    """
    rows = SlaClock.objects.filter(ticket=ticket).select_related(
        "calendar", "policy__calendar__version", "forecast"
    )
    moment = now()
    latest = _latest(rows.order_by("pk"))
    for row in latest:
        _put_names(row, setup)
    shown = [_line(row, moment) for row in latest]
    if not shown:
        return ClockPanel()
    customer = tuple(line for line in shown if line.row.level == Level.CUSTOMER)
    inside = tuple(line for line in shown if line.row.level == Level.TEAM)
    first = (customer or inside)[0].row
    calendar, _problem = calendar_of(first.calendar)
    policy = first.policy
    return ClockPanel(
        lines=customer,
        inside=inside,
        policy=policy.name if policy else "",
        problem=_trouble(policy),
        calendar=policy.calendar.name if policy else "",
        hours=hours_words(calendar),
        paused_at=min((row.row.paused_at for row in shown if row.row.paused_at), default=None),
        history=_why(ticket, log),
    )


def _put_names(row: SlaClock, setup: Setup) -> None:
    """Its people and teams as the page has them anyway: no join for what most clocks lack."""
    for name, members in (
        ("failed_assignee", setup.agents),
        ("failed_team", setup.teams),
        ("team", setup.teams),
    ):
        wanted = getattr(row, f"{name}_id")
        found = next((one for one in members if one.pk == wanted), None) if wanted else None
        if found is not None:
            setattr(row, name, found)


def _why(ticket: Ticket, log: Iterable[Change] | None) -> tuple[Change, ...]:
    if log is not None:
        return tuple(change for change in log if change.verb in _WHY_VERBS)
    return tuple(Change.objects.filter(ticket=ticket, verb__in=_WHY_VERBS).order_by("at"))


def _trouble(policy: SlaPolicy | None) -> str:
    if policy is None:
        return ""
    _calendar, problem = calendar_of(policy.calendar.version)
    return (
        _("Its times count around the clock: %(reason)s") % {"reason": problem} if problem else ""
    )


def _latest(rows: Iterable[SlaClock]) -> list[SlaClock]:
    """The newest clock of each place, in the order of the metrics; stopped ones are over."""
    found: dict[tuple[str, str], SlaClock] = {}
    for row in rows:
        if row.stopped_at is None:
            found[row.level, row.metric] = row
    order = {"first_response": 0, "next_response": 1, "resolution": 2}
    return sorted(found.values(), key=lambda row: order.get(row.metric, 9))


def _line(row: SlaClock, moment: datetime) -> ClockLine:
    clock = entry_of(row).clock
    until = clock.met_at or moment
    used = sla_clock.used(clock, until).total_seconds()
    left = time_left(clock, moment)
    return ClockLine(row, left, row.target.total_seconds(), used, likely(row, moment))


def hours_words(calendar: WorkCalendar) -> tuple[str, ...]:
    """A calendar's week in words: equal days that follow each other share a line."""
    lines: list[tuple[int, int, Any]] = []
    for day, hours in enumerate(calendar.week):
        if hours and lines and lines[-1][2] == hours and lines[-1][1] == day - 1:
            lines[-1] = (lines[-1][0], day, hours)
        elif hours:
            lines.append((day, day, hours))
    return tuple(_day_words(*line) for line in lines)


def _day_words(first: int, last: int, hours: Any) -> str:
    # Any Monday will do: only the weekday's name is taken from it.
    monday = date(2024, 1, 1)
    names = [
        formats.date_format(monday + timedelta(days=day), "D")
        for day in ([first] if first == last else [first, last])
    ]
    spans = ", ".join(f"{wall(opens)}–{wall(closes)}" for opens, closes in hours)
    if hours == ((0, MINUTES_A_DAY),):
        spans = _("all day")
    return f"{'–'.join(names)} {spans}"


def step_problem(step: SlaStep) -> str:
    """Why an escalation step cannot be taken, such as a person who left; empty where it can.

    Queries: 1 where it names a person.
    """
    tells = step.action == SlaStep.Action.NOTIFY and step.audience == SlaStep.Audience.PERSON
    if step.action == SlaStep.Action.ASSIGN_TEAM and (step.team is None or not step.team.is_active):
        return _("The team of the step “%(step)s” is not there any more.") % {"step": step}
    if not tells and step.action != SlaStep.Action.ASSIGN_PERSON:
        return ""
    if step.person is None:
        return _("The person of the step “%(step)s” is not there any more.") % {"step": step}
    works = step.person.memberships.filter(
        organization_id=step.organization_id, role__in=STAFF_ROLES
    )
    if step.person.is_active and works.exists():
        return ""
    values = {"name": step.person.display_name}
    return _("%(name)s is not an agent of this organization.") % values
