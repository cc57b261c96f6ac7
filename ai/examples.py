"""What an organization's history teaches: texts with the values people settled on."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from ai.engine.retrieve import ticket_text
from ai.models import TrainedModel
from tickets.choices import StatusCategory
from tickets.models import Ticket, TicketQuerySet

# Below this a model would repeat accidents; the descriptions answer alone.
MINIMUM_EXAMPLES = 30
MINIMUM_CLASSES = 2
MOST_EXAMPLES = 60_000
LONGEST_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Example:
    """A ticket's text and what it turned out to be; `label` is a primary key or an urgency."""

    ticket_id: int
    text: str
    label: str
    settled_at: datetime


def count_examples(organization_id: int, kind: str) -> int:
    """How many tickets teach this kind."""
    return _tickets(organization_id, kind).count()


def load_examples(organization_id: int, kind: str) -> list[Example]:
    """The newest examples, oldest first. Queries: 1."""
    column = {"category": "category_id", "team": "team_id", "urgency": "urgency"}[kind]
    rows = (
        _tickets(organization_id, kind)
        .order_by("-pk")
        .values_list("pk", "subject", "description", column, "last_activity_at")[:MOST_EXAMPLES]
    )
    found = [
        Example(pk, ticket_text(subject, description)[:LONGEST_TEXT], str(label), at)
        for pk, subject, description, label, at in rows
    ]
    return found[::-1]


def _tickets(organization_id: int, kind: str) -> TicketQuerySet:
    """Settled tickets with the value, and open ones where a person decided it."""
    tickets = Ticket.objects.alive().filter(organization_id=organization_id)
    settled = Q(status_category__in=[StatusCategory.SOLVED, StatusCategory.CLOSED])
    if kind == TrainedModel.Kind.URGENCY:
        # Urgency always has a value, mostly the default: only a person's word teaches.
        return tickets.filter(_decided("urgency") | Q(ai_verdict__given__contains=["urgency"]))
    return tickets.filter(settled | _decided(kind), **{f"{kind}__isnull": False})


def _decided(kind: str) -> Q:
    return Q(**{f"ai_verdict__{kind}__state__in": ["accepted", "corrected"]})
