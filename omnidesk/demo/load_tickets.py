"""Writes demo tickets with their conversations, files, tags and change log, in bulk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.core.files.base import ContentFile

from omnidesk.accounts.models import Organization, Team, User
from omnidesk.core.text import render_markdown
from omnidesk.demo.generate import CLOSED_AFTER
from omnidesk.demo.history import changes_of
from omnidesk.demo.load_clocks import write_clocks
from omnidesk.demo.types import DemoDesk, DemoMessage, DemoStatus, DemoTicket, DemoVisibility
from tickets.actions.heed import hush
from tickets.choices import (
    AiState,
    DeliveryState,
    Impact,
    MessageKind,
    Source,
    StatusCategory,
    Urgency,
    priority_of,
)
from tickets.models import (
    Attachment,
    Category,
    Change,
    Message,
    Status,
    Tag,
    Ticket,
    TicketTag,
    TicketType,
)

STATUS_KEYS = {
    DemoStatus.NEW: "new",
    DemoStatus.OPEN: "open",
    DemoStatus.PENDING: "waiting",
    DemoStatus.ON_HOLD: "on-hold",
    DemoStatus.RESOLVED: "resolved",
    DemoStatus.CLOSED: "closed",
}


@dataclass(slots=True)
class Rows:
    """What tickets refer to, by the demo desk's keys."""

    organizations: Mapping[str, Organization]
    people: Mapping[str, User]
    teams: Mapping[tuple[str, str], Team]
    categories: Mapping[tuple[str, str], Category]
    statuses: Mapping[tuple[int, str], Status]
    types: Mapping[int, TicketType]
    now: datetime


def write_tickets(
    desk: DemoDesk,
    *,
    organizations: Mapping[str, Organization],
    people: Mapping[str, User],
    teams: Mapping[tuple[str, str], Team],
    categories: Mapping[tuple[str, str], Category],
) -> list[Ticket]:
    """Write all tickets of the desk; the caller holds a scope that sees its organizations."""
    statuses = {(s.organization_id, s.key): s for s in Status.objects.all()}
    types = {t.organization_id: t for t in TicketType.objects.filter(is_default=True)}
    rows = Rows(organizations, people, teams, categories, statuses, types, desk.generated_for)
    tickets = Ticket.objects.bulk_create(_ticket(one, rows) for one in desk.tickets)
    pairs = list(zip(desk.tickets, tickets, strict=True))
    for one, ticket in pairs:
        ticket.created_at, ticket.updated_at = one.created_at, ticket.last_activity_at
    Ticket.objects.bulk_update(tickets, ["created_at", "updated_at"])
    write_clocks(pairs, rows.now)
    messages = [_messages(one, ticket, rows) for one, ticket in pairs]
    Message.objects.bulk_create(chain.from_iterable(messages))
    _write_attachments(pairs, messages)
    _write_tags(pairs)
    Change.objects.bulk_create(
        chain.from_iterable(
            changes_of(one, ticket, said, rows.people, rows.now)
            for (one, ticket), said in zip(pairs, messages, strict=True)
        )
    )
    hush()
    return tickets


def _ticket(one: DemoTicket, rows: Rows) -> Ticket:
    """A ticket nobody has touched keeps its category open: that is for the AI to propose."""
    organization = rows.organizations[one.organization]
    status = rows.statuses[organization.pk, STATUS_KEYS[one.status]]
    taken = one.assignee_email is not None
    urgency = one.urgency if taken else Urgency.MEDIUM.value
    impact = one.impact if taken else Impact.LOW.value
    priority = priority_of(urgency, impact)
    settled = one.resolved_at is not None
    closed = one.resolved_at + CLOSED_AFTER if one.resolved_at else None
    return Ticket(
        organization=organization,
        subject=one.subject,
        description=one.description,
        type=rows.types.get(organization.pk),
        status=status,
        status_category=status.category,
        category=rows.categories[one.organization, one.category] if taken else None,
        urgency=urgency,
        impact=impact,
        priority=priority,
        requester=rows.people[one.requester_email],
        assignee=rows.people[one.assignee_email] if one.assignee_email else None,
        team=rows.teams[one.organization, one.team] if taken else None,
        source=one.source,
        language=one.language,
        # Every row of the log raised the version once.
        version=1 + len(one.messages) * (2 if taken else 1),
        message_count=1 + len(one.messages),
        last_activity_at=max((m.at for m in one.messages), default=one.created_at),
        first_response_at=one.first_response_at,
        resolved_at=one.resolved_at,
        closed_at=closed if one.status is DemoStatus.CLOSED else None,
        # Settled tickets are learnt from, not read again one by one.
        ai_state=(AiState.OFF if settled else AiState.PENDING).value,
        ai_verdict={"given": ["category", "urgency", "team"]} if taken else {},
    )


def _messages(one: DemoTicket, ticket: Ticket, rows: Rows) -> list[Message]:
    opening = Message(
        organization_id=ticket.organization_id,
        ticket=ticket,
        kind=MessageKind.PUBLIC.value,
        author=rows.people[one.requester_email],
        is_opening=True,
        from_requester=True,
        text=one.description,
        source=one.source,
        created_at=one.created_at,
    )
    return [opening, *(_message(said, one, ticket, rows) for said in one.messages)]


def _message(said: DemoMessage, one: DemoTicket, ticket: Ticket, rows: Rows) -> Message:
    internal = said.visibility is DemoVisibility.INTERNAL
    theirs = said.author_email == one.requester_email
    delivered = one.source == Source.EMAIL and not internal and not theirs
    return Message(
        organization_id=ticket.organization_id,
        ticket=ticket,
        kind=(MessageKind.INTERNAL if internal else MessageKind.PUBLIC).value,
        author=rows.people[said.author_email],
        from_requester=theirs,
        text=said.text,
        html="" if theirs else render_markdown(said.text),
        source=one.source if theirs else Source.AGENT.value,
        delivery_state=(DeliveryState.SENT if delivered else DeliveryState.NONE).value,
        created_at=said.at,
    )


def _write_attachments(
    pairs: list[tuple[DemoTicket, Ticket]], messages: list[list[Message]]
) -> None:
    rows: list[Attachment] = []
    for (one, ticket), said in zip(pairs, messages, strict=True):
        for file in one.attachments:
            row = Attachment(
                organization_id=ticket.organization_id,
                ticket=ticket,
                message=said[0],
                name=file.name,
                content_type=file.content_type,
                size=len(file.content),
                sha256=hashlib.sha256(file.content).hexdigest(),
                uploaded_by=said[0].author,
            )
            row.file.save(file.name, ContentFile(file.content), save=False)
            rows.append(row)
    Attachment.objects.bulk_create(rows)


def _write_tags(pairs: list[tuple[DemoTicket, Ticket]]) -> None:
    wanted = {(ticket.organization_id, name) for one, ticket in pairs for name in one.tags}
    tags = {
        (tag.organization_id, tag.name): tag
        for tag in Tag.objects.bulk_create(
            Tag(organization_id=organization_id, name=name)
            for organization_id, name in sorted(wanted)
        )
    }
    TicketTag.objects.bulk_create(
        TicketTag(
            organization_id=ticket.organization_id,
            ticket=ticket,
            tag=tags[ticket.organization_id, name],
        )
        for one, ticket in pairs
        for name in one.tags
    )


def stage_counts(tickets: list[Ticket]) -> dict[str, int]:
    """How many tickets are in each stage, for the command's summary."""
    return {
        stage: sum(ticket.status_category == stage for ticket in tickets)
        for stage in StatusCategory.values
    }
