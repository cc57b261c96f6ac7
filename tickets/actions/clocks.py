"""Keeping a ticket's clocks in step with it, inside the transaction that changes the ticket.

`record` calls `follow_ticket` for every change, so that no action can forget it. The caller holds
the ticket's row lock: all clocks of a ticket are written under it, and by nobody else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from omnidesk.core.bulk import update_many
from omnidesk.core.clock import now
from tickets.choices import StatusCategory
from tickets.models import SlaClock, SlaFired, SlaPolicy, Ticket
from tickets.sla_plan import Plan, entry_of, kept_plan
from tickets.sla_rules import Entry, Facts, Level, Said, follow, next_check, summary

# These change nothing that a policy or a clock may ask about.
_SILENT: Final = frozenset({"ticket.noted", "ticket.file_attached", "ticket.ai_asked_again"})
_CLOCK_FIELDS: Final = (
    "target", "used", "started_at", "counted_to", "due_at", "paused_at", "met_at", "stopped_at",
    "breached_at",
)  # fmt: skip
_WRITTEN: Final = (
    *_CLOCK_FIELDS, "policy", "calendar", "told_at", "failed_assignee", "failed_team",
    "next_check_at",
)  # fmt: skip
SUMMARY_FIELDS: Final = (
    "first_response_due", "next_response_due", "resolution_due", "next_due", "sla_paused_at",
)  # fmt: skip


@dataclass(slots=True)
class ClockSet:
    """Several locked tickets of one organization with their clocks, while they are worked on."""

    plan: Plan
    tickets: Mapping[int, Ticket]
    at: datetime
    rows: dict[int, SlaClock] = field(default_factory=dict[int, SlaClock])
    entries: dict[int, list[Entry]] = field(default_factory=dict[int, list[Entry]])
    changed: set[int] = field(default_factory=set[int])
    new: list[SlaClock] = field(default_factory=list[SlaClock])
    # Clocks found to have failed just now.
    failed: list[SlaClock] = field(default_factory=list[SlaClock])
    # Ticket id -> names of the customer policy before and after, where it changed.
    moved: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])

    @classmethod
    def of(cls, tickets: Iterable[Ticket], plan: Plan, at: datetime) -> "ClockSet":
        """Read the clocks of `tickets`. Queries: 1, and 1 for many: their calendars, each once."""
        watch = cls(plan, {ticket.pk: ticket for ticket in tickets}, at)
        rows = SlaClock.objects.filter(ticket__in=watch.tickets).order_by("pk")
        # A calendar is a long document: a joined one would be read again for every clock.
        several = len(watch.tickets) > 1
        rows = rows.prefetch_related("calendar") if several else rows.select_related("calendar")
        for row in rows:
            watch.rows[row.pk] = row
            watch.entries.setdefault(row.ticket_id, []).append(entry_of(row))
        return watch

    def follow(self, said: str = "", *, opening: bool = False) -> None:
        """Bring every clock to what its ticket is now. Queries: those of the conditions' facts.

        `opening` tickets have had no clock yet: theirs start when they came in.
        """
        facts = self.plan.facts(list(self.tickets.values()), self.at)
        for pk, ticket in self.tickets.items():
            before = self.entries.get(pk, [])
            agreements = self.plan.agreements(ticket, facts[pk])
            at = min(ticket.created_at, self.at) if opening else self.at
            after = follow(before, facts_of_clock(ticket), agreements, at, said)
            self._take(ticket, before, after)

    def _take(self, ticket: Ticket, before: list[Entry], after: list[Entry]) -> None:
        old = {entry.key: entry for entry in before}
        for entry in after:
            if entry.key is None:
                row = row_of(entry, ticket, self.plan)
                if row.breached_at is not None:
                    self.failed.append(row)
                self.new.append(row)
            elif entry != old[entry.key]:
                self._put(self.rows[entry.key], entry, old[entry.key])
                self.changed.add(entry.key)
        self.entries[ticket.pk] = after
        if before or after:
            put_summary(ticket, after)

    def _put(self, row: SlaClock, entry: Entry, old: Entry) -> None:
        if row.breached_at is None and entry.clock.breached_at is not None:
            self.failed.append(row)
        policy = self.plan.policy(entry.policy_id)
        if old.clock.calendar != entry.clock.calendar:
            row.calendar = policy.version if policy else None
        if old.policy_id != entry.policy_id and entry.level == Level.CUSTOMER:
            was = SlaPolicy.objects.filter(pk=old.policy_id).first() if old.policy_id else None
            names = (was.name if was else "", policy.row.name if policy else "")
            self.moved[row.ticket_id] = names
        copy_clock(row, entry)
        if row.breached_at is None:
            # A failure that a new agreement lifted will be told again if it comes back.
            row.told_at = row.failed_assignee = row.failed_team = None

    def _has_steps(self, row: SlaClock) -> bool:
        policy = self.plan.policy(row.policy_id)
        return policy is not None and bool(policy.steps)

    def write(self) -> None:
        """Store what changed. Queries: 1 to 4."""
        changed = [self.rows[key] for key in self.changed]
        fired = fired_steps([row for row in changed if self._has_steps(row)])
        for row in (*changed, *self.new):
            policy = self.plan.policy(row.policy_id)
            row.next_check_at = next_check(
                entry_of(row),
                policy.thresholds if policy else (),
                told=row.told_at is not None,
                fired=fired.get(row.pk, ()),
            )
        if changed:
            update_many(changed, _WRITTEN)
        if self.new:
            SlaClock.objects.bulk_create(self.new)


def copy_clock(row: SlaClock, entry: Entry) -> None:
    """Write a clock's times into its row."""
    for name in _CLOCK_FIELDS:
        setattr(row, name, getattr(entry.clock, name))
    row.policy_id = entry.policy_id


def row_of(entry: Entry, ticket: Ticket, plan: Plan) -> SlaClock:
    """A new row for a clock of `ticket`, not saved."""
    policy = plan.policy(entry.policy_id)
    row = SlaClock(
        organization_id=ticket.organization_id,
        ticket=ticket,
        level=entry.level,
        metric=entry.metric,
        team_id=entry.team_id,
        # The row itself: by its id alone each clock would read it again.
        calendar=policy.version if policy else None,
    )
    copy_clock(row, entry)
    return row


def fired_steps(rows: Sequence[SlaClock]) -> dict[int, set[int]]:
    """Clock id -> steps that were taken for it. Queries: 1, none for no rows."""
    found: dict[int, set[int]] = {}
    if rows:
        pairs = SlaFired.objects.filter(clock__in=[row.pk for row in rows])
        for clock_id, step_id in pairs.values_list("clock_id", "step_id"):
            found.setdefault(clock_id, set()).add(step_id)
    return found


def facts_of_clock(ticket: Ticket) -> Facts:
    """What the clocks need to know of a ticket."""
    pending = ticket.status_category == StatusCategory.PENDING
    reason = ticket.pending_reason if pending else None
    return Facts(
        settled=ticket.is_settled,
        waiting=pending and (reason is None or reason.pauses_sla),
        deleted=ticket.deleted_at is not None,
        responded=ticket.first_response_at is not None,
        team_id=ticket.team_id,
    )


def put_summary(ticket: Ticket, entries: Sequence[Entry]) -> None:
    """Let the ticket carry its clocks' times; the caller saves it."""
    times = summary(entries)
    ticket.first_response_due = times.first_response_due
    ticket.next_response_due = times.next_response_due
    ticket.resolution_due = times.resolution_due
    ticket.next_due = times.next_due
    ticket.sla_paused_at = times.paused_at


def follow_ticket(
    ticket: Ticket, verbs: Iterable[str], *, by_person: bool, automatic: bool
) -> tuple[str, str] | None:
    """Bring the clocks of one locked, changed and not yet saved ticket in step with it.

    Sets the ticket's own times; the caller saves it. Returns the names of the customer policy
    before and after, where another one covers it now. Queries: 2 and more.
    """
    said = _said(verbs, by_person=by_person, automatic=automatic)
    return _follow([ticket], said).get(ticket.pk)


def follow_tickets(
    tickets: Sequence[Ticket], verbs: Iterable[str]
) -> Mapping[int, tuple[str, str]]:
    """The same for several tickets of one organization that a machine changed alike.

    Returns ticket id -> policy names, where another one covers it now. Queries: as for one, and
    one more for their calendars.
    """
    return _follow(tickets, _said(verbs, by_person=False, automatic=True))


def _follow(tickets: Sequence[Ticket], said: str | None) -> dict[int, tuple[str, str]]:
    if said is None or not tickets:
        return {}
    watch = ClockSet.of(tickets, kept_plan(tickets[0].organization_id), now())
    watch.follow(said)
    remember_holders(watch)
    watch.write()
    return watch.moved


def _said(verbs: Iterable[str], *, by_person: bool, automatic: bool) -> str | None:
    """Who spoke; None where nothing happened that a clock could hear."""
    heard = set(verbs) - _SILENT
    if not heard:
        return None
    if "ticket.replied" in heard:
        return Said.DESK.value if by_person else Said.NOBODY.value
    if "ticket.message_received" in heard and not automatic:
        return Said.REQUESTER.value
    return Said.NOBODY.value


def remember_holders(watch: ClockSet) -> None:
    """Who held a ticket when it failed: as it stands in the database, before this change."""
    if not watch.failed:
        return
    holders = Ticket.objects.filter(pk__in={row.ticket_id for row in watch.failed})
    known = {pk: (a, t) for pk, a, t in holders.values_list("pk", "assignee_id", "team_id")}
    for row in watch.failed:
        row.failed_assignee_id, row.failed_team_id = known[row.ticket_id]


def start_clocks(tickets: Sequence[Ticket], version: UUID | None = None) -> None:
    """Start the clocks of new tickets of one organization and save the tickets' times.

    `version` is the organization's configuration where it was just read. Queries: 2 with it and
    those of the conditions' facts, however many tickets.
    """
    if not tickets:
        return
    plan = kept_plan(tickets[0].organization_id, version)
    # New tickets have no clocks that could be read.
    watch = ClockSet(plan, {ticket.pk: ticket for ticket in tickets}, now())
    watch.follow(opening=True)
    watch.write()
    if watch.new:
        update_many(tickets, SUMMARY_FIELDS)
