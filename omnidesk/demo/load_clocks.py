"""Gives demo tickets the clocks that their conversations would have left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from omnidesk.accounts.models import Organization
from omnidesk.demo.types import DemoTicket, DemoVisibility
from tickets import sla_clock
from tickets.actions.clocks import SUMMARY_FIELDS, put_summary, row_of
from tickets.actions.sla_setup import publish_calendar
from tickets.choices import ActorKind
from tickets.models import (
    BusinessCalendar,
    Change,
    SlaClock,
    SlaFired,
    SlaPolicy,
    SlaTarget,
    Ticket,
)
from tickets.sla_clock import Clock
from tickets.sla_plan import Plan, entry_of, plan_of
from tickets.sla_replay import Happening, replay
from tickets.sla_rules import Entry, Facts, Said, due_steps, next_check

# Minutes of business time to the first answer, the next one and the solution.
TARGETS = {
    "critical": (60, 8 * 60, 20 * 60),
    "high": (5 * 60, 40 * 60, 80 * 60),
    "medium": (10 * 60, 80 * 60, 140 * 60),
    "low": (20 * 60, 140 * 60, 280 * 60),
}
HOLIDAYS = ("DE", "HH")


def set_demo_times(organization: Organization) -> None:
    """The agreed times of a demo organization, with public holidays where it works by them."""
    policy = SlaPolicy.objects.get(organization=organization)
    for priority, (first, following, last) in TARGETS.items():
        SlaTarget.objects.filter(policy=policy, priority=priority).update(
            first_response=first, next_response=following, resolution=last
        )
    calendar = BusinessCalendar.objects.get(organization=organization)
    if calendar.timezone == "Europe/Berlin":
        calendar.country, calendar.region = HOLIDAYS
        calendar.save()
        publish_calendar(calendar=calendar)


def write_clocks(pairs: Sequence[tuple[DemoTicket, Ticket]], now: datetime) -> None:
    """Write the clocks of all tickets, and their times onto the tickets."""
    homes = {ticket.organization_id for _one, ticket in pairs}
    known = {home: plan_of(home) for home in homes}
    rows: list[SlaClock] = []
    for one, ticket in pairs:
        plan = known[ticket.organization_id]
        facts = plan.facts([ticket], now)[ticket.pk]
        entries = replay(happenings(one, ticket), plan.agreements(ticket, facts))
        put_summary(ticket, entries)
        rows += [_row(entry, ticket, plan, now) for entry in entries]
    SlaClock.objects.bulk_create(rows)
    Ticket.objects.bulk_update([ticket for _one, ticket in pairs], SUMMARY_FIELDS)
    _settle_past(rows, known, now)


def _settle_past(rows: Sequence[SlaClock], plans: Mapping[int, Plan], now: datetime) -> None:
    """What clocks did in the past is in the log and no news: nobody gets a mail about it."""
    lines, fired = [], []
    for row in rows:
        policy = plans[row.organization_id].policy(row.policy_id)
        if policy is None:
            continue
        entry = entry_of(row)
        steps = [t.step_id for t in due_steps(entry, policy.thresholds, (), now)]
        fired += [
            SlaFired(organization_id=row.organization_id, clock=row, step_id=step, at=now)
            for step in steps
        ]
        row.next_check_at = next_check(entry, policy.thresholds, told=True, fired=steps)
        if row.breached_at is not None:
            lines.append(_failure(row, policy.row.name))
    SlaFired.objects.bulk_create(fired)
    SlaClock.objects.bulk_update(rows, ["next_check_at"])
    Change.objects.bulk_create(lines)


def _failure(row: SlaClock, policy: str) -> Change:
    late = (row.met_at or row.breached_at or row.due_at) - row.due_at
    return Change(
        organization_id=row.organization_id,
        ticket=row.ticket,
        verb="ticket.sla_breached",
        actor_kind=ActorKind.SYSTEM.value,
        detail={
            "clock": row.pk, "metric": row.metric, "level": row.level, "policy": policy,
            "minutes": round(late.total_seconds() / 60), "team": row.failed_team_id,
            "assignee": row.failed_assignee_id,
        },
        at=row.breached_at or row.due_at,
    )  # fmt: skip


def happenings(one: DemoTicket, ticket: Ticket) -> Iterable[Happening]:
    """The ticket's life as its clocks see it."""
    team_id, responded = ticket.team_id, False
    yield Happening(at=one.created_at, facts=Facts(team_id=team_id))
    last = one.created_at
    for message in one.messages:
        if message.visibility is DemoVisibility.INTERNAL:
            continue
        theirs = message.author_email == one.requester_email
        responded = responded or not theirs
        said = Said.REQUESTER if theirs else Said.DESK
        last = message.at
        facts = Facts(responded=responded, team_id=team_id)
        yield Happening(at=last, facts=facts, said=said.value)
    end = Facts(
        settled=ticket.is_settled,
        waiting=ticket.status_category == "pending",
        responded=responded,
        team_id=team_id,
    )
    yield Happening(at=one.resolved_at or last, facts=end)


def _row(entry: Entry, ticket: Ticket, plan: Plan, now: datetime) -> SlaClock:
    entry = replace(entry, clock=_seen(entry.clock, now))
    row = row_of(entry, ticket, plan)
    if row.breached_at is not None:
        row.failed_assignee, row.failed_team = ticket.assignee, ticket.team
        row.told_at = row.breached_at
    return row


def _seen(clock: Clock, now: datetime) -> Clock:
    """The clock as a sweep would have found it by now."""
    return sla_clock.count(clock, now) if sla_clock.is_late(clock, now) else clock
