"""The change log of a demo ticket: the rows that the actions would have written at the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from omnidesk.accounts.models import User
from omnidesk.demo.generate import CLOSED_AFTER
from omnidesk.demo.types import DemoStatus, DemoTicket
from tickets.choices import ActorKind, MessageKind, Source, Urgency
from tickets.models import Change, Message, Ticket

AUTO_CLOSE = "Closes solved tickets after five days"


@dataclass(slots=True)
class Log:
    """Collects rows of one ticket and keeps track of its status."""

    ticket: Ticket
    status: str = "new"
    rows: list[Change] = field(default_factory=list[Change])

    def add(
        self,
        at: datetime,
        actor: User | None,
        verb: str,
        *change: Any,
        detail: Mapping[str, Any] | None = None,
        label: str = "",
        kind: ActorKind = ActorKind.PERSON,
    ) -> None:
        """One row; `change` is nothing, or field, old and new value."""
        name, old, new = change or ("", None, None)
        self.rows.append(
            Change(
                organization_id=self.ticket.organization_id,
                ticket=self.ticket,
                verb=verb,
                actor=actor,
                actor_kind=kind.value,
                actor_label=actor.display_name if actor else label,
                field=name,
                old=old,
                new=new,
                detail=dict(detail or {}),
                at=at,
            )
        )

    def move(self, at: datetime, actor: User | None, status: str, *, label: str = "") -> None:
        """A change of status, unless it is that already."""
        if status == self.status:
            return
        kind = ActorKind.PERSON if actor else ActorKind.SYSTEM
        self.add(
            at, actor, "ticket.status_changed", "status", self.status, status,
            label=label, kind=kind,
        )  # fmt: skip
        self.status = status


def changes_of(
    one: DemoTicket,
    ticket: Ticket,
    messages: Sequence[Message],
    people: Mapping[str, User],
    now: datetime,
) -> list[Change]:
    """All rows of a ticket's log, oldest first; `messages` begin with the opening one."""
    log = Log(ticket)
    requester = people[one.requester_email]
    by_machine = one.source == Source.MONITORING
    log.add(
        one.created_at,
        None if by_machine else requester,
        "ticket.opened",
        detail={"source": one.source},
        label="Monitoring" if by_machine else "",
        kind=ActorKind.CHANNEL if by_machine else ActorKind.PERSON,
    )
    if one.assignee_email:
        _take(log, one, people[one.assignee_email], now)
    for message in messages[1:]:
        _said(log, one, message)
    _settle(log, one, people)
    return sorted(log.rows, key=lambda row: row.at)


def _take(log: Log, one: DemoTicket, agent: User, now: datetime) -> None:
    """Somebody sorts the ticket and takes it, shortly before the first answer."""
    ticket = log.ticket
    first = one.messages[0].at if one.messages else one.created_at + timedelta(minutes=25)
    at = max(one.created_at, min(first, now) - timedelta(seconds=40))
    names = (None, ticket.category.name if ticket.category else None)
    log.add(at, agent, "ticket.categorised", "category", *names)
    log.add(at, agent, "ticket.routed", "team", None, str(ticket.team))
    if ticket.urgency != Urgency.MEDIUM:
        change = ("urgency", Urgency.MEDIUM.value, ticket.urgency)
        log.add(at, agent, "ticket.urgency_changed", *change)
    log.add(at, agent, "ticket.assigned", "assignee", None, agent.email)
    log.move(at, agent, "open")


def _said(log: Log, one: DemoTicket, message: Message) -> None:
    at, detail = message.created_at, {"message": message.pk}
    if message.from_requester:
        log.add(at, message.author, "ticket.message_received", detail=detail)
        came_back = log.status == "waiting" or (
            log.status == "resolved" and (one.resolved_at is None or at < one.resolved_at)
        )
        if came_back:
            log.add(at, message.author, "ticket.reopened", "status", log.status, "open")
            log.status = "open"
        return
    verb = "ticket.noted" if message.kind == MessageKind.INTERNAL else "ticket.replied"
    log.add(at, message.author, verb, detail=detail)
    if at == one.resolved_at or ("reopened" in one.tags and _is_first_fix(one, message)):
        log.move(at, message.author, "resolved")


def _is_first_fix(one: DemoTicket, message: Message) -> bool:
    """Whether the requester's next word on a ticket that came back follows this reply."""
    later = [said for said in one.messages if said.at > message.created_at]
    settled = one.resolved_at is None or message.created_at < one.resolved_at
    return (
        settled
        and message.kind == MessageKind.PUBLIC
        and bool(later)
        and later[0].author_email == one.requester_email
        and not any(
            said.author_email == one.requester_email
            for said in later[1:]
            if one.resolved_at is None or said.at < one.resolved_at
        )
    )


def _settle(log: Log, one: DemoTicket, people: Mapping[str, User]) -> None:
    agent = people.get(one.assignee_email or "")
    last = one.messages[-1].at if one.messages else one.created_at
    if one.status is DemoStatus.PENDING:
        log.move(last, agent, "waiting")
    elif one.status is DemoStatus.ON_HOLD:
        log.move(last, agent, "on-hold")
    elif one.status is DemoStatus.CLOSED and one.resolved_at:
        log.move(one.resolved_at + CLOSED_AFTER, None, "closed", label=AUTO_CLOSE)
