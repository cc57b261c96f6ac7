"""What the insights page shows: a range of days, its sums, and the range before it."""

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.db.models.functions import TruncDate

from analytics.models import DailyRollup
from analytics.rollups import bounds, today
from omnidesk.accounts.models import Organization, Team, User
from omnidesk.core.text import one_line
from tickets.choices import Source
from tickets.models import Rating, Ticket

RANGES = (7, 30, 60)
USUAL_RANGE = 30
# Below this a share or a median says more about chance than about the desk.
NEEDED_ANSWERS = 5
NEEDED_DECISIONS = 10
NEEDED_RATINGS = 5
# Of 5; where requesters say good or bad, good is 5 and bad is 1.
GOOD = 4


@dataclass(frozen=True, slots=True)
class Day:
    """One day's figures. `counted` is False for a day that no count has reached yet."""

    day: date
    counted: bool
    opened: int = 0
    solved: int = 0
    reopened: int = 0
    backlog: int = 0
    first_responses: int = 0
    first_response_seconds: int | None = None
    ai_suggested: int = 0
    ai_accepted: int = 0


@dataclass(frozen=True, slots=True)
class Sums:
    """A range in one line. A share or median is None where there is too little to say."""

    opened: int
    solved: int
    reopened: int
    first_responses: int
    first_response_seconds: float | None
    ai_suggested: int
    ai_accepted: int

    @property
    def accepted_share(self) -> float | None:
        """Accepted of decided suggestions, 0 to 1."""
        enough = self.ai_suggested >= NEEDED_DECISIONS
        return self.ai_accepted / self.ai_suggested if enough else None

    @property
    def reopened_share(self) -> float | None:
        """Tickets that came back, for each one solved."""
        return self.reopened / self.solved if self.solved else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: whose figures, over how many days, up to which."""

    organization: Organization
    team: Team | None
    days: int
    last: date

    @property
    def first(self) -> date:
        """The range's first day."""
        return self.last - timedelta(days=self.days - 1)

    def before(self) -> "Question":
        """The same number of days just before."""
        return Question(
            organization=self.organization,
            team=self.team,
            days=self.days,
            last=self.first - timedelta(days=1),
        )


def asked(user: User, *, days: str = "", team: str = "", organization: str = "") -> Question | None:
    """The question a page's address asks, with usual values for what makes no sense.

    None where the person works for no organization.
    """
    organizations = staffed(user)
    if not organizations:
        return None
    chosen = next((o for o in organizations if o.slug == organization), organizations[0])
    teams = {one.slug: one for one in teams_of(chosen)}
    wanted = int(days) if days.isascii() and days.isdigit() and len(days) < 4 else USUAL_RANGE
    return Question(
        organization=chosen,
        team=teams.get(one_line(team, 80)),
        days=wanted if wanted in RANGES else USUAL_RANGE,
        last=today(chosen),
    )


def staffed(user: User) -> list[Organization]:
    """The organizations whose desk the person works at, the oldest first: usually their own."""
    ids = user.staffed_organization_ids()
    return list(Organization.objects.filter(pk__in=ids, is_active=True).order_by("pk"))


def teams_of(organization: Organization) -> list[Team]:
    """The teams to choose from."""
    return list(Team.objects.filter(organization=organization, is_active=True))


def daily(question: Question) -> list[Day]:
    """One entry for each day of the range, oldest first."""
    rows = DailyRollup.objects.filter(
        organization=question.organization, day__range=(question.first, question.last)
    )
    counted = set(rows.filter(team=None).values_list("day", flat=True))
    figures = {row.day: row for row in rows.filter(team=question.team)}
    days = (question.first + timedelta(days=offset) for offset in range(question.days))
    return [_day(day, figures.get(day), counted=day in counted) for day in days]


def _day(day: date, row: DailyRollup | None, *, counted: bool) -> Day:
    if row is None:
        # A team without a row on a counted day had nothing to do and nothing waiting.
        return Day(day, counted)
    return Day(
        day,
        counted=True,
        opened=row.opened,
        solved=row.solved,
        reopened=row.reopened,
        backlog=row.backlog,
        first_responses=row.first_responses,
        first_response_seconds=row.first_response_median_seconds,
        ai_suggested=row.ai_suggested,
        ai_accepted=row.ai_accepted,
    )


def sums(question: Question, days: list[Day]) -> Sums:
    """The range's totals; the median is of all first answers, not of the days' medians."""
    seconds = _first_response_seconds(question)
    return Sums(
        opened=sum(day.opened for day in days),
        solved=sum(day.solved for day in days),
        reopened=sum(day.reopened for day in days),
        first_responses=len(seconds),
        first_response_seconds=median(seconds) if len(seconds) >= NEEDED_ANSWERS else None,
        ai_suggested=sum(day.ai_suggested for day in days),
        ai_accepted=sum(day.ai_accepted for day in days),
    )


def _first_response_seconds(question: Question) -> list[float]:
    start, _ = bounds(question.organization, question.first)
    _, end = bounds(question.organization, question.last)
    answered = Ticket.objects.alive().filter(
        organization=question.organization,
        first_response_at__gte=start,
        first_response_at__lt=end,
    )
    if question.team is not None:
        answered = answered.filter(team=question.team)
    pairs = answered.exclude(source=Source.IMPORT).values_list("first_response_at", "created_at")
    return [(first - created).total_seconds() for first, created in pairs if first is not None]


@dataclass(frozen=True, slots=True)
class Rated:
    """How many ratings came on one day, and how many of them were good (4 or 5 of 5)."""

    count: int = 0
    good: int = 0


def ratings(question: Question) -> dict[date, Rated]:
    """The ratings of the range by the organization's own days. Queries: 1."""
    zone = ZoneInfo(question.organization.timezone)
    start, _ = bounds(question.organization, question.first)
    _, end = bounds(question.organization, question.last)
    rated = Rating.objects.filter(
        organization=question.organization, ticket__deleted_at=None, rated_at__gte=start,
        rated_at__lt=end,
    )  # fmt: skip
    if question.team is not None:
        rated = rated.filter(ticket__team=question.team)
    by_day = rated.annotate(day=TruncDate("rated_at", tzinfo=zone)).order_by().values("day")
    rows = by_day.annotate(count=Count("pk"), good=Count("pk", filter=Q(score__gte=GOOD)))
    return {row["day"]: Rated(row["count"], row["good"]) for row in rows}


def open_now(question: Question) -> int:
    """Unsolved tickets at this moment."""
    tickets = Ticket.objects.alive().unresolved().filter(organization=question.organization)
    return tickets.filter(team=question.team).count() if question.team else tickets.count()


def reaches_back(question: Question) -> bool:
    """Whether every day of the range has been counted: only then it may be compared with."""
    days = DailyRollup.objects.filter(
        organization=question.organization, team=None, day__range=(question.first, question.last)
    )
    return days.count() == question.days
