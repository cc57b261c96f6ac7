"""Snoozing: a ticket leaves the lists until a time or an answer, and comes back once."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.waking import waken
from tickets.choices import ActorKind
from tickets.models import Ticket

logger = structlog.get_logger(__name__)
AT_ONCE = 500
LONGEST = timedelta(days=366)


@transaction.atomic
def snooze(*, ticket: Ticket, actor: Actor, until: datetime | None) -> Ticket:
    """Take a ticket out of the lists until a time; None: until the requester answers.

    An answer wakes it in both cases. Raises `InvalidChange` for a settled ticket and for a time
    that has passed or lies further ahead than a year.
    """
    ticket = locked(ticket)
    moment = now()
    if ticket.is_settled:
        raise InvalidChange(_("This ticket is settled; there is nothing to snooze."))
    if until is not None and not moment < until <= moment + LONGEST:
        raise InvalidChange(_("Choose a time within the next year."), "until")
    ticket.snoozed_at, ticket.snoozed_until = moment, until
    ticket.snoozed_by = actor.user
    told = until.isoformat() if until else None
    record(ticket, actor, FieldChange("ticket.snoozed", "snoozed_until", None, told))
    return ticket


@transaction.atomic
def wake(*, ticket: Ticket, actor: Actor) -> Ticket:
    """Bring a snoozed ticket back by hand; one that is awake stays as it is."""
    ticket = locked(ticket)
    record(ticket, actor, *waken(ticket))
    return ticket


def sweep() -> int:
    """Wake every ticket whose time has come; returns how many. Any number may run at once."""
    with system_scope():
        due = list(
            Ticket.objects.alive()
            .filter(snoozed_until__lte=now())
            .order_by("snoozed_until")
            .values_list("organization_id", "pk")[:AT_ONCE]
        )
    woken = 0
    for organization_id, ticket_id in due:
        try:
            with organization_scope(organization_id):
                woken += wake_due(ticket_id=ticket_id)
        except Exception:  # intended: one ticket must not keep the others asleep
            logger.exception("wake_failed", ticket_id=ticket_id)
    return woken


@transaction.atomic
def wake_due(*, ticket_id: int) -> bool:
    """Wake one ticket if its time has come and nobody else is at it; returns whether it did."""
    due = Ticket.objects.alive().filter(pk=ticket_id, snoozed_until__lte=now())
    if not list(due.select_for_update(skip_locked=True).values_list("pk")):
        return False
    ticket = Ticket.objects.with_row_relations().get(pk=ticket_id)
    by = ticket.snoozed_by_id
    told = [FieldChange(one.verb, one.field, one.old, detail={"by": by}) for one in waken(ticket)]
    record(ticket, Actor.machine(ActorKind.SYSTEM, ""), *told)
    return True
