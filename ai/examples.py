"""What an organization's history teaches: texts with the values people settled on."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from ai.engine.retrieve import ticket_text
from ai.models import Suggestion, TrainedModel, Training
from tickets.choices import ActorKind, StatusCategory
from tickets.models import Change, Ticket, TicketQuerySet

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
_CHOSEN = [verb for verb, origin in _SAID.items() if origin == Origin.CHOSEN]
_REOPENED = "ticket.reopened"


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


def load_examples(organization_id: int, kind: str) -> list[Example]:
    """The newest examples, oldest first. Queries: 3."""
    column = {"category": "category_id", "team": "team_id", "urgency": "urgency"}[kind]
    rows = (
        _tickets(organization_id, kind)
        .order_by("-pk")
        .values_list("pk", "subject", "description", column, "last_activity_at")[:MOST_EXAMPLES]
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
    """How often people found suggestions wrong since the last training began. Queries: 2."""
    last = Training.objects.filter(organization_id=organization_id).order_by("-pk").first()
    wrong = Suggestion.objects.filter(
        organization_id=organization_id,
        field__in=TrainedModel.Kind.values,
        state__in=[Suggestion.State.CORRECTED, Suggestion.State.REJECTED],
    )
    return (wrong.filter(decided_at__gt=last.created_at) if last else wrong).count()


def _origins(organization_id: int, kind: str) -> dict[int, Origin]:
    """Ticket -> what people said of its value; without those of whom nobody said anything."""
    reopened = Change.objects.filter(organization_id=organization_id, verb=_REOPENED)
    found = dict.fromkeys(reopened.values_list("ticket_id", flat=True), Origin.REOPENED)
    for ticket_id, verb in (
        _said(organization_id, kind).order_by("pk").values_list("ticket_id", "verb")
    ):
        found[ticket_id] = _SAID[verb]
    return found


def _said(organization_id: int, kind: str) -> QuerySet[Change]:
    """Words of people on this field. A first team is none: the category brings it along."""
    rows = Change.objects.filter(
        organization_id=organization_id, verb__in=_SAID, field=kind, actor_kind=ActorKind.PERSON
    )
    return rows.exclude(verb="ticket.routed", old__isnull=True)


def _tickets(organization_id: int, kind: str) -> TicketQuerySet:
    """Settled tickets with the value, and open ones where a person decided or changed it."""
    tickets = Ticket.objects.alive().filter(organization_id=organization_id)
    settled = Q(status_category__in=[StatusCategory.SOLVED, StatusCategory.CLOSED])
    if kind == TrainedModel.Kind.URGENCY:
        # Urgency always has a value, mostly the default: only a person's word teaches.
        return tickets.filter(_decided("urgency") | Q(ai_verdict__given__contains=["urgency"]))
    chosen = _said(organization_id, kind).filter(verb__in=_CHOSEN).order_by().values("ticket")
    decided = settled | _decided(kind) | Q(pk__in=chosen)
    return tickets.filter(decided, **{f"{kind}__isnull": False})


def _decided(kind: str) -> Q:
    return Q(**{f"ai_verdict__{kind}__state__in": ["accepted", "corrected"]})
