"""Asking for a simulation and running it: what would have been late under a change.

It reads tickets and writes none. Each batch is a transaction of its own that leaves a sign of life;
a run whose worker died is given out again from its beginning, three times at most.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from analytics.models import Simulation
from analytics.queueing import Job, fit, waits
from analytics.replaying import Agreements, Outcome, shifted, verdicts
from analytics.stories import Desk, stories
from omnidesk.accounts.models import Team, User
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import organization_scope
from tickets.business_time import WorkCalendar
from tickets.choices import ActorKind, Priority, Source
from tickets.models import BusinessCalendar, Change, SlaClock, Ticket, TicketQuerySet
from tickets.sla_plan import Plan, calendar_of, plan_of

QUARTER: Final = timedelta(days=91)
BATCH: Final = 200
MOST_TICKETS: Final = 50_000
MOST_TRIES: Final = 3
SILENT_FOR: Final = timedelta(minutes=5)
_HOUR: Final = timedelta(hours=1)
_RANKS: Final = {level: rank for rank, level in enumerate(reversed(Priority.values))}


class Refused(BadInput):
    """A question that cannot be answered; the sentence says why, `field` where to mend it."""


@transaction.atomic
def ask(*, organization_id: int, user: User, asked: Mapping[str, Any]) -> Simulation:
    """Keep the question; a task answers it. Raises `Refused` for what cannot be replayed."""
    planned_change(plan_of(organization_id), organization_id, asked)
    if not replayed_tickets(organization_id, now()).exists():
        raise Refused(_("There are no tickets of the last quarter to replay."))
    return Simulation.objects.create(
        organization_id=organization_id, asked_by=user, asked=dict(asked)
    )


def replayed_tickets(organization_id: int, moment: datetime) -> TicketQuerySet:
    """The tickets of the last quarter. Imported ones are another system's history."""
    return (
        Ticket.objects.alive()
        .filter(
            organization_id=organization_id,
            created_at__gte=moment - QUARTER,
            created_at__lt=moment,
            merged_into=None,
        )
        .exclude(source=Source.IMPORT)
    )


def planned_change(plan: Plan, organization_id: int, asked: Mapping[str, Any]) -> Plan:
    """The plan as it would be. Raises `Refused`. Queries: 0 to 2."""
    if not asked.get("targets") and not asked.get("calendar") and not asked.get("agents"):
        raise Refused(_("Change at least one thing."))
    if not asked.get("targets") and not asked.get("calendar"):
        return plan
    policy = plan.policy(asked.get("policy"))
    if policy is None:
        raise Refused(_("This policy does not exist any more. Choose another one."), "policy")
    changed = policy
    if asked.get("calendar"):
        changed = replace(changed, calendar=_calendar(organization_id, asked["calendar"]))
    if asked.get("targets"):
        targets = {
            priority: {m: timedelta(minutes=v) for m, v in metrics.items() if v}
            for priority, metrics in asked["targets"].items()
        }
        changed = replace(changed, targets=targets)
    return Plan(tuple(changed if one is policy else one for one in plan.policies))


def _calendar(organization_id: int, pk: int) -> WorkCalendar:
    rows = BusinessCalendar.objects.filter(organization_id=organization_id, pk=pk)
    row = rows.select_related("version").first()
    if row is None:
        raise Refused(_("This calendar does not exist any more."), "calendar")
    calendar, problem = calendar_of(row.version)
    if problem:
        raise Refused(problem, "calendar")
    return calendar


def due_simulations() -> list[tuple[int, int]]:
    """Simulations that nobody runs (organization, id). Queries: 1; wants the system's scope."""
    silent = Q(state=Simulation.State.RUNNING, beat_at__lt=now() - SILENT_FOR)
    rows = Simulation.objects.filter(Q(state=Simulation.State.WAITING) | silent)
    return list(rows.order_by("pk").values_list("organization_id", "pk"))


def run(organization_id: int, pk: int) -> str:
    """Answer one question; returns the state it ends in, "taken" where another worker has it."""
    with organization_scope(organization_id):
        simulation = _claimed(pk)
    if simulation is None:
        return "taken"
    try:
        outcome = _Run(organization_id, simulation).all()
    except Refused as refusal:
        return _end(organization_id, pk, Simulation.State.FAILED, problem=str(refusal)[:300])
    return _end(organization_id, pk, Simulation.State.DONE, result=outcome, progress=100)


@transaction.atomic
def _claimed(pk: int) -> Simulation | None:
    """The simulation if it is ours to run now."""
    simulation = Simulation.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    if simulation is None or simulation.is_over:
        return None
    alive = simulation.beat_at is not None and simulation.beat_at >= now() - SILENT_FOR
    if simulation.state == Simulation.State.RUNNING and alive:
        return None
    simulation.tries += 1
    simulation.beat_at = now()
    simulation.state = Simulation.State.RUNNING
    if simulation.tries > MOST_TRIES:
        simulation.state = Simulation.State.FAILED
        simulation.problem = _("It was interrupted too often. Ask again.")
    simulation.save()
    return None if simulation.is_over else simulation


def _end(organization_id: int, pk: int, state: Simulation.State, **values: Any) -> str:
    with organization_scope(organization_id):
        Simulation.objects.filter(pk=pk).update(state=state, beat_at=now(), **values)
    return state.value


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every batch needs."""

    now: Plan
    then: Plan
    desk: Desk
    names: dict[int, str]
    ids: list[int]
    # Ticket id -> business hours that its desk would have been sooner.
    sooner: dict[int, float]
    staff: list[dict[str, Any]]


class _Run:
    """One run over the tickets of a quarter."""

    def __init__(self, organization_id: int, simulation: Simulation) -> None:
        self.home, self.simulation = organization_id, simulation
        self.moment = simulation.created_at

    def all(self) -> dict[str, Any]:
        """Every batch; returns the result. Raises `Refused`."""
        with organization_scope(self.home):
            ground = self._ground()
        outcome = Outcome()
        for place in range(0, len(ground.ids), BATCH):
            with organization_scope(self.home):
                self._batch(ground, ground.ids[place : place + BATCH], outcome)
                done = min(place + BATCH, len(ground.ids))
                Simulation.objects.filter(pk=self.simulation.pk).update(
                    progress=round(99 * done / len(ground.ids)), beat_at=now()
                )
        return {**outcome.as_json(), "staff": ground.staff}

    def _ground(self) -> _Ground:
        plan = plan_of(self.home)
        then = planned_change(plan, self.home, self.simulation.asked)
        teams = dict(Team.objects.filter(organization_id=self.home).values_list("pk", "name"))
        tickets = replayed_tickets(self.home, self.moment).order_by("created_at", "pk")
        ids = list(tickets.values_list("pk", flat=True)[:MOST_TICKETS])
        if not ids:
            raise Refused(_("There are no tickets of the last quarter to replay."))
        sooner: dict[int, float] = {}
        staff = []
        for team, agents in sorted(self.simulation.asked.get("agents", {}).items()):
            found, note = self._queue(then, int(team), agents["now"], agents["then"])
            sooner |= found
            staff.append({"team": teams.get(int(team), ""), **agents, **note})
        desk = Desk.of(self.home, {name: pk for pk, name in teams.items()})
        return _Ground(plan, then, desk, teams, ids, sooner, staff)

    def _queue(
        self, plan: Plan, team: int, agents: int, others: int
    ) -> tuple[dict[int, float], dict[str, Any]]:
        """How much sooner each of the team's tickets is begun with `others` agents."""
        calendar = plan.policies[0].calendar if plan.policies else None
        rows = list(
            replayed_tickets(self.home, self.moment)
            .filter(team=team)
            .order_by("created_at")
            .values_list("pk", "created_at", "first_response_at", "priority")
        )
        if calendar is None or len(rows) < 2:
            return {}, {"tickets": len(rows), "explained": 0.0}
        replies = _replies([row[0] for row in rows])
        origin = rows[0][1]
        jobs = [
            Job(
                calendar.between(origin, created) / _HOUR,
                1.0 + replies.get(pk, 0),
                _RANKS.get(priority, 3),
            )
            for pk, created, _first, priority in rows
        ]
        real = sorted(
            calendar.between(created, first) / _HOUR for _pk, created, first, _p in rows if first
        )
        if not real:
            return {}, {"tickets": len(rows), "explained": 0.0}
        # The longest tenth waited for other reasons than a free agent.
        most = real[int(len(real) * 0.9)]
        fitted = fit(jobs, agents, sum(min(wait, most) for wait in real) / len(real))
        before = waits(jobs, agents, fitted.scale)
        after = waits(jobs, others, fitted.scale)
        sooner = {row[0]: old - new for row, old, new in zip(rows, before, after, strict=True)}
        return sooner, {"tickets": len(rows), "explained": round(fitted.explained, 2)}

    def _batch(self, ground: _Ground, ids: list[int], outcome: Outcome) -> None:
        tickets = list(Ticket.objects.filter(pk__in=ids).with_row_relations().order_by("pk"))
        facts = ground.now.facts(tickets, self.moment)
        told = stories(tickets, ground.desk)
        recorded = _recorded(ids)
        for ticket in tickets:
            story = told[ticket.pk]
            now_covers = _covers(ground.now, ticket, facts[ticket.pk])
            then_covers = _covers(ground.then, ticket, facts[ticket.pk])
            before = verdicts(story, now_covers, self.moment)
            outcome.check(before, recorded.get(ticket.pk, {}))
            moved = ground.sooner.get(ticket.pk, 0.0)
            if moved:
                calendar = ground.then.policies[0].calendar
                story = shifted(story, calendar, moved * _HOUR)
            after = verdicts(story, then_covers, self.moment)
            week = ticket.created_at.date()
            week -= timedelta(days=week.weekday())
            team = ground.names.get(ticket.team_id or 0, "")
            outcome.add(ticket.pk, week.isoformat(), team, before, after)


def _covers(plan: Plan, ticket: Ticket, facts: Any) -> Any:
    """What covers the ticket at a priority, with or without a team; the policy by its facts now."""
    kept: dict[tuple[str, bool], Agreements] = {}

    def covers(priority: str, has_team: bool) -> Agreements:
        key = (priority, has_team)
        if key not in kept:
            was = ticket.priority, ticket.team_id
            ticket.priority, ticket.team_id = priority, (was[1] or 1) if has_team else None
            kept[key] = plan.agreements(ticket, facts)
            ticket.priority, ticket.team_id = was
        return kept[key]

    return covers


def _replies(ids: list[int]) -> dict[int, int]:
    """How often the desk answered each ticket. Queries: 1."""
    rows = Change.objects.filter(ticket__in=ids, verb="ticket.replied", actor_kind=ActorKind.PERSON)
    found: dict[int, int] = {}
    for pk in rows.order_by().values_list("ticket_id", flat=True):
        found[pk] = found.get(pk, 0) + 1
    return found


def _recorded(ids: list[int]) -> dict[int, dict[str, bool]]:
    """What the clocks themselves said: ticket id -> "level:metric" -> late. Queries: 1."""
    found: dict[int, dict[str, bool]] = {}
    rows = SlaClock.objects.filter(ticket__in=ids).exclude(met_at=None, breached_at=None)
    for pk, level, metric, breached in rows.values_list(
        "ticket_id", "level", "metric", "breached_at"
    ):
        own = found.setdefault(pk, {})
        key = f"{level}:{metric}"
        own[key] = own.get(key, False) or breached is not None
    return found
