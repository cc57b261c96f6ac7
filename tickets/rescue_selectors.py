"""The tickets that will probably be late, each with what would help; with numbers of queries."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, QuerySet

from omnidesk.accounts.models import Membership, TeamMembership, User
from omnidesk.accounts.roles import STAFF_ROLES, Role
from omnidesk.core.clock import now
from tickets.access import desk_tickets
from tickets.choices import Priority, StatusCategory
from tickets.forecast_selectors import Asked, cases, known_history
from tickets.forecast_words import POSSIBLE, Likely
from tickets.models import (
    AgentProfile,
    Skill,
    SlaClock,
    SlaForecast,
    SlaHistory,
    SlaTarget,
    Ticket,
)
from tickets.sla_forecast import NEEDED
from tickets.sla_rescue import Hands, Rescue, Situation, rescues
from tickets.workload import Candidate, Strategy, choose

SHOWN: Final = 25
LEARNT_WITHIN: Final = timedelta(days=365)
_OPEN: Final = (StatusCategory.OPEN, StatusCategory.PENDING)


@dataclass(frozen=True, slots=True)
class Risky:
    """A ticket that may be late: its worst clock, why, and what would help."""

    ticket: Ticket
    clock: SlaClock
    likely: Likely
    rescues: Sequence[Rescue]


@dataclass(frozen=True, slots=True)
class AtRisk:
    """The page: the worst tickets, how many there are, and whether anything is known at all."""

    rows: Sequence[Risky]
    total: int
    learnt: bool


def led_organizations(user: User) -> list[int]:
    """Ids of the organizations whose desk the person leads. Queries: 0."""
    ids = user.staffed_organization_ids()
    return sorted(one for one in ids if user.has_role(one, Role.LEAD))


def running_forecasts(organizations: Collection[int]) -> "QuerySet[SlaForecast]":
    """Forecasts that still hold: their clocks run and are not due yet."""
    return SlaForecast.objects.filter(
        organization__in=organizations,
        clock__met_at=None,
        clock__stopped_at=None,
        clock__paused_at=None,
        clock__breached_at=None,
        clock__due_at__gt=now(),
        ticket__deleted_at=None,
        risk__gte=POSSIBLE,
    )


def at_risk(user: User) -> AtRisk:
    """The tickets most likely to be late in the organizations that `user` leads.

    Queries: 5 (forecasts, how many, whether anything was learnt, tickets, and the memberships
    above), and 12 for each organization with such tickets.
    """
    organizations = led_organizations(user)
    forecasts = running_forecasts(organizations)
    total = forecasts.order_by().values("ticket").distinct().count()
    # A ticket has six clocks at most.
    worst: dict[int, SlaForecast] = {}
    for row in forecasts.select_related("clock")[: SHOWN * 6]:
        if row.ticket_id not in worst and len(worst) < SHOWN:
            worst[row.ticket_id] = row
    tickets = {
        ticket.pk: ticket for ticket in desk_tickets(user).filter(pk__in=worst).with_row_relations()
    }
    helps: dict[int, Sequence[Rescue]] = {}
    for home in {ticket.organization_id for ticket in tickets.values()}:
        own = [ticket for ticket in tickets.values() if ticket.organization_id == home]
        helps |= rescues_for(home, own)
    rows = [
        Risky(tickets[pk], row.clock, Likely(row), helps.get(pk, ()))
        for pk, row in worst.items()
        if pk in tickets
    ]
    learnt = SlaHistory.objects.filter(organization__in=organizations, clocks__gte=NEEDED)
    return AtRisk(rows, total, bool(rows) or learnt.exists())


def rescues_for(organization_id: int, tickets: Sequence[Ticket]) -> dict[int, Sequence[Rescue]]:
    """What would help each of the organization's tickets. Queries: 11, 12 after new learning."""
    known = known_history(organization_id)
    if known is None:
        return {}
    asked: dict[int, list[Asked]] = defaultdict(list)
    for one in cases(organization_id, known.usual, [ticket.pk for ticket in tickets]):
        asked[one.ticket_id].append(one)
    desk = _Desk.of(organization_id, tickets)
    targets = _targets(organization_id)
    policies = dict(
        SlaClock.objects.filter(pk__in=[a.clock_id for own in asked.values() for a in own])
        .order_by()
        .values_list("pk", "policy_id")
    )
    found: dict[int, Sequence[Rescue]] = {}
    for ticket in tickets:
        own = asked[ticket.pk]
        higher = _higher(ticket.priority)
        situation = Situation(
            cases=[one.case for one in own],
            held=desk.held(ticket),
            unheld=ticket.assignee_id is None,
            holder_away=desk.is_away(ticket.assignee_id),
            free=desk.free(ticket),
            higher=higher,
            targets={
                one.case.traits.kind: seconds
                for one in own
                if (seconds := _seconds(targets, policies.get(one.clock_id), higher, one))
            },
        )
        found[ticket.pk] = rescues(known.history, situation)
    return found


def _higher(priority: str) -> str:
    levels = Priority.values
    place = levels.index(priority) + 1 if priority in levels else len(levels)
    return levels[place] if place < len(levels) else ""


def _targets(organization_id: int) -> dict[tuple[int, str], SlaTarget]:
    rows = SlaTarget.objects.filter(organization_id=organization_id)
    return {(row.policy_id, row.priority): row for row in rows}


def _seconds(
    targets: dict[tuple[int, str], SlaTarget], policy_id: int | None, priority: str, one: Asked
) -> float:
    row = targets.get((policy_id or 0, priority))
    metric = one.case.traits.kind.partition(":")[2]
    return float(getattr(row, metric, 0) or 0) * 60 if row else 0.0


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who could take tickets: their load, their skills, whether they are there."""

    people: dict[int, User]
    teams: dict[int, set[int]]
    held_by: dict[int, int]
    profiles: dict[int, AgentProfile]
    skills: dict[tuple[int, int], int]
    solved: dict[tuple[int, int], int]
    moment: datetime

    @classmethod
    def of(cls, organization_id: int, tickets: Sequence[Ticket]) -> "_Desk":
        """Queries: 6 (people, teams, profiles, skills, open, solved)."""
        moment = now()
        members = Membership.objects.filter(
            organization_id=organization_id, role__in=STAFF_ROLES, user__is_active=True
        ).select_related("user")
        people = {member.user_id: member.user for member in members}
        teams: dict[int, set[int]] = defaultdict(set)
        places = TeamMembership.objects.filter(organization_id=organization_id)
        for team_id, user_id in places.values_list("team_id", "user_id"):
            if user_id in people:
                teams[team_id].add(user_id)
        categories = {ticket.category_id for ticket in tickets if ticket.category_id}
        alive = Ticket.objects.alive().filter(organization_id=organization_id).order_by()
        held = alive.filter(status_category__in=_OPEN, assignee__in=people)
        solved = alive.filter(
            category__in=categories, assignee__in=people, resolved_at__gte=moment - LEARNT_WITHIN
        )
        profiles = AgentProfile.objects.filter(organization_id=organization_id)
        skills = Skill.objects.filter(organization_id=organization_id, category__in=categories)
        return cls(
            people,
            teams,
            dict(held.values_list("assignee").annotate(n=Count("pk"))),
            {profile.user_id: profile for profile in profiles},
            {
                (user_id, category_id): level
                for user_id, category_id, level in skills.values_list(
                    "profile__user_id", "category_id", "level"
                )
            },
            {
                (user_id, category_id): count
                for user_id, category_id, count in solved.values_list(
                    "assignee_id", "category_id"
                ).annotate(n=Count("pk"))
            },
            moment,
        )

    def is_away(self, user_id: int | None) -> bool:
        profile = self.profiles.get(user_id or 0)
        return profile is not None and profile.is_away(self.moment)

    def held(self, ticket: Ticket) -> float:
        """What its holder has; a usual member of its team where nobody has it."""
        if ticket.assignee_id is not None:
            return self.held_by.get(ticket.assignee_id, 0)
        members = self._members(ticket)
        return sum(self.held_by.get(pk, 0) for pk in members) / max(len(members), 1)

    def _members(self, ticket: Ticket) -> set[int]:
        return self.teams.get(ticket.team_id, set()) if ticket.team_id else set(self.people)

    def free(self, ticket: Ticket) -> Hands | None:
        """The best person who is there, below their limit, and not who has it already."""
        category = ticket.category_id or 0
        candidates = [
            Candidate(
                pk=pk,
                name=self.people[pk].display_name,
                open=self.held_by.get(pk, 0),
                capacity=self.profiles[pk].capacity if pk in self.profiles else 0,
                skill=self.skills.get((pk, category), 0),
                solved=self.solved.get((pk, category), 0),
                away=self.is_away(pk),
            )
            for pk in sorted(self._members(ticket) - {ticket.assignee_id or 0})
        ]
        choice = choose(candidates, Strategy.SKILL, str(ticket.category or ""))
        best = choice.candidate
        if best is None:
            return None
        return Hands(pk=best.pk, name=best.name, open=best.open, why=choice.why)
