"""Counts one day of an organization from its tickets and their change log.

Idempotent: counting a day again gives the same rows. Callers hold the organization's scope.
Tickets that a bulk import brought are history of another system: they are nobody's work of the
day they came in, so they count in no figure but the backlog. A ticket counts for the team it has
now.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Now

from analytics.models import DailyRollup
from omnidesk.accounts.models import Organization
from omnidesk.core.clock import now
from tickets.choices import Source, StatusCategory
from tickets.models import Change, Status, Ticket, TicketQuerySet

KEPT_DAYS = 120
SETTLED = (StatusCategory.SOLVED.value, StatusCategory.CLOSED.value)
DECISION = "ticket.suggestion_"
ACCEPTED = DECISION + "accepted"
DECIDED = (ACCEPTED, DECISION + "corrected", DECISION + "rejected")
UNDONE = DECISION + "reopened"


@dataclass(slots=True)
class Figures:
    """The counts of one team, or of all (key None), on one day."""

    opened: int = 0
    solved: int = 0
    reopened: int = 0
    backlog: int = 0
    first_responses: list[float] = field(default_factory=list[float])
    ai_suggested: int = 0
    ai_accepted: int = 0


class Tally:
    """Figures by team; every count goes to the ticket's team and to the whole."""

    def __init__(self) -> None:
        self.by_team: dict[int | None, Figures] = defaultdict(Figures)
        self.by_team[None] = Figures()

    def count(self, name: str, teams: Iterable[int | None]) -> None:
        """Add one to `name` for each team id, and to the whole."""
        for team_id in teams:
            for key in {None, team_id}:
                figures = self.by_team[key]
                setattr(figures, name, getattr(figures, name) + 1)

    def answered(self, team_id: int | None, seconds: float) -> None:
        """Note how long one first answer took."""
        for key in {None, team_id}:
            self.by_team[key].first_responses.append(seconds)


def today(organization: Organization) -> date:
    """The current day where the organization is."""
    return now().astimezone(ZoneInfo(organization.timezone)).date()


def bounds(organization: Organization, day: date) -> tuple[datetime, datetime]:
    """When the organization's day begins and ends (UTC; the end is excluded)."""
    zone = ZoneInfo(organization.timezone)
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def mark_stale(organization: Organization, days: Iterable[date]) -> None:
    """Have those days counted again. A day without a row is counted anyway."""
    DailyRollup.objects.filter(organization=organization, day__in=set(days), team=None).update(
        # Always, even if stale already: a count running right now must not swallow the mark.
        stale_at=Now()
    )


def due_days(organization: Organization) -> list[date]:
    """Days to count: missing, changed since, or counted before they were over. Oldest first."""
    rows = {
        row.day: row for row in DailyRollup.objects.filter(organization=organization, team=None)
    }
    first = _first_day(organization)
    if first is None:
        return []
    found = []
    day, last = first, today(organization)
    while day <= last:
        row = rows.get(day)
        if row is None or row.is_stale or _counted_too_early(organization, row, last):
            found.append(day)
        day += timedelta(days=1)
    return found


def _counted_too_early(organization: Organization, row: DailyRollup, last: date) -> bool:
    return row.day < last and row.computed_at < bounds(organization, row.day)[1]


def _first_day(organization: Organization) -> date | None:
    tickets = Ticket.objects.alive().filter(organization=organization)
    oldest = tickets.exclude(source=Source.IMPORT).order_by("created_at").first()
    if oldest is None:
        return None
    zone = ZoneInfo(organization.timezone)
    earliest = today(organization) - timedelta(days=KEPT_DAYS)
    return max(oldest.created_at.astimezone(zone).date(), earliest)


@transaction.atomic
def roll_up_day(organization: Organization, day: date) -> None:
    """Count the day and replace its rows."""
    # The start of the count, by the database's clock, before anything is read.
    begun = _database_time()
    tally = Tally()
    start, end = bounds(organization, day)
    tickets = Ticket.objects.alive().filter(organization=organization)
    own = tickets.exclude(source=Source.IMPORT)
    tally.count("opened", own.filter(created_at__range=_until(start, end)).values_list(
        "team_id", flat=True))  # fmt: skip
    _count_moves(tally, organization, start, end)
    _count_answers(tally, own.filter(first_response_at__range=_until(start, end)))
    tally.count("backlog", _backlog(organization, end))
    _count_decisions(tally, organization, start, end)
    _write(organization, day, tally, begun)


def _until(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    return start, end - timedelta(microseconds=1)


def _database_time() -> datetime:
    """The database's clock: the marks in `stale_at` are set by it as well."""
    row = Organization.objects.annotate(time=Now()).values_list("time", flat=True)[:1]
    return next(iter(row), now())


def _settled_keys(organization: Organization) -> list[str]:
    statuses = Status.objects.filter(organization=organization, category__in=SETTLED)
    return list(statuses.values_list("key", flat=True))


def _count_moves(tally: Tally, organization: Organization, start: datetime, end: datetime) -> None:
    """Tickets that were solved, and that came back; each at most once a day."""
    settled = _settled_keys(organization)
    # Without an order of its own: it would be selected along and make every pair distinct.
    moves = Change.objects.order_by().filter(
        organization=organization,
        field="status",
        at__range=_until(start, end),
        ticket__deleted_at__isnull=True,
    )
    for name, condition in (
        ("solved", Q(new__in=settled) & ~Q(old__in=settled)),
        ("reopened", Q(old__in=settled) & ~Q(new__in=settled)),
    ):
        pairs = moves.filter(condition).values_list("ticket_id", "ticket__team_id").distinct()
        tally.count(name, (team_id for _, team_id in pairs))


def _count_answers(tally: Tally, answered: TicketQuerySet) -> None:
    for team_id, created, first in answered.values_list(
        "team_id", "created_at", "first_response_at"
    ):
        if first is not None:
            tally.answered(team_id, (first - created).total_seconds())


def _backlog(organization: Organization, end: datetime) -> list[int | None]:
    """The team ids of all tickets that were unsolved at `end`.

    A ticket that is solved now was so at `end` if that was its last solution; only the others
    need their log read.
    """
    last_status = (
        Change.objects.filter(ticket=OuterRef("pk"), field="status", at__lt=end)
        .order_by("-at", "-pk")
        .values("new")[:1]
    )
    candidates = (
        Ticket.objects.filter(organization=organization, created_at__lt=end)
        .filter(Q(resolved_at=None) | Q(resolved_at__gte=end))
        .filter(Q(deleted_at=None) | Q(deleted_at__gte=end))
        .annotate(last_status=Subquery(last_status))
    )
    settled = set(_settled_keys(organization))
    return [
        team_id
        for team_id, status in candidates.values_list("team_id", "last_status")
        if status not in settled
    ]


def _count_decisions(
    tally: Tally, organization: Organization, start: datetime, end: datetime
) -> None:
    """What people made of the AI's suggestions; only the day's last word on a field counts."""
    rows = Change.objects.filter(
        organization=organization,
        verb__in=(*DECIDED, UNDONE),
        at__range=_until(start, end),
        ticket__deleted_at__isnull=True,
    ).order_by("at", "pk")
    last: dict[tuple[int, str], tuple[str, int | None]] = {}
    for ticket_id, name, verb, team in rows.values_list(
        "ticket_id", "field", "verb", "ticket__team_id"
    ):
        last[ticket_id, name] = (verb, team)
    for verb, team_id in last.values():
        if verb in DECIDED:
            tally.count("ai_suggested", [team_id])
        if verb == ACCEPTED:
            tally.count("ai_accepted", [team_id])


def _write(organization: Organization, day: date, tally: Tally, begun: datetime) -> None:
    old = DailyRollup.objects.filter(organization=organization, day=day)
    old.exclude(team=None).exclude(team__in=[key for key in tally.by_team if key]).delete()
    counted = [
        "opened", "solved", "reopened", "backlog", "first_responses",
        "first_response_median_seconds", "ai_suggested", "ai_accepted", "computed_at",
    ]  # fmt: skip
    DailyRollup.objects.bulk_create(
        (
            DailyRollup(
                organization=organization,
                day=day,
                team_id=team_id,
                opened=figures.opened,
                solved=figures.solved,
                reopened=figures.reopened,
                backlog=figures.backlog,
                first_responses=len(figures.first_responses),
                first_response_median_seconds=(
                    round(median(figures.first_responses)) if figures.first_responses else None
                ),
                ai_suggested=figures.ai_suggested,
                ai_accepted=figures.ai_accepted,
                computed_at=begun,
            )
            # Always in the same order: two counts of one day must not wait for each other.
            for team_id, figures in sorted(tally.by_team.items(), key=lambda pair: pair[0] or 0)
        ),
        update_conflicts=True,
        unique_fields=["organization", "day", "team"],
        update_fields=counted,
    )
