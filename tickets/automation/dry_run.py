"""What a rule would have done: replayed over the last days, without doing anything.

An event rule is asked about every event that the change log has, with the values the ticket had
then: they are found by going back from today's values through the log. A time rule is asked about
the tickets as they stand now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from omnidesk.accounts.models import Team, User
from omnidesk.core.clock import now
from tickets.actions.acting import say
from tickets.actions.queueing import triggers_of
from tickets.automation.narrowing import asks_stage, narrow, unsettled
from tickets.automation.rulesets import Compiled
from tickets.conditions import Facts
from tickets.conditions.fields import OF_CLOCKS
from tickets.facts import (
    CLOCK_VERBS,
    CUSTOM,
    clock_facts,
    facts_in_bulk,
    lean,
    own_value,
)
from tickets.models import Category, Change, Rule, Status, Ticket

DAYS = 30
MOST_TICKETS = 10_000
MOST_SHOWN = 500
BATCH = 2_000
# Facts about the conversation at a moment of the past are not kept: such a question is not met.
_OF_NOW = frozenset({"hours_since_reply", "hours_since_requester", "hours_quiet", "messages"})


@dataclass(frozen=True, slots=True)
class Touched:
    """One ticket that the rule would have acted on, and when first."""

    number: int
    subject: str
    at: datetime
    event: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """The outcome: how many were looked at and touched, the newest of them, what would be done."""

    looked_at: int
    count: int
    touched: tuple[Touched, ...]
    does: tuple[str, ...]
    capped: bool


@dataclass(slots=True)
class _Logged:
    """One line of the log: a whole row of it, ten thousand times, costs seconds."""

    verb: str
    field: str
    old: Any
    new: Any
    at: datetime
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Keys:
    """From the names that the log has to the keys that conditions compare."""

    categories: Mapping[str, int]
    teams: Mapping[str, int]
    people: Mapping[str, int]
    stages: Mapping[str, str]


def try_out(organization_id: int, rule: Compiled, *, kind: str, days: int = DAYS) -> DryRun:
    """Replay `rule` over the last `days`. Queries: about 8 per 2,000 tickets."""
    since = now() - timedelta(days=days)
    does = tuple(say(rule.steps, organization_id))
    ids = _ids(organization_id, rule, kind, since)
    capped = len(ids) > MOST_TICKETS
    ids = ids[:MOST_TICKETS]
    keys = _keys(organization_id) if kind == Rule.Kind.EVENT else None
    touched: list[Touched] = []
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        tickets = list(lean(Ticket.objects.filter(pk__in=part), rule.condition.fields))
        touched += _of_events(tickets, rule, keys, since) if keys else _of_time(tickets, rule)
    touched.sort(key=lambda each: (each.at, each.number), reverse=True)
    return DryRun(len(ids), len(touched), tuple(touched[:MOST_SHOWN]), does, capped)


def _ids(organization_id: int, rule: Compiled, kind: str, since: datetime) -> list[int]:
    """The newest tickets first, one more than are looked at at most."""
    tickets = Ticket.objects.alive().filter(organization_id=organization_id)
    if kind == Rule.Kind.TIME:
        tickets = tickets.filter(narrow(rule.condition, now()))
        if not asks_stage(rule.condition):
            tickets = tickets.filter(unsettled())
    else:
        tickets = tickets.filter(last_activity_at__gte=since)
    return list(tickets.order_by("-pk").values_list("pk", flat=True)[: MOST_TICKETS + 1])


def _of_time(tickets: Sequence[Ticket], rule: Compiled) -> list[Touched]:
    moment = now()
    facts = facts_in_bulk(tickets, needed=rule.condition.fields, event="time", moment=moment)
    return [
        Touched(ticket.number, ticket.subject, moment, "time")
        for ticket in tickets
        if rule.condition.holds(facts[ticket.pk])
    ]


def _keys(organization_id: int) -> _Keys:
    here = {"organization_id": organization_id}
    return _Keys(
        dict(Category.objects.filter(**here).values_list("name", "pk")),
        dict(Team.objects.filter(**here).values_list("name", "pk")),
        dict(
            User.objects.filter(memberships__organization_id=organization_id).values_list(
                "email", "pk"
            )
        ),
        dict(Status.objects.filter(**here).values_list("key", "category")),
    )


def _of_events(
    tickets: Sequence[Ticket], rule: Compiled, keys: _Keys, since: datetime
) -> list[Touched]:
    facts = facts_in_bulk(tickets, needed=rule.condition.fields)
    logs: dict[int, list[_Logged]] = {ticket.pk: [] for ticket in tickets}
    columns = ["ticket_id", "verb", "field", "old", "new", "at"]
    if rule.condition.fields & OF_CLOCKS:
        columns.append("detail")
    rows = Change.objects.filter(ticket__in=list(logs), at__gte=since).order_by("pk")
    for pk, verb, name, old, new, at, *detail in rows.values_list(*columns).iterator(BATCH):
        if not verb.startswith("ticket.rule_"):
            logs[pk].append(_Logged(verb, name, old, new, at, detail[0] if detail else {}))
    found = (_first(t, rule, facts[t.pk], logs[t.pk], keys) for t in tickets)
    return [each for each in found if each is not None]


def _first(
    ticket: Ticket, rule: Compiled, today: Facts, log: list[_Logged], keys: _Keys
) -> Touched | None:
    """The earliest event at which the rule would have acted, found by walking back."""
    values = {name: None if name in _OF_NOW else value for name, value in today.values.items()}
    earliest = None
    for event in reversed(_events(log)):
        before = _before(event, keys)
        triggers = triggers_of(event)
        if triggers and (not rule.triggers or not rule.triggers.isdisjoint(triggers)):
            at = event[0].at
            values["event"] = triggers[0]
            values |= dict.fromkeys(OF_CLOCKS) | clock_facts(event)
            values["hours_open"] = (at - ticket.created_at).total_seconds() / 3600
            if rule.condition.holds(Facts(values, before, today.confidence)):
                earliest = Touched(ticket.number, ticket.subject, at, triggers[0])
        values.update(before)
    return earliest


def _events(log: list[_Logged]) -> list[list[_Logged]]:
    """Log rows that one change wrote together: they carry the same moment."""
    events: list[list[_Logged]] = []
    for row in log:
        together = bool(events) and events[-1][0].at == row.at
        if together and CLOCK_VERBS.isdisjoint({row.verb, events[-1][0].verb}):
            events[-1].append(row)
        else:
            events.append([row])
    return events


def _before(event: Sequence[_Logged], keys: _Keys) -> dict[str, Any]:
    before: dict[str, Any] = {}
    for row in event:
        if row.field == "custom_fields":
            old, new = row.old or {}, row.new or {}
            changed = (key for key in {*old, *new} if old.get(key) != new.get(key))
            before |= {f"{CUSTOM}{key}": own_value(old.get(key)) for key in changed}
        elif row.field and row.field not in before:
            before[row.field] = _key(row, keys)
        if row.field == "status":
            old, new = keys.stages.get(str(row.old)), keys.stages.get(str(row.new))
            before |= {} if old == new else {"status_category": old}
    return before


def _key(row: _Logged, keys: _Keys) -> Any:
    maps = {"category": keys.categories, "team": keys.teams, "assignee": keys.people}
    if row.field in maps:
        return maps[row.field].get(row.old or "")
    return frozenset(row.old) if isinstance(row.old, list) else row.old
