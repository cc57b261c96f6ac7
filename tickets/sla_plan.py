"""An organization's agreed times as the rules take them: policies, calendars, and what is wrong."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from tickets.business_time import (
    AROUND_THE_CLOCK,
    CalendarProblem,
    WorkCalendar,
    from_content,
    to_content,
)
from tickets.conditions import Catalogue, Condition, ConditionError, Facts, catalogue, parse
from tickets.facts import facts_in_bulk
from tickets.kept import Kept
from tickets.models import CalendarVersion, SlaClock, SlaPolicy, SlaStep, SlaTarget, Ticket
from tickets.sla_clock import Clock
from tickets.sla_rules import Agreement, Entry, Level, Metric, Threshold

# What changes by itself, or by the clocks: a policy chosen by it would never rest.
UNSTEADY: Final = frozenset({
    "event", "sla_state", "hours_open", "hours_quiet", "hours_since_reply",
    "hours_since_requester", "messages", "last_text",
})  # fmt: skip
_calendars: dict[str, WorkCalendar] = {}


@dataclass(frozen=True, slots=True)
class PlannedPolicy:
    """One active policy, ready to be asked. `problem` is a sentence where something is wrong."""

    row: SlaPolicy
    condition: Condition
    calendar: WorkCalendar
    # Metric -> business time, by priority.
    targets: Mapping[str, Mapping[str, timedelta]]
    thresholds: tuple[Threshold, ...]
    steps: Mapping[int, SlaStep]
    problem: str = ""
    usable: bool = True

    @property
    def version(self) -> CalendarVersion | None:
        """The calendar's row; None where the clocks count around the clock."""
        return None if self.calendar is AROUND_THE_CLOCK else self.row.calendar.version


@dataclass(frozen=True, slots=True)
class Plan:
    """All active policies of an organization in their order."""

    policies: tuple[PlannedPolicy, ...]

    @property
    def needed(self) -> frozenset[str]:
        """The facts that the policies' conditions ask for."""
        return frozenset(name for policy in self.policies for name in policy.condition.fields)

    def agreements(self, ticket: Ticket, facts: Facts) -> dict[str, Agreement]:
        """Level -> what covers the ticket there: the first policy that fits."""
        found: dict[str, Agreement] = {}
        for policy in self.policies:
            level = policy.row.level
            if not policy.usable or level in found:
                continue
            if level == Level.TEAM and ticket.team_id is None:
                continue
            if policy.condition.holds(facts):
                found[level] = Agreement(
                    policy_id=policy.row.pk,
                    calendar=policy.calendar,
                    targets=policy.targets.get(ticket.priority, {}),
                    pauses=policy.row.pauses,
                    thresholds=policy.thresholds,
                )
        return found

    def policy(self, policy_id: int | None) -> PlannedPolicy | None:
        """An active policy by its row."""
        return next((p for p in self.policies if p.row.pk == policy_id), None)

    def facts(self, tickets: Sequence[Ticket], moment: datetime) -> dict[int, Facts]:
        """What the conditions need to know of many tickets at once."""
        return facts_in_bulk(tickets, needed=self.needed, moment=moment)


def kept_plan(organization_id: int, version: UUID | None = None) -> Plan:
    """The same as `plan_of`, kept while nothing of it changes. Queries: 1; more after a change.

    None with `version`, the organization's configuration where it was just read.
    Its rows are for reading alone: whoever acts on a team or a person of a step asks `plan_of`.
    """
    return _KEPT.of(organization_id, version)


def plan_of(organization_id: int) -> Plan:
    """The organization's plan as it is now. Queries: 3, and those of its own fields.

    A policy whose condition cannot be read covers nothing; one whose calendar cannot be used
    counts around the clock. Both say so in `problem`.
    """
    rows = SlaPolicy.objects.filter(organization_id=organization_id, is_active=True)
    rows = rows.select_related("calendar__version").prefetch_related("targets", "steps")
    policies = list(rows)
    known = catalogue(organization_id) if any(row.conditions for row in policies) else Catalogue(())
    return Plan(tuple(planned(row, known) for row in policies))


def planned(row: SlaPolicy, known: Catalogue) -> PlannedPolicy:
    """One policy with its calendar, targets and steps loaded."""
    problems = []
    try:
        condition, usable = steady_condition(row.conditions, known), True
    except ConditionError as error:
        condition, usable = parse({}), False
        problems.append(_("It covers no ticket: %(reason)s") % {"reason": error})
    targets = {target.priority: _times(target) for target in row.targets.all()}
    calendar, problem = calendar_of(row.calendar.version)
    longest = max((t for times in targets.values() for t in times.values()), default=timedelta(0))
    if not problem and not _reaches(calendar, longest):
        calendar, problem = AROUND_THE_CLOCK, problem_words(CalendarProblem("no_hours"))
    if problem:
        problems.append(_("Its times count around the clock: %(reason)s") % {"reason": problem})
    steps = {step.pk: step for step in row.steps.all()}
    thresholds = tuple(
        Threshold(step.pk, step.metric, step.percent, step.minutes or 0) for step in steps.values()
    )
    return PlannedPolicy(
        row, condition, calendar, targets, thresholds, steps, " ".join(problems), usable
    )


def steady_condition(data: Any, known: Catalogue) -> Condition:
    """A condition that may choose a policy. Raises `ConditionError`."""
    condition = parse(data, known)
    unsteady = sorted(condition.fields & UNSTEADY)
    if unsteady or condition.asks_changes:
        name = unsteady[0] if unsteady else ""
        field = known.get(name) if name else None
        label = str(field.label) if field else _("what was changed")
        raise ConditionError(
            _("Agreed times cannot be chosen by “%(field)s”: it changes by itself.")
            % {"field": label},
            "",
        )
    return condition


def _times(target: SlaTarget) -> dict[str, timedelta]:
    values = {metric: getattr(target, metric) for metric in Metric.values}
    return {metric: timedelta(minutes=value) for metric, value in values.items() if value}


def _reaches(calendar: WorkCalendar, longest: timedelta) -> bool:
    try:
        calendar.add(now(), longest * 2)
    except CalendarProblem:
        return False
    return True


def calendar_of(version: CalendarVersion | None) -> tuple[WorkCalendar, str]:
    """A stored calendar, ready; around the clock and a sentence where it cannot be used."""
    if version is None:
        return AROUND_THE_CLOCK, problem_words(CalendarProblem("no_hours"))
    known = _calendars.get(version.digest)
    if known is None:
        try:
            known = _calendars[version.digest] = from_content(version.content)
        except CalendarProblem as problem:
            return AROUND_THE_CLOCK, problem_words(problem)
    return known, ""


def calendars_of(digests: Iterable[str]) -> dict[str, WorkCalendar]:
    """Stored calendars by digest, as `calendar_of`. Queries: 0; 1 for what this process never read.

    What a digest stands for never changes, so nothing that was read is read again.
    """
    wanted = set(digests)
    missing = wanted - _calendars.keys()
    found = {digest: _calendars[digest] for digest in wanted - missing}
    if missing:
        for version in CalendarVersion.objects.filter(digest__in=missing):
            found[version.digest] = calendar_of(version)[0]
    return found


def digest_of(calendar: WorkCalendar) -> str:
    """Equal calendars have equal digests."""
    text = json.dumps(to_content(calendar), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def problem_words(problem: CalendarProblem) -> str:
    """What is wrong with a calendar, in one sentence."""
    sentences = {
        "no_hours": _("The calendar has no working hours."),
        "bad_span": _("Working hours must end after they begin: %(value)s."),
        "overlap": _("Working hours of one day overlap at %(value)s."),
        "zone": _("“%(value)s” is not a known time zone."),
        "country": _("There are no public holidays for “%(value)s”."),
    }
    return sentences[problem.code] % {"value": problem.value}


def entry_of(row: SlaClock) -> Entry:
    """A clock's row (with its calendar) as the rules take it."""
    calendar, _problem = calendar_of(row.calendar) if row.calendar else (AROUND_THE_CLOCK, "")
    return Entry(
        level=row.level,
        metric=row.metric,
        policy_id=row.policy_id,
        team_id=row.team_id,
        key=row.pk,
        clock=Clock(
            calendar=calendar,
            target=row.target,
            started_at=row.started_at,
            counted_to=row.counted_to,
            due_at=row.due_at,
            used=row.used,
            paused_at=row.paused_at,
            met_at=row.met_at,
            stopped_at=row.stopped_at,
            breached_at=row.breached_at,
        ),
    )


_KEPT = Kept(plan_of)
