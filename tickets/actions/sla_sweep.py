"""What clocks do by themselves: fail, warn, escalate; and follow a changed policy.

One batch is one transaction. Its tickets are locked with SKIP LOCKED, so that two sweeps (or two
beats and many workers) never work on the same one; a clock that was dealt with has no due look any
more, and each step is a row that exists once. A process that dies leaves its batch undone, and the
next sweep does it.

A clock is told to have failed as of its due time, however late the sweep comes. Steps that change
the ticket go through the same action as an agent, after the clocks are written.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import translation

from omnidesk.accounts.models import Membership, Organization, TeamMembership
from omnidesk.accounts.roles import STAFF_ROLES, Role
from omnidesk.core.bulk import update_many
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.events import publish
from tickets import sla_clock
from tickets.actions.base import Actor, FieldChange, log_many
from tickets.actions.clocks import (
    SUMMARY_FIELDS,
    ClockSet,
    fired_steps,
    remember_holders,
)
from tickets.actions.triage import Edit, edit_ticket
from tickets.choices import ActorKind, Priority
from tickets.events import ClocksSwept, SlaBreached, SlaEscalated, SlaWarned
from tickets.facts import lean
from tickets.models import SlaClock, SlaFired, SlaReplan, SlaStep, Ticket
from tickets.sla_plan import Plan, entry_of, plan_of
from tickets.sla_rules import Entry, due_steps
from tickets.sla_selectors import step_problem

BATCH: Final = 250
_MINUTE: Final = timedelta(minutes=1)
_LEADING: Final = (Role.LEAD.value, Role.ADMINISTRATOR.value)


@dataclass(slots=True)
class _People:
    """Whom a step tells; read once per batch."""

    organization_id: int
    _members: dict[int, set[int]] | None = None
    _leads: set[int] | None = None
    _staff: set[int] | None = None

    def of(self, step: SlaStep, ticket: Ticket) -> tuple[int, ...]:
        """Ids of the people that `step` names for `ticket`."""
        match step.audience:
            case SlaStep.Audience.PERSON:
                # Somebody who left hears nothing: the leads do, or nobody would.
                here = step.person_id in self.staff()
                found = {step.person_id} if step.person_id and here else self.leads()
            case SlaStep.Audience.LEADS:
                found = self.leads()
            case SlaStep.Audience.ASSIGNEE if ticket.assignee_id:
                found = {ticket.assignee_id}
            case _:
                found = self.members(ticket.team_id)
        return tuple(sorted(found))

    def members(self, team_id: int | None) -> set[int]:
        """The people of a team; the leads where there is no team to tell."""
        if self._members is None:
            self._members = {}
            rows = TeamMembership.objects.filter(
                organization_id=self.organization_id, user__is_active=True
            )
            for team, user in rows.values_list("team_id", "user_id"):
                self._members.setdefault(team, set()).add(user)
        return self._members.get(team_id or 0) or self.leads()

    def staff(self) -> set[int]:
        """Who works on the organization's desk."""
        if self._staff is None:
            rows = Membership.objects.filter(
                organization_id=self.organization_id, role__in=STAFF_ROLES, user__is_active=True
            )
            self._staff = set(rows.values_list("user_id", flat=True))
        return self._staff

    def leads(self) -> set[int]:
        """Who leads the organization's desk."""
        if self._leads is None:
            rows = Membership.objects.filter(
                organization_id=self.organization_id, role__in=_LEADING, user__is_active=True
            )
            self._leads = set(rows.values_list("user_id", flat=True))
        return self._leads


@dataclass(slots=True)
class _Batch:
    """The locked tickets of one transaction, and what is to be said and done about them."""

    watch: ClockSet
    people: _People
    # Ticket id -> lines for its log.
    lines: dict[int, list[FieldChange]] = field(default_factory=dict[int, list[FieldChange]])
    fired: list[SlaFired] = field(default_factory=list[SlaFired])
    steps: list[tuple[SlaStep, Ticket]] = field(default_factory=list[tuple[SlaStep, Ticket]])

    def look(self, entry: Entry, fired: set[int]) -> None:
        """Tell a failure once, and take the steps that are due."""
        assert entry.key is not None  # noqa: S101  the sweep reads rows; for the type checker
        row = self.watch.rows[entry.key]
        ticket = self.watch.tickets[row.ticket_id]
        if row.breached_at is not None and row.told_at is None:
            row.told_at = self.watch.at
            self.watch.changed.add(row.pk)
            self._tell_failure(row, entry, ticket)
        policy = self.watch.plan.policy(row.policy_id)
        if policy is None:
            return
        for threshold in due_steps(entry, policy.thresholds, fired, self.watch.at):
            step = policy.steps[threshold.step_id]
            self.fired.append(
                SlaFired(
                    organization_id=row.organization_id,
                    clock_id=row.pk,
                    step_id=step.pk,
                    at=self.watch.at,
                )
            )
            self.watch.changed.add(row.pk)
            self._take_step(step, row, entry, ticket, policy.row.name)

    def _minutes_left(self, entry: Entry) -> int:
        left = sla_clock.remaining(entry.clock, entry.clock.met_at or self.watch.at)
        return round(left / _MINUTE)

    def _tell_failure(self, row: SlaClock, entry: Entry, ticket: Ticket) -> None:
        late = max(-self._minutes_left(entry), 0)
        policy = self.watch.plan.policy(row.policy_id)
        detail = {
            "clock": row.pk, "metric": row.metric, "level": row.level, "minutes": late,
            "policy": policy.row.name if policy else "",
            "assignee": row.failed_assignee_id, "team": row.failed_team_id,
        }  # fmt: skip
        self._say(ticket, FieldChange("ticket.sla_breached", detail=detail))
        publish(
            SlaBreached(
                organization_id=row.organization_id, ticket_id=ticket.pk, clock_id=row.pk,
                metric=row.metric, level=row.level, minutes=late,
                assignee_id=row.failed_assignee_id, team_id=row.failed_team_id,
            )
        )  # fmt: skip

    def _take_step(
        self, step: SlaStep, row: SlaClock, entry: Entry, ticket: Ticket, policy: str
    ) -> None:
        left = self._minutes_left(entry)
        people: tuple[int, ...] = ()
        if step.action == SlaStep.Action.NOTIFY:
            people = self.people.of(step, ticket)
        else:
            self.steps.append((step, ticket))
        warned = step.action == SlaStep.Action.NOTIFY and left > 0
        detail = {
            "clock": row.pk, "metric": row.metric, "level": row.level, "minutes": left,
            "policy": policy, "step": step.pk, "action": step.action, "people": list(people),
        }  # fmt: skip
        verb = "ticket.sla_warned" if warned else "ticket.sla_escalated"
        self._say(ticket, FieldChange(verb, detail=detail))
        if warned:
            publish(
                SlaWarned(
                    organization_id=row.organization_id, ticket_id=ticket.pk, clock_id=row.pk,
                    metric=row.metric, level=row.level, minutes=left, people=people,
                )
            )  # fmt: skip
        else:
            publish(
                SlaEscalated(
                    organization_id=row.organization_id, ticket_id=ticket.pk, clock_id=row.pk,
                    metric=row.metric, level=row.level, step_id=step.pk, action=step.action,
                    minutes=-left, people=people,
                )
            )  # fmt: skip

    def _say(self, ticket: Ticket, line: FieldChange) -> None:
        self.lines.setdefault(ticket.pk, []).append(line)


@transaction.atomic
def sweep_due(*, organization_id: int, limit: int = BATCH) -> int:
    """Deal with the clocks whose time has come, of up to `limit` tickets; returns how many tickets.

    The caller holds the organization's scope. Queries: about 12 a batch, more where steps change
    tickets.
    """
    moment = now()
    due = (
        SlaClock.objects.filter(organization_id=organization_id, next_check_at__lt=moment)
        .order_by("next_check_at")
        .values_list("ticket_id", flat=True)[:limit]
    )
    plan = plan_of(organization_id)
    tickets = _locked(list(dict.fromkeys(due)), plan)
    if not tickets:
        return 0
    watch = ClockSet.of(tickets, plan, moment)
    watch.follow()
    remember_holders(watch)
    batch = _Batch(watch, _People(organization_id))
    rows = [row for row in watch.rows.values() if row.next_check_at is not None]
    # Those without a due look are here too: follow() may have found them to have failed.
    rows += [row for row in watch.failed if row.next_check_at is None and row.pk]
    fired = fired_steps(rows)
    for row in rows:
        batch.look(entry_of(row), fired.get(row.pk, set()))
        if row.next_check_at is not None and row.next_check_at < moment:
            # Whatever came of it, the row must not be due again.
            watch.changed.add(row.pk)
    SlaFired.objects.bulk_create(batch.fired)
    watch.write()
    _save(batch, tickets)
    if batch.steps:
        home = Organization.objects.get(pk=organization_id)
        with translation.override(home.language):
            for step, ticket in batch.steps:
                _act(step, ticket)
    return len(tickets)


def _locked(ids: list[int], plan: Plan) -> list[Ticket]:
    """Those of the tickets that nobody else holds, locked and read afresh. Queries: 2."""
    if not ids:
        return []
    rows = Ticket.objects.filter(pk__in=ids).order_by("pk")
    held = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
    return _for_clocks(held, plan)


def _for_clocks(ids: list[int], plan: Plan) -> list[Ticket]:
    """Tickets with what the plan's conditions and the clocks look at. Queries: 1."""
    rows = lean(Ticket.objects.filter(pk__in=ids), plan.needed)
    return list(rows.select_related("pending_reason"))


def _save(batch: _Batch, tickets: list[Ticket]) -> None:
    news = [ticket for ticket in tickets if ticket.pk in batch.lines]
    for ticket in news:
        ticket.version += 1
    if news:
        # One event for the batch: thousands of tickets may fail in the same minute.
        told = tuple((ticket.pk, ticket.number, ticket.version) for ticket in news)
        publish(ClocksSwept(organization_id=news[0].organization_id, tickets=told))
    update_many(tickets, [*SUMMARY_FIELDS, "version"])
    log_many(
        [(batch.watch.tickets[pk], line) for pk, lines in batch.lines.items() for line in lines],
        Actor.machine(ActorKind.SYSTEM, ""),
    )


def _act(step: SlaStep, ticket: Ticket) -> None:
    """Change the ticket as a step says, like a person would; what cannot be done is said on it."""
    actor = Actor.machine(ActorKind.RULE, step.policy.name)
    edit: Edit | None = None
    match step.action:
        case SlaStep.Action.RAISE_PRIORITY:
            levels = Priority.values
            higher = levels[min(levels.index(ticket.priority) + 1, len(levels) - 1)]
            edit = Edit(priority=higher)
        case SlaStep.Action.ASSIGN_TEAM if step.team is not None:
            edit = Edit(team=step.team)
        case SlaStep.Action.ASSIGN_PERSON if step.person is not None:
            edit = Edit(assignee=step.person)
        case _:
            pass
    try:
        with transaction.atomic():
            words = step_problem(step)
            if words or edit is None:
                raise BadInput(words)
            edit_ticket(ticket=ticket, actor=actor, edit=edit)
    except BadInput as problem:
        SlaFired.objects.filter(step=step, clock__ticket=ticket).update(detail=str(problem)[:200])
        line = FieldChange("ticket.rule_failed", detail={"problem": str(problem)[:200]})
        log_many([(ticket, line)], actor)


@transaction.atomic
def replan_some(*, organization_id: int, limit: int = BATCH) -> bool:
    """Let the next open tickets follow changed policies and calendars; False once all have.

    The row that asks keeps how far it came, in the same transaction as the clocks: a process that
    dies repeats nothing. A second worker finds it locked and leaves.
    """
    asked = SlaReplan.objects.filter(organization_id=organization_id)
    replan = asked.select_for_update(skip_locked=True).first()
    if replan is None:
        return False
    open_ids = (
        Ticket.objects.unresolved()
        .filter(organization_id=organization_id, pk__gt=replan.after)
        .order_by("pk")
        .values_list("pk", flat=True)[:limit]
    )
    ids = list(open_ids)
    if not ids:
        replan.delete()
        return False
    list(Ticket.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))
    plan = plan_of(organization_id)
    tickets = _for_clocks(ids, plan)
    watch = ClockSet.of(tickets, plan, now())
    watch.follow()
    remember_holders(watch)
    watch.write()
    update_many(tickets, SUMMARY_FIELDS)
    moved = watch.moved.items()
    log_many(
        [
            (watch.tickets[pk], FieldChange("ticket.sla_changed", "sla", *names))
            for pk, names in moved
        ],
        Actor.machine(ActorKind.SYSTEM, ""),
    )
    replan.after = ids[-1]
    replan.save(update_fields=["after"])
    return True
