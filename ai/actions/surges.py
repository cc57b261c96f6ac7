"""Surges as they are noticed: raised, grown, faded, dismissed. Nothing here writes to people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from ai.events import SurgeChanged
from ai.models import Surge, SurgeMember
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import one_line
from tickets.actions.base import InvalidChange
from tickets.models import Ticket

# Proposed, not decided and without a new ticket for so long: it was none, or it is over.
FADES_AFTER = timedelta(hours=12)
# A dismissed surge is proposed again once it has grown by this factor.
COMES_BACK = 2
LOCK_SURGES = 0x53555247


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """What the look found: tickets newest first, and how many of them are usual."""

    ticket_ids: Sequence[int]
    title_of: int
    words: Sequence[str]
    usual: float


@transaction.atomic
def raise_surge(*, organization_id: int, noticed: Noticed) -> Surge | None:
    """Propose a surge; None where another look has taken its tickets meanwhile."""
    _one_look(organization_id)
    rows = _free(organization_id, noticed.ticket_ids)
    if len(rows) < len(noticed.ticket_ids):
        return None
    best = rows[noticed.title_of]
    times = [ticket.created_at for ticket in rows.values()]
    surge = Surge.objects.create(
        organization_id=organization_id,
        title=one_line(best.subject),
        language=best.language,
        words=list(noticed.words),
        usual=noticed.usual,
        first_at=min(times),
        last_at=max(times),
    )
    _add(surge, list(rows.values()))
    _announce(surge)
    return surge


@transaction.atomic
def grow_surge(*, surge: Surge, ticket_ids: Sequence[int]) -> int:
    """Add tickets that came later; returns how many were new."""
    _one_look(surge.organization_id)
    surge = Surge.objects.select_for_update(of=("self",)).get(pk=surge.pk)
    rows = list(_free(surge.organization_id, ticket_ids).values())
    if not rows:
        return 0
    _add(surge, rows)
    surge.last_at = max(surge.last_at, *(ticket.created_at for ticket in rows))
    size = surge.members.count()
    if surge.state == Surge.State.DISMISSED and size >= surge.dismissed_size * COMES_BACK:
        surge.state = Surge.State.PROPOSED
    surge.save(update_fields=["last_at", "state"])
    _announce(surge)
    return len(rows)


@transaction.atomic
def dismiss_surge(*, surge: Surge, user: User) -> None:
    """Say that it is no incident; it comes back only when it has doubled."""
    surge = Surge.objects.select_for_update(of=("self",)).get(pk=surge.pk)
    if surge.state == Surge.State.DECLARED:
        raise InvalidChange(_("This is an incident already."))
    surge.state = Surge.State.DISMISSED
    surge.dismissed_size = surge.members.count()
    surge.decided_at, surge.decided_by = now(), user
    surge.save()
    _announce(surge)


def fade_surges(organization_id: int, moment: datetime) -> int:
    """Take proposals away that nobody decided and nothing was added to; returns how many."""
    old = Surge.objects.filter(
        organization_id=organization_id,
        state=Surge.State.PROPOSED,
        last_at__lt=moment - FADES_AFTER,
    )
    return old.update(state=Surge.State.FADED)


def _one_look(organization_id: int) -> None:
    """Two looks at once would raise one surge twice: the second waits and finds it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SURGES, organization_id % 2**31]
        )


def _free(organization_id: int, ticket_ids: Sequence[int]) -> dict[int, Ticket]:
    """Those of the tickets that are in no surge that still counts."""
    taken = SurgeMember.objects.filter(ticket__in=ticket_ids).exclude(
        surge__state=Surge.State.FADED
    )
    rows = Ticket.objects.alive().filter(organization_id=organization_id, pk__in=ticket_ids)
    rows = rows.exclude(pk__in=taken.values("ticket"))
    return {ticket.pk: ticket for ticket in rows.defer("search", "description")}


def _add(surge: Surge, tickets: Sequence[Ticket]) -> None:
    SurgeMember.objects.bulk_create(
        SurgeMember(
            organization_id=surge.organization_id,
            surge=surge,
            ticket=ticket,
            person_id=ticket.requester_id,
        )
        for ticket in sorted(tickets, key=lambda one: one.pk)
    )


def _announce(surge: Surge) -> None:
    publish(SurgeChanged(organization_id=surge.organization_id, surge_id=surge.pk))
