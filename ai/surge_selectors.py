"""What the incident pages show, each with a known number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from ai.models import Surge, SurgeMember
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from tickets.choices import Source, StatusCategory
from tickets.models import Change, StatusNotice, Ticket
from tickets.status_selectors import open_notice

Answer = SurgeMember.Answer
MOST_PAST = 30
# A solved incident leaves the list of those under way.
SETTLED = (StatusCategory.SOLVED.value, StatusCategory.CLOSED.value)
# Under way and seen by nobody any more: it no longer stands on every page.
STRIP_LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Update:
    """One line of what was done with the incident."""

    verb: str
    people: int
    at: object
    name: str


@dataclass(frozen=True, slots=True)
class Incident:
    """Everything on the page of one surge or incident."""

    surge: Surge
    members: Sequence[SurgeMember]
    updates: Sequence[Update] = field(default_factory=tuple)
    # What the status page says of it, while it goes on.
    notice: StatusNotice | None = None

    @property
    def people(self) -> int:
        """How many different people wrote."""
        return len({member.person_id for member in self.members if member.answer != Answer.OTHER})

    @property
    def linked(self) -> int:
        """Tickets that are part of the incident."""
        return sum(member.is_linked for member in self.members)

    @property
    def waiting(self) -> int:
        """Tickets that were noticed later and are no part of it yet."""
        return sum(not m.is_linked and m.answer != Answer.OTHER for m in self.members)

    @property
    def same(self) -> int:
        """People who confirmed it."""
        return len({m.person_id for m in self.members if m.answer == Answer.SAME})

    @property
    def asked(self) -> int:
        """People who were asked."""
        return len({m.person_id for m in self.members if m.asked_at})

    @property
    def unasked(self) -> int:
        """People who would be asked by pressing the button."""
        done = {m.person_id for m in self.members if m.asked_at or m.answered_at}
        return len(self._reachable() - done)

    @property
    def reached(self) -> int:
        """People whom an update would reach."""
        return len(self._reachable())

    @property
    def open_children(self) -> int:
        """Linked tickets that are not settled."""
        return sum(m.is_linked and not m.ticket.is_settled for m in self.members)

    @property
    def channels(self) -> list[str]:
        """The channels the tickets came by, in words."""
        names = dict(Source.choices)
        return [str(names[key]) for key in dict.fromkeys(m.ticket.source for m in self.members)]

    @property
    def is_settled(self) -> bool:
        """Whether the parent is solved."""
        return self.surge.ticket is not None and self.surge.ticket.is_settled

    def _reachable(self) -> set[int]:
        return {m.person_id for m in self.members if m.is_linked and not m.ticket.is_settled}


def surges_of(user: User) -> QuerySet[Surge]:
    """Every surge of the organizations `user` works for, with its sizes."""
    kept = ~Q(members__answer=Answer.OTHER) & Q(members__ticket__deleted_at=None)
    return (
        Surge.objects.filter(organization_id__in=user.staffed_organization_ids())
        .select_related("ticket__status", "organization", "decided_by")
        .defer("ticket__search", "ticket__description")
        .annotate(
            tickets=Count("members", filter=kept, distinct=True),
            people=Count("members__person", filter=kept, distinct=True),
        )
    )


def access_surge(user: User, surge_id: int) -> Surge:
    """One surge that `user` may work on; anything else is not there. Queries: 1."""
    surge = surges_of(user).filter(pk=surge_id).first()
    if surge is None:
        raise Http404
    return surge


def proposed_surges(user: User) -> list[Surge]:
    """What waits for a decision, newest first. Queries: 1."""
    rows = surges_of(user).filter(state=Surge.State.PROPOSED, last_at__gte=now() - STRIP_LASTS)
    return list(rows.order_by("-pk")[:5])


def incident_lists(user: User) -> tuple[list[Surge], list[Surge]]:
    """(under way, over): proposals and open incidents; then what was solved, declined or faded.

    Queries: 2.
    """
    rows = surges_of(user).order_by("-pk")
    is_over = Q(state__in=[Surge.State.DISMISSED, Surge.State.FADED]) | Q(
        state=Surge.State.DECLARED, ticket__status_category__in=SETTLED
    )
    return list(rows.exclude(is_over)[:MOST_PAST]), list(rows.filter(is_over)[:MOST_PAST])


def incident_of(surge: Surge) -> Incident:
    """The page of one surge. Queries: 3 (members, what was done, the status page)."""
    members = surge.members.filter(ticket__deleted_at=None).select_related(
        "ticket__status", "ticket__assignee", "person"
    )
    rows = members.defer("ticket__search", "ticket__description").order_by("pk")
    notice = open_notice(surge.ticket) if surge.ticket is not None else None
    return Incident(surge, list(rows), _updates(surge.ticket), notice)


def _updates(parent: Ticket | None) -> list[Update]:
    if parent is None:
        return []
    verbs = ["ticket.incident_declared", "ticket.incident_asked", "ticket.incident_update"]
    rows = Change.objects.filter(ticket=parent, verb__in=verbs).select_related("actor")
    return [
        Update(
            verb=row.verb.rpartition("_")[2],
            people=int(row.detail.get("people", 0)),
            at=row.at,
            name=row.actor.display_name if row.actor else row.actor_label,
        )
        for row in rows.order_by("-pk")
    ]
