"""From the change log to notices: whom does a change concern?

The log is the truth: a change that a dying process never announced is found by the sweep, and
`once` keeps it from being told twice, whoever comes first.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from omnidesk.accounts.models import TeamMembership, User
from omnidesk.core.clock import now
from tickets.actions.notify import Notice, notify, once
from tickets.choices import ActorKind, DeliveryState
from tickets.models import Change, Message, NoticedFact, Status, Ticket, Watch
from tickets.notices import Kind
from tickets.sla_rules import Metric

# Changes older than this are no news any more (a bulk import, a long outage).
LOOK_BACK: Final = timedelta(hours=1)
SETTLE_TIME: Final = timedelta(seconds=15)
KEPT: Final = timedelta(days=2)
MOST: Final = 500
FAILURES: Final = frozenset({DeliveryState.FAILED.value, DeliveryState.UNCERTAIN.value})


@transaction.atomic
def heed_ticket(*, ticket_id: int) -> int:
    """Make notices of a ticket's latest changes; returns how many people were told.

    The caller holds the organization's scope.
    """
    ticket = (
        Ticket.objects.select_related("team", "requester", "status").filter(pk=ticket_id).first()
    )
    if ticket is None:
        return 0
    told = 0
    for change in unheeded().filter(ticket=ticket).select_related("actor").order_by("at", "pk"):
        if once(ticket.organization_id, f"change:{change.pk}"):
            told += sum(len(notify(notice)) for notice in notices_of(change, ticket))
    return told + _heed_failures(ticket)


def unheeded() -> QuerySet[Change]:
    """Changes of the last hour that concern people and that nobody has told them of."""
    key = Concat(Value("change:"), Cast(OuterRef("pk"), CharField()))
    return Change.objects.filter(verb__in=_TELLERS, at__gt=now() - LOOK_BACK).exclude(
        Exists(NoticedFact.objects.filter(key=key))
    )


def lost_tickets() -> list[tuple[int, int]]:
    """(organization, ticket) with changes that were not announced in time. Needs a scope."""
    settled = now() - SETTLE_TIME
    changes = unheeded().filter(at__lt=settled).values_list("organization_id", "ticket_id")
    return list(changes.distinct().order_by()[:MOST])


@transaction.atomic
def hush() -> int:
    """Count every change so far as told: history that was loaded is no news. Needs a scope."""
    rows = unheeded().values_list("organization_id", "pk")
    facts = [NoticedFact(organization_id=home, key=f"change:{pk}") for home, pk in rows]
    return len(NoticedFact.objects.bulk_create(facts, ignore_conflicts=True))


@transaction.atomic
def pass_over(*, ticket_ids: Sequence[int]) -> list[int]:
    """Count the opening of tickets that concerns nobody yet as told; returns the other tickets.

    A hundred mails open a hundred tickets without team or owner: whom they go to is told when they
    are routed. The caller holds the scope. Queries: 4, however many tickets.
    """
    nobodys = Q(team=None) | Q(assignee__isnull=False)
    quiet = set(
        Ticket.objects.filter(nobodys, pk__in=ticket_ids).values_list("pk", flat=True)
    ) - set(
        Message.objects.filter(
            ticket__in=ticket_ids, delivery_state__in=FAILURES, author__isnull=False
        ).values_list("ticket_id", flat=True)
    )
    rows = list(unheeded().filter(ticket__in=ticket_ids).order_by("pk"))
    quiet -= {row.ticket_id for row in rows if row.verb != "ticket.opened"}
    NoticedFact.objects.bulk_create(
        (
            NoticedFact(organization_id=row.organization_id, key=f"change:{row.pk}")
            for row in rows
            if row.ticket_id in quiet
        ),
        ignore_conflicts=True,
    )
    return [pk for pk in ticket_ids if pk not in quiet]


def forget_facts() -> int:
    """Drop keys that are older than any change that is still news; returns how many."""
    deleted, _rows = NoticedFact.objects.filter(at__lt=now() - KEPT).delete()
    return deleted


def notices_of(change: Change, ticket: Ticket) -> list[Notice]:
    """What one change has to be told as: pure routing plus the reads it needs."""
    teller = _TELLERS[change.verb]
    return [
        Notice(
            kind=kind,
            ticket=ticket,
            people=people,
            by=change.actor_id,
            actor_name=_name(change),
            at=change.at,
            **extra,
        )
        for kind, people, extra in teller(change, ticket)
    ]


def _name(change: Change) -> str:
    if change.actor_kind == ActorKind.AI:
        return "AI"
    return change.actor.display_name if change.actor else change.actor_label


Told = Iterator[tuple[Kind, Iterable[int], dict[str, Any]]]


def _new_to_team(change: Change, ticket: Ticket) -> Told:
    # Read as it is now: a ticket that found an owner meanwhile is no news for the team, and one
    # that was opened and routed in one go is new to it once.
    if ticket.team_id is None or ticket.assignee_id is not None:
        return
    if once(ticket.organization_id, f"team:{ticket.pk}:{ticket.team_id}"):
        yield Kind.TEAM_TICKET, _team(ticket), {"about": f"team:{ticket.team_id}"}


def _assigned(change: Change, ticket: Ticket) -> Told:
    if change.new:
        people = User.objects.filter(email=str(change.new)).values_list("pk", flat=True)
        yield Kind.ASSIGNED, list(people), {}


def _received(change: Change, ticket: Ticket) -> Told:
    owner = [ticket.assignee_id] if ticket.assignee_id else _team(ticket)
    extra = {"message_id": change.detail.get("message")}
    yield Kind.REPLIED, {*owner, *_followers(ticket)}, extra


def _noted(change: Change, ticket: Ticket) -> Told:
    extra = {"message_id": change.detail.get("message")}
    addresses = change.detail.get("mentioned", [])
    named = set(User.objects.filter(email__in=addresses).values_list("pk", flat=True))
    if named:
        yield Kind.MENTIONED, named, extra
    owner = {ticket.assignee_id} if ticket.assignee_id else set()
    yield Kind.FOLLOWED, (_followers(ticket) | owner) - named, extra


def _replied(change: Change, ticket: Ticket) -> Told:
    extra = {"message_id": change.detail.get("message")}
    yield Kind.ANSWERED, [ticket.requester_id], extra
    yield Kind.FOLLOWED, _followers(ticket) - {ticket.requester_id}, extra


def _status(change: Change, ticket: Ticket) -> Told:
    statuses = {
        status.key: status
        for status in Status.objects.filter(
            organization_id=ticket.organization_id, key__in=[str(change.old), str(change.new)]
        )
    }
    old, new = statuses.get(str(change.old)), statuses.get(str(change.new))
    if new is None or (old is not None and old.category == new.category):
        return  # a shade of the same stage is the desk's own affair
    extra = {"detail": new.name}
    owner = {ticket.assignee_id} if ticket.assignee_id else set()
    yield Kind.STATUS, {ticket.requester_id} | owner, extra
    yield Kind.FOLLOWED, _followers(ticket) - owner - {ticket.requester_id}, extra


def _woken(change: Change, ticket: Ticket) -> Told:
    """By its time alone: who wakes it by hand, or is answered, hears of that anyway."""
    if change.detail.get("by"):
        yield Kind.WOKEN, [change.detail["by"]], {}


def _agreed_time(change: Change, ticket: Ticket) -> Told:
    """An agreed time that comes near or has passed: whom the policy names, who had the ticket."""
    detail = change.detail
    kind = Kind.SLA_WARNED if change.verb == "ticket.sla_warned" else Kind.SLA_BREACHED
    people = set(detail.get("people", []))
    owner = {one for one in people if one == ticket.assignee_id}
    if change.verb == "ticket.sla_breached" and detail.get("assignee"):
        owner.add(detail["assignee"])
    labels = {metric.value: str(metric.label) for metric in Metric}
    extra = {"detail": labels.get(detail.get("metric", ""), "")}
    yield kind, owner, {**extra, "about": f"clock:{detail['clock']}"}
    # Whoever only looks after the team is not told of forty tickets one by one.
    yield kind, people - owner, {**extra, "about": f"sla:{ticket.team_id or 0}"}


def _team(ticket: Ticket) -> list[int]:
    if ticket.team_id is None:
        return []
    rows = TeamMembership.objects.filter(team_id=ticket.team_id)
    return list(rows.values_list("user_id", flat=True))


def _followers(ticket: Ticket) -> set[int]:
    return set(Watch.objects.filter(ticket=ticket).values_list("user_id", flat=True))


_TELLERS: Final[dict[str, Callable[[Change, Ticket], Told]]] = {
    "ticket.opened": _new_to_team,
    "ticket.routed": _new_to_team,
    "ticket.assigned": _assigned,
    "ticket.message_received": _received,
    "ticket.noted": _noted,
    "ticket.replied": _replied,
    "ticket.status_changed": _status,
    "ticket.reopened": _status,
    "ticket.woken": _woken,
    "ticket.sla_warned": _agreed_time,
    "ticket.sla_escalated": _agreed_time,
    "ticket.sla_breached": _agreed_time,
}
# Verbs of `TicketChanged` that are worth a look; failures to deliver have no row in the log.
HEEDED: Final = frozenset({*_TELLERS, *(f"message.{state}" for state in FAILURES)})


def _heed_failures(ticket: Ticket) -> int:
    failed = Message.objects.filter(
        ticket=ticket, delivery_state__in=FAILURES, author__isnull=False
    )
    told = 0
    for message in failed.order_by("-pk")[:20]:
        key = f"failed:{message.pk}:{message.delivery_state}"
        if message.author_id and once(ticket.organization_id, key):
            notice = Notice(
                kind=Kind.UNDELIVERED,
                ticket=ticket,
                people=[message.author_id],
                detail=message.delivery_detail,
                message_id=message.pk,
            )
            told += len(notify(notice))
    return told
