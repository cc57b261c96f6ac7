"""How a ticket begins, and how its requester goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Team, User
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.history import history_moment
from omnidesk.core.text import clean_text, one_line
from tickets.actions.attach import NewFile, store, take_along
from tickets.actions.base import (
    Actor,
    FieldChange,
    InvalidChange,
    announce,
    locked,
    log,
    record,
)
from tickets.actions.catalog import first_status, get_or_create_tags, working_status
from tickets.actions.checklists import attach_matching
from tickets.actions.clocks import start_clocks
from tickets.actions.fields import new_fields
from tickets.actions.levels import priority_for
from tickets.actions.lifecycle import wait_for
from tickets.actions.links import link_new_ticket
from tickets.actions.schedule import plan, settings_of
from tickets.actions.types import default_type
from tickets.actions.waking import waken
from tickets.choices import (
    Impact,
    MessageKind,
    Source,
    StatusCategory,
    Urgency,
)
from tickets.events import MessageReceived, StatusChanged, TicketOpened
from tickets.followups import is_late
from tickets.linking import Relation
from tickets.models import Attachment, Category, Message, Ticket, TicketTag, TicketType

LONGEST_TEXT = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What somebody wrote: `text` newly written, `html` sanitised, `quoted` folded away."""

    text: str
    html: str = ""
    quoted: str = ""
    external_id: str = ""
    cc: Sequence[str] = ()
    files: Sequence[NewFile] = ()
    # Files of the same author that were uploaded to the ticket beforehand.
    attachment_ids: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What is known of a new ticket beforehand; empty values wait for the AI or an agent."""

    type: TicketType | None = None
    category: Category | None = None
    urgency: str = ""
    impact: str = ""
    team: Team | None = None
    language: str = ""
    tags: Sequence[str] = ()
    custom_fields: dict[str, Any] = field(default_factory=dict)
    # Whether the fields that are asked on every ticket must all be there: forms and the API.
    asks_fields: bool = False


@transaction.atomic
def open_ticket(
    *,
    organization_id: int,
    requester: User,
    subject: str,
    body: Body,
    source: Source,
    actor: Actor,
    triage: Triage | None = None,
    at: datetime | None = None,
    quiet: bool = False,
) -> Ticket:
    """Open a ticket with its opening message, tags and files; the AI reads it after commit.

    `quiet` announces nothing new: an old ticket of another system is taken over.

    Raises `InvalidChange` naming the field when subject or text is empty or a value belongs to
    another organization.
    """
    triage = triage or Triage()
    _check(organization_id, subject, body, triage)
    triage = _with_fields(organization_id, triage, actor)
    ticket = _create(
        organization_id, requester, subject, body, source, triage, at or history_moment() or now()
    )
    message = _say(ticket, body, source, author=requester, at=ticket.created_at, opening=True)
    store(ticket, message, list(body.files), actor)
    _tag(ticket, list(triage.tags))
    if history_moment() is None:
        start_clocks([ticket])
    attached = attach_matching(ticket)
    log(ticket, actor, FieldChange("ticket.opened", detail={"source": source.value}), *attached)
    if not quiet:
        publish(
            TicketOpened(
                organization_id=organization_id,
                ticket_id=ticket.pk,
                message_id=message.pk,
                source=source.value,
            )
        )
    announce(ticket, "ticket.opened")
    return ticket


def _check(organization_id: int, subject: str, body: Body, triage: Triage) -> None:
    if not one_line(subject):
        raise InvalidChange(_("Enter a subject."), "subject")
    if not body.text.strip():
        raise InvalidChange(_("Describe the problem."), "description")
    for name, value, known in (
        ("urgency", triage.urgency, Urgency.values),
        ("impact", triage.impact, Impact.values),
    ):
        if value and value not in known:
            raise InvalidChange(
                _("“%(value)s” is not one of %(known)s.")
                % {"value": value, "known": ", ".join(known)},
                name,
            )
    for name, row in (
        ("type", triage.type), ("category", triage.category), ("team", triage.team),
    ):  # fmt: skip
        if row is not None and row.organization_id != organization_id:
            raise InvalidChange(_("This belongs to another organization."), name)


def _with_fields(organization_id: int, triage: Triage, actor: Actor) -> Triage:
    """The triage with checked custom fields. Queries: 1 where there are any to check."""
    if not triage.custom_fields and not triage.asks_fields:
        return triage
    values = new_fields(
        organization_id,
        actor,
        triage.custom_fields,
        category=triage.category,
        complete=triage.asks_fields,
    )
    return replace(triage, custom_fields=values)


def _create(
    organization_id: int, requester: User, subject: str, body: Body, source: Source,
    triage: Triage, at: datetime,
) -> Ticket:  # fmt: skip
    kind = triage.type or default_type(organization_id)
    status = first_status(kind, organization_id)
    urgency = triage.urgency or Urgency.MEDIUM.value
    impact = triage.impact or Impact.LOW.value
    ticket = Ticket.objects.create(
        organization_id=organization_id,
        subject=one_line(subject),
        description=clean_text(body.text, LONGEST_TEXT),
        type=kind,
        status=status,
        status_category=status.category,
        category=triage.category,
        urgency=urgency,
        impact=impact,
        priority=priority_for(organization_id, urgency, impact),
        requester=requester,
        team=triage.team or (triage.category.default_team if triage.category else None),
        source=source.value,
        language=triage.language,
        custom_fields=triage.custom_fields,
        last_activity_at=at,
        ai_verdict=_given(triage),
    )
    if ticket.created_at != at:
        Ticket.objects.filter(pk=ticket.pk).update(created_at=at)
        ticket.created_at = at
    return ticket


def _given(triage: Triage) -> dict[str, Any]:
    """Fields a person already decided at intake: the AI suggests nothing over them."""
    given = [n for n in ("category", "urgency", "team") if getattr(triage, n)]
    return {"given": given} if given else {}


def _say(ticket: Ticket, body: Body, source: Source, *, author: User | None, at: datetime,
         opening: bool = False) -> Message:  # fmt: skip
    return Message.objects.create(
        organization_id=ticket.organization_id,
        ticket=ticket,
        kind=MessageKind.PUBLIC,
        author=author,
        is_opening=opening,
        from_requester=True,
        text=clean_text(body.text, LONGEST_TEXT),
        html=body.html,
        quoted=clean_text(body.quoted, LONGEST_TEXT),
        source=source.value,
        external_id=one_line(body.external_id, 998),
        cc=list(body.cc),
        created_at=at,
    )


def _tag(ticket: Ticket, names: list[str]) -> None:
    if names:
        tags = get_or_create_tags(ticket.organization_id, names)
        TicketTag.objects.bulk_create(
            TicketTag(organization_id=ticket.organization_id, ticket=ticket, tag=tag)
            for tag in tags
        )


@transaction.atomic
def receive_message(
    *, ticket: Ticket, author: User | None, body: Body, source: Source, actor: Actor,
    at: datetime | None = None, reopen: bool = True,
) -> Message:  # fmt: skip
    """Add what the requester's side wrote; a settled or waiting ticket opens again.

    On a merged ticket the words land where the conversation goes on. An answer that comes long
    after the closing opens a linked new ticket: look at the message's `ticket`. An automatic
    mail passes `reopen=False`: an out-of-office note must not reopen anything.
    """
    if not body.text.strip() and not body.files:
        raise InvalidChange(_("Write a message."), "text")
    ticket = surviving(locked(ticket))
    if reopen and _is_late(ticket, at or history_moment() or now()):
        return _follow_up(ticket, author, body, source, actor, at)
    message = _say(ticket, body, source, author=author, at=at or history_moment() or now())
    store(ticket, message, list(body.files), actor)
    take_along(message, actor, body.attachment_ids)
    ticket.message_count += 1
    detail = {"message": message.pk, **({} if reopen else {"automatic": True})}
    changes = [FieldChange("ticket.message_received", detail=detail)]
    if reopen:
        changes += waken(ticket)
        if ticket.status_category != StatusCategory.OPEN:
            changes += _reopen(ticket)
    record(ticket, actor, *changes)
    publish(
        MessageReceived(
            organization_id=ticket.organization_id, ticket_id=ticket.pk, message_id=message.pk
        )
    )
    return message


def surviving(ticket: Ticket) -> Ticket:
    """Where a ticket's conversation goes on after merges. Queries: 0 for one never merged."""
    while ticket.merged_into_id is not None:
        ticket = locked(Ticket.objects.get(pk=ticket.merged_into_id))
    return ticket


def _is_late(ticket: Ticket, moment: datetime) -> bool:
    if ticket.status_category != StatusCategory.CLOSED:
        return False
    days = settings_of(ticket.organization_id).late_reply_days
    return is_late(ticket.closed_at, moment, days)


def _follow_up(
    old: Ticket, author: User | None, body: Body, source: Source, actor: Actor, at: datetime | None
) -> Message:
    """A new ticket of the same kind that begins with these words, linked to the old one."""
    # Files that were uploaded to the old ticket beforehand come along.
    loose = Attachment.objects.filter(
        ticket=old, message=None, uploaded_by=actor.user, pk__in=body.attachment_ids
    )
    files = list(loose.values_list("pk", flat=True)) if actor.user else []
    ticket = open_ticket(
        organization_id=old.organization_id,
        requester=author or old.requester,
        subject=old.subject,
        body=replace(body, text=body.text if body.text.strip() else _("(Only files)")),
        source=source,
        actor=actor,
        triage=Triage(category=old.category, team=old.team, language=old.language),
        at=at,
    )
    message = ticket.messages.get(is_opening=True)
    Attachment.objects.filter(pk__in=files).update(ticket=ticket)
    take_along(message, actor, body.attachment_ids)
    link_new_ticket(ticket=ticket, actor=actor, other=old, relation=Relation.FOLLOW_UP_OF)
    return message


def _reopen(ticket: Ticket) -> list[FieldChange]:
    old, old_stage = ticket.status, ticket.status_category
    ticket.status = working_status(ticket)
    ticket.status_category = ticket.status.category
    ticket.resolved_at = ticket.closed_at = None
    publish(
        StatusChanged(
            organization_id=ticket.organization_id,
            ticket_id=ticket.pk,
            old_category=old_stage,
            new_category=ticket.status_category,
        )
    )
    reopened = FieldChange("ticket.reopened", "status", old.key, ticket.status.key)
    changes = [reopened, *wait_for(ticket, None)]
    plan(ticket)
    return changes
