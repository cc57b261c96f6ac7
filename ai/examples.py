"""What an organization's history teaches: texts with the values people settled on."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from ai.engine.retrieve import ticket_text
from ai.models import TrainedModel, Training
from tickets.choices import ActorKind, StatusCategory
from tickets.models import Change, Status, Ticket, TicketQuerySet

# Below this a model would repeat accidents; the descriptions answer alone.
MINIMUM_EXAMPLES = 30
MINIMUM_CLASSES = 2
MOST_EXAMPLES = 60_000
LONGEST_TEXT = 4_000


class Origin(TextChoices):
    """Who says that an example's label is right."""

    HISTORY = "history", _("nobody looked")
    REOPENED = "reopened", _("reopened")
    ACCEPTED = "accepted", _("accepted")
    REJECTED = "rejected", _("other than rejected")
    CHOSEN = "chosen", _("changed by hand")
    CORRECTED = "corrected", _("corrected")


# How much an example counts beside one that was settled without a word on its value. Where a
# person found the machine wrong it has most to learn; a reopened ticket may lie where it does by
# mistake.
TRUST = {
    Origin.HISTORY: 1.0,
    Origin.REOPENED: 0.5,
    Origin.ACCEPTED: 1.5,
    Origin.REJECTED: 2.0,
    Origin.CHOSEN: 2.0,
    Origin.CORRECTED: 3.0,
}
# What people do to a field in the log, and what that says of its value; the last word counts.
_SAID = {
    "ticket.suggestion_accepted": Origin.ACCEPTED,
    "ticket.suggestion_corrected": Origin.CORRECTED,
    "ticket.suggestion_rejected": Origin.REJECTED,
    "ticket.suggestion_reopened": Origin.HISTORY,
    "ticket.categorised": Origin.CHOSEN,
    "ticket.routed": Origin.CHOSEN,
    "ticket.urgency_changed": Origin.CHOSEN,
}
# Words that leave a value standing: such a ticket teaches while it is open.
_TEACHING = [verb for verb, origin in _SAID.items() if origin != Origin.HISTORY]
# Words that found a value wrong.
_WRONG = [verb for verb, origin in _SAID.items() if origin not in {Origin.ACCEPTED, Origin.HISTORY}]
_FIRST_VALUE = Q(verb__in=["ticket.categorised", "ticket.routed"], old__isnull=True)
_SETTLED = [StatusCategory.SOLVED, StatusCategory.CLOSED]


@dataclass(frozen=True, slots=True)
class Example:
    """A ticket's text and what it turned out to be; `label` is a primary key or an urgency."""

    ticket_id: int
    text: str
    label: str
    settled_at: datetime
    origin: Origin = Origin.HISTORY

    @property
    def trust(self) -> float:
        """How much it counts when a model learns."""
        return TRUST[self.origin]


def count_examples(organization_id: int, kind: str) -> int:
    """How many tickets teach this kind."""
    return _tickets(organization_id, kind).count()


def load_examples(organization_id: int, kind: str, *, most: int = MOST_EXAMPLES) -> list[Example]:
    """The newest examples, oldest first. Queries: 5."""
    column = {"category": "category_id", "team": "team_id", "urgency": "urgency"}[kind]
    rows = (
        _tickets(organization_id, kind)
        .order_by("-pk")
        .values_list("pk", "subject", "description", column, "last_activity_at")[:most]
    )
    origins = _origins(organization_id, kind)
    found = [
        Example(
            pk,
            ticket_text(subject, description)[:LONGEST_TEXT],
            str(label),
            at,
            origins.get(pk, Origin.HISTORY),
        )
        for pk, subject, description, label, at in rows
    ]
    return found[::-1]


def count_corrections(organization_id: int) -> int:
    """How many values people found wrong since the last training began: corrected, rejected,
    changed by hand, that is, rerouted; and how many tickets came back. Queries: 4.

    Of several words on one value the last counts: what was accepted after all is not wrong.
    """
    last = Training.objects.filter(organization_id=organization_id).order_by("-pk").first()
    since = Q(at__gt=last.created_at) if last else Q()
    # A first value is no change of mind; an accepted suggestion that sets one is told as accepted.
    words = _words(organization_id).filter(since, field__in=TrainedModel.Kind.values)
    latest = words.exclude(_FIRST_VALUE).order_by("ticket_id", "field", "-pk")
    wrong = sum(
        verb in _WRONG
        for verb in latest.distinct("ticket_id", "field").values_list("verb", flat=True)
    )
    came_back = _reopened(organization_id).filter(since).order_by()
    return wrong + came_back.values("ticket").distinct().count()


def _origins(organization_id: int, kind: str) -> dict[int, Origin]:
    """Ticket -> what people said of its value; without those of whom nobody said anything."""
    reopened = _reopened(organization_id).order_by().values_list("ticket_id", flat=True)
    found = dict.fromkeys(reopened, Origin.REOPENED)
    for ticket_id, verb in (
        _said(organization_id, kind).order_by("pk").values_list("ticket_id", "verb")
    ):
        found[ticket_id] = _SAID[verb]
    return found


def _said(organization_id: int, kind: str) -> QuerySet[Change]:
    """Words of people on this field. A first team is none: the category brings it along."""
    rows = _words(organization_id).filter(field=kind)
    return rows.exclude(verb="ticket.routed", old__isnull=True)


def _words(organization_id: int) -> QuerySet[Change]:
    return Change.objects.filter(
        organization_id=organization_id, verb__in=_SAID, actor_kind=ActorKind.PERSON
    )


def _reopened(organization_id: int) -> QuerySet[Change]:
    """Settled tickets that came back, by an answer of their requester or somebody's hand."""
    statuses = Status.objects.filter(organization_id=organization_id)
    settled = list(statuses.filter(category__in=_SETTLED).values_list("key", flat=True))
    by_hand = Q(verb="ticket.status_changed", old__in=settled) & ~Q(new__in=settled)
    rows = Change.objects.filter(organization_id=organization_id)
    return rows.filter(Q(verb="ticket.reopened") | by_hand)


def _tickets(organization_id: int, kind: str) -> TicketQuerySet:
    """Settled tickets with the value, and open ones that came back or of whose value a person
    said something."""
    tickets = Ticket.objects.alive().filter(organization_id=organization_id)
    said = _said(organization_id, kind).filter(verb__in=_TEACHING).order_by().values("ticket")
    told = _decided(kind) | Q(pk__in=said)
    if kind == TrainedModel.Kind.URGENCY:
        # Urgency always has a value, mostly the default: only a person's word teaches.
        return tickets.filter(told | Q(ai_verdict__given__contains=["urgency"]))
    came_back = _reopened(organization_id).order_by().values("ticket")
    known = Q(status_category__in=_SETTLED) | told | Q(pk__in=came_back)
    return tickets.filter(known, **{f"{kind}__isnull": False})


def _decided(kind: str) -> Q:
    return Q(**{f"ai_verdict__{kind}__state__in": ["accepted", "corrected"]})
