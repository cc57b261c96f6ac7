"""Moving one message to the ticket where it belongs, and back."""

from django.db import transaction
from django.utils.translation import gettext as _

from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.lifecycle import delete_ticket, restore_ticket
from tickets.choices import MessageKind
from tickets.models import Attachment, Message, Ticket


@transaction.atomic
def move_message(*, message: Message, to: Ticket, actor: Actor) -> Ticket:
    """Move a public message with its files to `to`; returns the ticket it left.

    A ticket that is empty then goes into the bin; one in the bin comes back. Where it lies on `to`
    already, nothing happens. Raises `InvalidChange` for a note, another organization's ticket,
    a merged one, or an opening message that others follow.
    """
    row = Message.objects.select_related("ticket").get(pk=message.pk)
    if row.ticket_id == to.pk:
        return row.ticket
    if row.organization_id != to.organization_id:
        raise InvalidChange(_("That ticket belongs to another organization."), "to")
    pair = sorted({row.ticket_id, to.pk})
    locks = {pk: locked(Ticket.objects.get(pk=pk)) for pk in pair}
    row = Message.objects.get(pk=message.pk)
    source, target = locks.get(row.ticket_id), locks[to.pk]
    if source is None or row.ticket_id == to.pk:
        raise InvalidChange(_("This message is not on this ticket any more."), "to")
    _check(row, source, target)
    empty = not source.messages.exclude(pk=row.pk).exists()
    Attachment.objects.filter(message=row).update(ticket=target)
    opens = not target.messages.exists()
    Message.objects.filter(pk=row.pk).update(ticket=target, is_opening=opens)
    source.message_count = max(0, source.message_count - 1)
    target.message_count = target.messages.count()
    for ticket, other, verb in (
        (source, target, "ticket.message_moved_away"),
        (target, source, "ticket.message_moved_here"),
    ):  # fmt: skip
        detail = {"number": other.number, "message": row.pk}
        record(ticket, actor, FieldChange(verb, detail=detail))
    if target.deleted_at is not None:
        restore_ticket(ticket=target, actor=actor)
    if empty:
        delete_ticket(ticket=source, actor=actor)
    return source


def _check(row: Message, source: Ticket, target: Ticket) -> None:
    if row.kind != MessageKind.PUBLIC:
        raise InvalidChange(_("A note stays on its ticket."), "to")
    if target.merged_into_id is not None:
        words = _("%(number)d is merged into another ticket.") % {"number": target.number}
        raise InvalidChange(words, "to")
    if row.is_opening and source.messages.exclude(pk=row.pk).exists():
        words = _("This mail opened the ticket and others follow. Merge the two tickets instead.")
        raise InvalidChange(words, "to")
