"""Putting a received mail on another ticket, or on a new one, and undoing that."""

from django.db import transaction
from django.utils.translation import gettext as _

from integrations.models import Receipt, Rethreading
from omnidesk.core.clock import now
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.rethread import move_message
from tickets.actions.split import split_ticket
from tickets.models import Message, Ticket


@transaction.atomic
def rethread(
    *, receipt: Receipt, actor: Actor, seen_on: int, to: Ticket | None = None
) -> Rethreading:
    """Move the mail's message to `to`, or to a new ticket where it is None.

    `seen_on` is the ticket on which the person saw the mail: pressed twice, or by two at once,
    it moves once. Raises InvalidChange with the reason where it cannot move.
    """
    row = _held(receipt)
    message = _message_of(row)
    if message.ticket_id != seen_on:
        last = row.rethreadings.first()
        if last is not None and last.from_ticket_id == seen_on and _same(last, message, to):
            return last  # the same press again
        raise InvalidChange(_("Somebody moved this mail already."), "to")
    source = message.ticket
    if to is None:
        target = split_ticket(
            ticket=source, actor=actor, message=message, subject=row.subject, following=False
        )
    elif to.pk == source.pk:
        raise InvalidChange(_("The mail is on this ticket already."), "to")
    else:
        move_message(message=message, to=to, actor=actor)
        target = to
    _note(row, target)
    return Rethreading.objects.create(
        organization_id=row.organization_id, receipt=row, message=message, from_ticket=source,
        to_ticket=target, moved_by=actor.user,
    )  # fmt: skip


def _same(last: Rethreading, message: Message, to: Ticket | None) -> bool:
    wanted = last.to_ticket_id if to is None else to.pk
    return last.undone_at is None and message.ticket_id == last.to_ticket_id == wanted


@transaction.atomic
def undo_rethread(*, rethreading: Rethreading, actor: Actor) -> Ticket:
    """Put the mail back; undone twice is undone once. Returns the ticket it is on then."""
    receipt = _held(rethreading.receipt)
    last = receipt.rethreadings.filter(undone_at=None).first()
    move = Rethreading.objects.select_related("from_ticket", "message").get(pk=rethreading.pk)
    if move.undone_at is not None:
        return move.from_ticket
    if last is None or last.pk != move.pk:
        raise InvalidChange(_("This mail was moved on since. Undo the last move first."))
    move_message(message=move.message, to=move.from_ticket, actor=actor)
    _note(receipt, move.from_ticket)
    move.undone_at = now()
    move.save(update_fields=["undone_at"])
    return move.from_ticket


def _held(receipt: Receipt) -> Receipt:
    return Receipt.objects.light().select_for_update(of=("self",)).get(pk=receipt.pk)


def _message_of(receipt: Receipt) -> Message:
    message = Message.objects.select_related("ticket").filter(receipts=receipt).first()
    if message is None:
        raise InvalidChange(_("Nothing of this mail is on a ticket."), "to")
    return message


def _note(receipt: Receipt, ticket: Ticket) -> None:
    receipt.ticket = ticket
    receipt.save(update_fields=["ticket"])
