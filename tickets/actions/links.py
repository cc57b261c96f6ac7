"""Linking tickets and taking links away."""

from collections.abc import Iterable

from django.db import connection, transaction
from django.utils.translation import gettext as _

from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.linking import (
    STORED,
    LinkFlaw,
    LinkKind,
    Relation,
    flaw_of,
    inverse,
    relation_of,
)
from tickets.models import Ticket, TicketLink

LOCK_LINKS = 0x4C494E4B


@transaction.atomic
def link_tickets(*, ticket: Ticket, actor: Actor, other: Ticket, relation: str) -> TicketLink:
    """Say what `ticket` is to `other`; the same link again changes nothing.

    Raises `InvalidChange` for the ticket itself, another organization's, a second parent or a
    circle.
    """
    if relation not in STORED:
        raise InvalidChange(_("Choose how the tickets hang together."), "relation")
    _check_pair(ticket, other)
    hold_links(ticket.organization_id)
    kind = STORED[relation].kind
    source, target = _ends(ticket, other, relation)
    known = TicketLink.objects.filter(source=source, target=target, kind=kind).first()
    if known is not None:
        return known
    _refuse_flaw(kind, source, target)
    return _write(ticket, other, relation, actor)


@transaction.atomic
def link_new_ticket(*, ticket: Ticket, actor: Actor, other: Ticket, relation: str) -> TicketLink:
    """Link a ticket that this transaction made: no link of it exists, so none can be a circle."""
    _check_pair(ticket, other)
    return _write(ticket, other, relation, actor)


def _write(ticket: Ticket, other: Ticket, relation: str, actor: Actor) -> TicketLink:
    source, target = _ends(ticket, other, relation)
    link = TicketLink.objects.create(
        organization_id=ticket.organization_id,
        source=source,
        target=target,
        kind=STORED[relation].kind.value,
        created_by=actor.user,
    )
    _tell_both("ticket.linked", ticket, other, relation, actor)
    return link


def _ends(ticket: Ticket, other: Ticket, relation: str) -> tuple[Ticket, Ticket]:
    kind, forward = STORED[relation]
    source, target = (ticket, other) if forward else (other, ticket)
    if kind == LinkKind.RELATED and source.pk > target.pk:
        source, target = target, source
    return source, target


def _check_pair(ticket: Ticket, other: Ticket) -> None:
    if ticket.pk == other.pk:
        raise InvalidChange(_("A ticket cannot be linked to itself."), "ticket")
    if ticket.organization_id != other.organization_id:
        raise InvalidChange(_("That ticket belongs to another organization."), "ticket")


def hold_links(organization_id: int) -> None:
    """One change of an organization's links at a time: two at once could close a circle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_LINKS, organization_id % 2**31]
        )


def _refuse_flaw(kind: LinkKind, source: Ticket, target: Ticket) -> None:
    links = TicketLink.objects.filter(kind=kind)

    def onward(ids: set[int]) -> Iterable[int]:
        return links.filter(source__in=ids).values_list("target_id", flat=True)

    parents = TicketLink.objects.filter(kind=LinkKind.PARENT, target=target)
    flaw = flaw_of(
        kind,
        source.pk,
        target.pk,
        onward=onward,
        parents=parents.values_list("source_id", flat=True),
    )
    if flaw is LinkFlaw.CYCLE:
        words = _("%(number)d would hang on itself: the two are linked the other way round.")
        raise InvalidChange(words % {"number": source.number}, "ticket")
    if flaw is LinkFlaw.SECOND_PARENT:
        words = _("%(number)d is part of another ticket already.")
        raise InvalidChange(words % {"number": target.number}, "ticket")


@transaction.atomic
def unlink_tickets(*, ticket: Ticket, actor: Actor, link: TicketLink) -> None:
    """Take a link away; one that is gone already, or another ticket's, is refused."""
    hold_links(ticket.organization_id)
    row = TicketLink.objects.filter(pk=link.pk).select_related("source", "target").first()
    if row is None or ticket.pk not in {row.source_id, row.target_id}:
        raise InvalidChange(_("This link is not there any more."), "link")
    forward = row.source_id == ticket.pk
    other = row.target if forward else row.source
    relation = relation_of(row.kind, forward=forward)
    row.delete()
    _tell_both("ticket.unlinked", ticket, other, relation, actor)


def _tell_both(verb: str, ticket: Ticket, other: Ticket, relation: str, actor: Actor) -> None:
    """Both logs and both pages hear of it; locked in one order, so nobody waits in a ring."""
    said = {ticket.pk: Relation(relation), other.pk: inverse(relation)}
    numbers = {ticket.pk: other.number, other.pk: ticket.number}
    for row in sorted((ticket, other), key=lambda one: one.pk):
        detail = {"relation": said[row.pk].value, "number": numbers[row.pk]}
        record(locked(row), actor, FieldChange(verb, detail=detail), activity=False)
