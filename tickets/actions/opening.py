"""How tickets begin: one or a hundred of one organization in the same few statements."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Team, User
from omnidesk.core.bulk import update_many
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.history import history_moment
from omnidesk.core.text import clean_text, one_line
from tickets.actions.attach import NewFile, store
from tickets.actions.base import Actor, FieldChange, InvalidChange, announce, log_many
from tickets.actions.catalog import default_status, get_or_create_tags
from tickets.actions.checklists import attach_matching
from tickets.actions.clocks import start_clocks
from tickets.actions.fields import new_fields
from tickets.beginnings import Beginnings, beginnings_of
from tickets.choices import Impact, MessageKind, Source, StatusCategory, Urgency
from tickets.events import TicketOpened
from tickets.kept import configuration_of
from tickets.models import Category, Message, Ticket, TicketTag, TicketType

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A ticket to be opened. `at` is when it came in, None for now."""

    requester: User
    subject: str
    body: Body
    triage: Triage = field(default_factory=Triage)
    at: datetime | None = None


@transaction.atomic
def open_tickets(
    *, organization_id: int, openings: Sequence[Opening], source: Source, actor: Actor,
    quiet: bool = False,
) -> list[Message]:  # fmt: skip
    """Open tickets with their opening messages, tags and files; returns the messages.

    The AI reads them after commit. `quiet` announces nothing new: old tickets of another system
    are taken over.

    Raises `InvalidChange` naming the field when a subject or text is empty or a value belongs to
    another organization; then nothing is written. Queries: 6, however many tickets; 1 more for
    event rules, those of tags, files, custom fields and checklists where there are any.
    """
    for opening in openings:
        _check(organization_id, opening)
    openings = [_with_fields(organization_id, opening, actor) for opening in openings]
    version = configuration_of(organization_id)
    desk = beginnings_of(organization_id, version)
    tickets = _create(organization_id, openings, source, desk)
    messages = Message.objects.bulk_create(
        message_of(ticket, opening.body, source, author=opening.requester, at=ticket.created_at,
                   opening=True)
        for ticket, opening in zip(tickets, openings, strict=True)
    )  # fmt: skip
    for message, opening in zip(messages, openings, strict=True):
        store(message.ticket, message, list(opening.body.files), actor)
        _tag(message.ticket, list(opening.triage.tags))
    if history_moment() is None:
        start_clocks(tickets, version)
    _log(tickets, openings, source, actor, desk)
    for message in messages:
        _announce(message, source, quiet=quiet)
    return messages


def _check(organization_id: int, opening: Opening) -> None:
    triage = opening.triage
    if not one_line(opening.subject):
        raise InvalidChange(_("Enter a subject."), "subject")
    if not opening.body.text.strip():
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


def _with_fields(organization_id: int, opening: Opening, actor: Actor) -> Opening:
    """With checked custom fields. Queries: 1 where there are any to check."""
    triage = opening.triage
    if not triage.custom_fields and not triage.asks_fields:
        return opening
    values = new_fields(
        organization_id,
        actor,
        triage.custom_fields,
        category=triage.category,
        complete=triage.asks_fields,
    )
    return replace(opening, triage=replace(triage, custom_fields=values))


def _create(
    organization_id: int, openings: Sequence[Opening], source: Source, desk: Beginnings
) -> list[Ticket]:
    tickets = Ticket.objects.bulk_create(
        _ticket(organization_id, opening, source, desk) for opening in openings
    )
    moved = [t for t, opening in zip(tickets, openings, strict=True) if _given_time(opening)]
    for ticket in moved:
        ticket.created_at = ticket.last_activity_at
    update_many(moved, ["created_at"])
    return tickets


def _given_time(opening: Opening) -> datetime | None:
    return opening.at or history_moment()


def _ticket(organization_id: int, opening: Opening, source: Source, desk: Beginnings) -> Ticket:
    triage, category = opening.triage, opening.triage.category
    kind = triage.type or desk.type
    status = desk.status(kind) or default_status(organization_id, StatusCategory.OPEN)
    urgency = triage.urgency or Urgency.MEDIUM.value
    impact = triage.impact or Impact.LOW.value
    return Ticket(
        organization_id=organization_id,
        subject=one_line(opening.subject),
        description=clean_text(opening.body.text, LONGEST_TEXT),
        type=kind,
        status=status,
        status_category=status.category,
        category=category,
        urgency=urgency,
        impact=impact,
        priority=desk.priority(urgency, impact),
        requester=opening.requester,
        team=triage.team or (category.default_team if category else None),
        source=source.value,
        language=triage.language,
        custom_fields=triage.custom_fields,
        last_activity_at=_given_time(opening) or now(),
        ai_verdict=_given(triage),
    )


def _given(triage: Triage) -> dict[str, Any]:
    """Fields a person already decided at intake: the AI suggests nothing over them."""
    given = [n for n in ("category", "urgency", "team") if getattr(triage, n)]
    return {"given": given} if given else {}


def message_of(
    ticket: Ticket, body: Body, source: Source, *, author: User | None, at: datetime,
    opening: bool = False,
) -> Message:  # fmt: skip
    """What the requester's side wrote, not saved."""
    return Message(
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


def _log(
    tickets: Sequence[Ticket], openings: Sequence[Opening], source: Source, actor: Actor,
    desk: Beginnings,
) -> None:  # fmt: skip
    lines = [
        (ticket, change)
        for ticket in tickets
        for change in (
            FieldChange("ticket.opened", detail={"source": source.value}),
            *(attach_matching(ticket) if ticket.category_id in desk.listed else ()),
        )
    ]
    old = zip(tickets, openings, strict=True) if history_moment() is not None else ()
    at = {ticket.pk: opening.at for ticket, opening in old if opening.at is not None}
    log_many(lines, actor, at=at, has_rules=desk.has_rules)


def _announce(message: Message, source: Source, *, quiet: bool) -> None:
    ticket = message.ticket
    if not quiet:
        publish(
            TicketOpened(
                organization_id=ticket.organization_id,
                ticket_id=ticket.pk,
                message_id=message.pk,
                source=source.value,
            )
        )
    announce(ticket, "ticket.opened")
