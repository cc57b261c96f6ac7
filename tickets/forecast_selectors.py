"""Reads of forecasts and of the history they rest on, each with its number of queries."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from omnidesk.core.clock import now
from tickets.business_time import AROUND_THE_CLOCK, WorkCalendar
from tickets.choices import StatusCategory
from tickets.models import CalendarVersion, Change, SlaClock, SlaHistory, Status, Ticket
from tickets.sla_backtest import Life, team_loads, usual_loads
from tickets.sla_forecast import Case, History, Traits, from_content, ratio
from tickets.sla_plan import calendar_of

LEARNT_FROM: Final = timedelta(days=180)
MOST_CLOCKS: Final = 60_000
_TRAITS: Final = (
    "level", "metric", "ticket__priority", "ticket__team_id", "ticket__category_id",
    "ticket__source",
)  # fmt: skip
# What was read of a history, by its row and when it was learnt: one entry per organization.
_histories: dict[int, tuple[datetime, History, dict[str, float]]] = {}


@dataclass(frozen=True, slots=True)
class Known:
    """An organization's history, ready to be asked, with its teams' usual loads."""

    history: History
    usual: dict[str, float]


def known_history(organization_id: int) -> Known | None:
    """What was learnt last; None before. Queries: 1, 2 when it is new."""
    rows = SlaHistory.objects.filter(organization_id=organization_id)
    learnt_at = rows.values_list("learnt_at", flat=True).first()
    if learnt_at is None:
        return None
    kept = _histories.get(organization_id)
    if kept is None or kept[0] != learnt_at:
        content = rows.values_list("content", flat=True)[0]
        kept = (learnt_at, from_content(content), dict(content.get("usual", {})))
        _histories[organization_id] = kept
    return Known(kept[1], kept[2])


def lives(organization_id: int, moment: datetime) -> list[Life]:
    """The clocks of the last half year, the newest `MOST_CLOCKS` of them.

    Queries: 2, and 2 more where some of them stood still.
    """
    rows = (
        SlaClock.objects.filter(
            organization_id=organization_id,
            started_at__gte=moment - LEARNT_FROM,
            ticket__deleted_at=None,
            ticket__merged_into=None,
        )
        .order_by("-started_at")
        .values_list(
            *_TRAITS, "calendar_id", "started_at", "met_at", "stopped_at", "paused_at",
            "counted_to", "used", "target", "breached_at", "due_at", "ticket_id",
        )[:MOST_CLOCKS]
    )  # fmt: skip
    calendars = calendars_of(organization_id)
    found: list[Life] = []
    stood: dict[int, list[int]] = defaultdict(list)
    for row in rows.iterator(chunk_size=5_000):
        traits = traits_of(*row[:6])
        calendar_id, began, met, stopped, paused, counted, used, target, failed = row[6:15]
        calendar = calendars.get(calendar_id, AROUND_THE_CLOCK)
        ended = met or stopped
        if ended is None and paused is None:
            used += calendar.between(counted, moment)
        found.append(
            Life(
                traits=traits,
                calendar=calendar,
                began=began,
                ended=ended,
                met=met is not None,
                used=used.total_seconds(),
                target=target.total_seconds(),
                due=row[15],
                failed=failed,
            )
        )
        if not _explained(found[-1], moment):
            stood[row[16]].append(len(found) - 1)
    spans = standing_times(organization_id, stood, moment) if stood else {}
    for ticket_id, places in stood.items():
        for place in places:
            life = replace(found[place], pauses=tuple(spans.get(ticket_id, ())))
            found[place] = replace(life, is_explained=_explained(life, moment))
    return found


def _explained(life: Life, moment: datetime) -> bool:
    """Whether its hours without its pauses are what it used, but for a minute or a hundredth."""
    gap = life.ran(life.ended or moment) - life.used
    return abs(gap) <= max(60.0, life.used / 100)


def standing_times(
    organization_id: int, ticket_ids: Collection[int], moment: datetime
) -> dict[int, list[tuple[datetime, datetime]]]:
    """By ticket: from when to when it waited or was over, out of the log. Queries: 2."""
    statuses = Status.objects.filter(organization_id=organization_id)
    running = set(statuses.filter(category=StatusCategory.OPEN).values_list("key", flat=True))
    rows = Change.objects.filter(
        organization_id=organization_id, ticket__in=ticket_ids, field="status"
    ).order_by("ticket", "at", "pk")
    found: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    since: dict[int, datetime] = {}
    for ticket_id, at, new in rows.values_list("ticket_id", "at", "new").iterator(5_000):
        if new not in running:
            since.setdefault(ticket_id, at)
        elif ticket_id in since:
            found[ticket_id].append((since.pop(ticket_id), at))
    for ticket_id, at in since.items():
        found[ticket_id].append((at, moment))
    return found


def calendars_of(organization_id: int) -> dict[int, WorkCalendar]:
    """Every version of the organization's calendars by its row. Queries: 1."""
    versions = CalendarVersion.objects.filter(organization_id=organization_id)
    return {version.pk: calendar_of(version)[0] for version in versions}


def traits_of(
    level: str, metric: str, priority: str, team: int | None, category: int | None, source: str
) -> Traits:
    """What a clock is compared by, from its columns."""
    return Traits(
        kind=f"{level}:{metric}",
        priority=priority,
        team=str(team or ""),
        category=str(category or ""),
        source=source,
    )


def usual_of(found: list[Life]) -> dict[str, float]:
    """Each team's usual load."""
    return usual_loads(found, team_loads(found))


def running_clocks(
    organization_id: int, ticket_ids: Collection[int] | None = None
) -> "QuerySet[SlaClock]":
    """Clocks that a forecast can be made for: they run, and have not failed."""
    rows = SlaClock.objects.filter(
        organization_id=organization_id,
        met_at=None,
        stopped_at=None,
        paused_at=None,
        breached_at=None,
        ticket__deleted_at=None,
    )
    return rows if ticket_ids is None else rows.filter(ticket__in=ticket_ids)


@dataclass(frozen=True, slots=True)
class Asked:
    """A running clock and what is asked about it."""

    clock_id: int
    ticket_id: int
    case: Case


def cases(
    organization_id: int, usual: dict[str, float], ticket_ids: Collection[int] | None = None
) -> list[Asked]:
    """The running clocks as they stand now. Queries: 3."""
    moment = now()
    calendars = calendars_of(organization_id)
    loads = present_loads(organization_id)
    rows = (
        running_clocks(organization_id, ticket_ids)
        .order_by("pk")
        .values_list(
            *_TRAITS, "pk", "ticket_id", "calendar_id", "counted_to", "used", "target", "due_at"
        )
    )
    found = []
    for row in rows.iterator(chunk_size=5_000):
        traits = traits_of(*row[:6])
        pk, ticket_id, calendar_id, counted, used, target, due = row[6:]
        if due <= moment:
            continue
        calendar = calendars.get(calendar_id, AROUND_THE_CLOCK)
        case = Case(
            traits=traits,
            used=(used + calendar.between(counted, moment)).total_seconds(),
            target=target.total_seconds(),
            load=team_ratio(traits.team, loads, usual),
        )
        found.append(Asked(pk, ticket_id, case))
    return found


def team_ratio(team: str, loads: dict[str, int], usual: dict[str, float]) -> float:
    """A team's present load as a multiple of its usual one; 1 where it has no history."""
    return ratio(loads.get(team, 0), usual[team]) if team in usual else 1.0


def present_loads(organization_id: int) -> dict[str, int]:
    """Open tickets by team, "" for none. Queries: 1."""
    rows = Ticket.objects.alive().filter(
        organization_id=organization_id,
        status_category__in=[StatusCategory.OPEN, StatusCategory.PENDING],
    )
    found: dict[str, int] = {}
    for team in rows.order_by().values_list("team_id", flat=True):
        key = str(team or "")
        found[key] = found.get(key, 0) + 1
    return found
