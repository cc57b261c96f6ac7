"""What every action shares: who acts, the change-log row, the version, the live event."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from omnidesk.accounts.models import User
from omnidesk.core.bulk import update_many
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.events import publish
from omnidesk.core.history import history_moment
from tickets.actions.clocks import SUMMARY_FIELDS, follow_ticket, follow_tickets
from tickets.actions.queueing import queue_for_rules
from tickets.choices import ActorKind
from tickets.events import TicketChanged
from tickets.models import Change, Ticket


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose hand changes a ticket: a person, or a named machine."""

    kind: ActorKind
    user: User | None = None
    label: str = ""
    # The rules whose acting led to this change, first one first (`tickets.actions.run_rules`).
    chain: tuple[int, ...] = ()

    @classmethod
    def person(cls, user: User) -> "Actor":
        """A signed-in person."""
        return cls(ActorKind.PERSON, user, user.display_name)

    @classmethod
    def machine(cls, kind: ActorKind, label: str) -> "Actor":
        """The AI, a rule, a channel or the system itself; `label` says which."""
        return cls(kind, None, label)


class InvalidChange(BadInput):
    """The change makes no sense for this ticket; `field` names what to correct."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One line of the log: verb and, where a field changed, its old and new value."""

    verb: str
    field: str = ""
    old: Any = None
    new: Any = None
    detail: Mapping[str, Any] | None = None


def record(ticket: Ticket, actor: Actor, *changes: FieldChange, activity: bool = True) -> None:
    """Save `ticket`, raise its version, write one log row per change, announce it.

    The caller holds the row's lock and a transaction. Without changes nothing happens.
    """
    if not changes:
        return
    moment = history_moment() or now()
    ticket.version += 1
    if activity:
        ticket.last_activity_at = moment
    changes += _follow_clocks(ticket, actor, changes)
    ticket.save()
    log(ticket, actor, *changes)
    announce(ticket, *(change.verb for change in changes))


def record_many(
    lines: Sequence[tuple[Ticket, FieldChange]], actor: Actor, *, fields: Iterable[str]
) -> None:
    """`record` for several locked tickets of one organization that a machine changed alike.

    One change a ticket, that is no activity on it. Writes the given `fields` and what follows
    from the change. Queries: about 8, however many tickets.
    """
    if not lines:
        return
    tickets = [ticket for ticket, _change in lines]
    moment = now()
    for ticket in tickets:
        ticket.version += 1
        ticket.updated_at = moment
    moved = follow_tickets(tickets, {change.verb for _ticket, change in lines})
    update_many(tickets, [*fields, "version", "updated_at", *SUMMARY_FIELDS])
    changed = [(t, FieldChange("ticket.sla_changed", "sla", *moved[t.pk])) for t in tickets
               if t.pk in moved]  # fmt: skip
    log_many([*lines, *changed], actor)
    for ticket, change in lines:
        announce(ticket, change.verb, *(["ticket.sla_changed"] if ticket.pk in moved else ()))


def _follow_clocks(
    ticket: Ticket, actor: Actor, changes: tuple[FieldChange, ...]
) -> tuple[FieldChange, ...]:
    """Agreed times in step with the ticket; a line for the log where another policy covers it."""
    if history_moment() is not None:
        return ()  # what is imported was agreed with nobody
    moved = follow_ticket(
        ticket,
        (change.verb for change in changes),
        by_person=actor.kind == ActorKind.PERSON,
        automatic=any((change.detail or {}).get("automatic") for change in changes),
    )
    return (FieldChange("ticket.sla_changed", "sla", *moved),) if moved else ()


def announce(ticket: Ticket, *verbs: str) -> None:
    """Tell browsers and channels that the ticket has a new version."""
    publish(
        TicketChanged(
            organization_id=ticket.organization_id,
            ticket_id=ticket.pk,
            number=ticket.number,
            version=ticket.version,
            verbs=verbs,
            requester_id=ticket.requester_id,
            assignee_id=ticket.assignee_id,
            team_id=ticket.team_id,
        )
    )


def log(ticket: Ticket, actor: Actor, *changes: FieldChange) -> None:
    """Write the log rows alone (a new ticket is announced by its own event)."""
    log_many([(ticket, change) for change in changes], actor)


def log_many(
    lines: Sequence[tuple[Ticket, FieldChange]], actor: Actor, *,
    at: Mapping[int, datetime] | None = None, has_rules: bool | None = None,
) -> None:  # fmt: skip
    """Write the log rows of several tickets. Queries: 1, and 1 or 2 for event rules.

    `at` are moments by ticket where something happened at another time than now; `has_rules`
    says whether the organization has event rules, where that is known.
    """
    moment = history_moment() or now()
    moments = at or {}
    rows = _write_log([(t, change, moments.get(t.pk, moment)) for t, change in lines], actor)
    if history_moment() is None:
        queue_for_rules(rows, chain=actor.chain, has_rules=has_rules)


def log_history(lines: Sequence[tuple[Ticket, FieldChange, datetime]], actor: Actor) -> None:
    """Write the log of what happened long ago, each line at its moment; no rule is asked."""
    _write_log(lines, actor)


def _write_log(lines: Sequence[tuple[Ticket, FieldChange, datetime]], actor: Actor) -> list[Change]:
    correlation_id = str(structlog.contextvars.get_contextvars().get("correlation_id", ""))
    return Change.objects.bulk_create(
        Change(
            organization_id=ticket.organization_id,
            # By their keys: thousands of rows come together when agreed times fail.
            ticket_id=ticket.pk,
            verb=change.verb,
            actor_id=actor.user.pk if actor.user else None,
            actor_kind=actor.kind,
            actor_label=actor.label,
            field=change.field,
            old=change.old,
            new=change.new,
            detail=dict(change.detail or {}),
            correlation_id=correlation_id,
            at=at,
        )
        for ticket, change, at in lines
    )


def locked(ticket: Ticket) -> Ticket:
    """The same ticket, read again under its row lock: actions decide on fresh values."""
    return Ticket.objects.lock(ticket.pk).with_row_relations().get(pk=ticket.pk)


def locked_many(ids: Iterable[int]) -> dict[int, Ticket]:
    """The same for several, by their ids and in their order: two who lock some of the same wait
    for each other and never for good. One that is gone is left out. Queries: 2."""
    wanted = sorted(ids)
    rows = Ticket.objects.filter(pk__in=wanted).order_by("pk")
    list(rows.select_for_update().values_list("pk"))
    return {row.pk: row for row in rows.with_row_relations()}
