"""Making a ticket of its own out of a message and what follows it."""

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from omnidesk.core.events import publish
from omnidesk.core.text import clean_text, one_line
from tickets.actions.base import Actor, FieldChange, InvalidChange, announce, locked, log, record
from tickets.actions.catalog import first_status
from tickets.actions.clocks import start_clocks
from tickets.actions.intake import LONGEST_TEXT
from tickets.actions.links import link_new_ticket
from tickets.actions.types import default_type
from tickets.choices import MessageKind
from tickets.events import TicketOpened
from tickets.linking import Relation
from tickets.models import Attachment, Message, Ticket


@transaction.atomic
def split_ticket(
    *, ticket: Ticket, actor: Actor, message: Message, subject: str = "", following: bool = True
) -> Ticket:
    """Move `message`, and what `following` it was said, into a new ticket; returns that.

    The new ticket belongs to whoever wrote the message, or to the same requester where the desk
    did; it is linked to the old one and read by the AI like any other. Raises `InvalidChange` for
    the opening message, an internal note or one of another ticket.
    """
    ticket = locked(ticket)
    row = ticket.messages.filter(pk=message.pk).select_related("author").first()
    if row is None:
        raise InvalidChange(_("This message is not on this ticket any more."), "message")
    if row.is_opening:
        words = _("The first message stays: without it nothing would be left here.")
        raise InvalidChange(words, "message")
    if row.kind != MessageKind.PUBLIC:
        words = _("A ticket begins with a public message, not with a note.")
        raise InvalidChange(words, "message")
    fresh = _open(ticket, row, subject)
    moved = _move(ticket, fresh, row, following=following)
    start_clocks([fresh])
    detail = {"number": ticket.number, "from": ticket.number}
    log(fresh, actor, FieldChange("ticket.opened", detail={"source": fresh.source, **detail}))
    ticket.message_count = max(1, ticket.message_count - moved)
    told = FieldChange("ticket.split", detail={"number": fresh.number, "messages": moved})
    record(ticket, actor, told)
    link_new_ticket(ticket=fresh, actor=actor, other=ticket, relation=Relation.FOLLOW_UP_OF)
    publish(
        TicketOpened(
            organization_id=fresh.organization_id,
            ticket_id=fresh.pk,
            message_id=row.pk,
            source=fresh.source,
        )
    )
    announce(fresh, "ticket.opened")
    return fresh


def _open(ticket: Ticket, message: Message, subject: str) -> Ticket:
    kind = default_type(ticket.organization_id)
    status = first_status(kind, ticket.organization_id)
    asked = message.author if message.from_requester and message.author else ticket.requester
    return Ticket.objects.create(
        organization_id=ticket.organization_id,
        subject=one_line(subject) or ticket.subject,
        description=clean_text(message.text, LONGEST_TEXT),
        type=kind,
        status=status,
        status_category=status.category,
        category=ticket.category,
        urgency=ticket.urgency,
        impact=ticket.impact,
        priority=ticket.priority,
        requester=asked,
        team=ticket.team,
        source=message.source,
        language=ticket.language,
        last_activity_at=message.created_at,
    )


def _move(ticket: Ticket, fresh: Ticket, first: Message, *, following: bool) -> int:
    """Move the messages with their files; returns how many messages moved."""
    wanted: QuerySet[Message] = ticket.messages.filter(pk=first.pk)
    if following:
        after = Q(created_at__gt=first.created_at) | Q(created_at=first.created_at, pk__gt=first.pk)
        wanted = ticket.messages.filter(Q(pk=first.pk) | (after & Q(is_opening=False)))
    ids = list(wanted.values_list("pk", flat=True))
    Attachment.objects.filter(message__in=ids).update(ticket=fresh)
    Message.objects.filter(pk__in=ids).update(ticket=fresh)
    Message.objects.filter(pk=first.pk).update(is_opening=True)
    fresh.message_count = len(ids)
    answers = fresh.messages.filter(from_requester=False, kind=MessageKind.PUBLIC, is_ai=False)
    fresh.first_response_at = answers.values_list("created_at", flat=True).first()
    fresh.save(update_fields=["message_count", "first_response_at"])
    return len(ids)
