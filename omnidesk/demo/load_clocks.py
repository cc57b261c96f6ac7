"""Gives demo tickets the clocks that their conversations would have left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from omnidesk.accounts.models import Organization
from omnidesk.demo.types import DemoTicket, DemoVisibility
from tickets.actions.clocks import SUMMARY_FIELDS, put_summary, row_of
from tickets.actions.sla_setup import publish_calendar
from tickets.models import BusinessCalendar, SlaClock, SlaPolicy, SlaTarget, Ticket
from tickets.sla_plan import Plan, plan_of
from tickets.sla_replay import Happening, replay
from tickets.sla_rules import Entry, Facts, Said, next_check

# Minutes of business time to the first answer, the next one and the solution.
TARGETS = {
    "critical": (60, 60, 8 * 60),
    "high": (2 * 60, 4 * 60, 30 * 60),
    "medium": (6 * 60, 10 * 60, 70 * 60),
    "low": (15 * 60, 20 * 60, 140 * 60),
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
        rows += [_row(entry, ticket, plan) for entry in entries]
    SlaClock.objects.bulk_create(rows)
    Ticket.objects.bulk_update([ticket for _one, ticket in pairs], SUMMARY_FIELDS)


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


def _row(entry: Entry, ticket: Ticket, plan: Plan) -> SlaClock:
    row = row_of(entry, ticket, plan)
    if row.breached_at is not None:
        row.failed_assignee, row.failed_team = ticket.assignee, ticket.team
        # Old failures are no news; those of open tickets are.
        row.told_at = row.breached_at if ticket.is_settled else None
    policy = plan.policy(entry.policy_id)
    row.next_check_at = next_check(
        entry, policy.thresholds if policy else (), told=row.told_at is not None, fired=()
    )
    return row
