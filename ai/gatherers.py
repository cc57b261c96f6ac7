"""What the AI contributes to a new ticket's context: similar solved tickets, knowledge."""

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ai import client
from omnidesk.core.tenancy import organization_scope
from tickets.choices import StatusCategory
from tickets.context import Asked, Line, gatherer
from tickets.gatherers import ticket_line
from tickets.models import Article, Ticket

SETTLED = (StatusCategory.SOLVED, StatusCategory.CLOSED)
LONGEST_QUESTION = 2_000  # characters


def _ask(asked: Asked, kind: str, limit: int) -> list[int]:
    question = f"{asked.subject}\n{asked.text}"[:LONGEST_QUESTION]
    # A scope of its own: the words' search reads the database, the worker is waited for outside.
    with organization_scope(asked.organization_id):
        answer = client.search(
            [asked.organization_id], question, kinds=(kind,), limit=limit,
            exclude=[asked.ticket_id],
        )  # fmt: skip
    return [hit.object_id for hit in answer.hits]


@gatherer("similar", gettext_lazy("Similar solved tickets"), seconds=4, scoped=False)
def similar_solved(asked: Asked) -> Sequence[Line]:
    """Settled tickets like this one, by meaning where the ai-worker answers, else by words."""
    ids = _ask(asked, "ticket", 15)
    with organization_scope(asked.organization_id):
        rows = Ticket.objects.alive().filter(
            organization_id=asked.organization_id, pk__in=ids, status_category__in=SETTLED
        )
        found = {one.pk: one for one in rows.select_related("status")}
        return [ticket_line(found[pk]) for pk in ids if pk in found][:3]


@gatherer("knowledge", gettext_lazy("Knowledge"), seconds=4, scoped=False)
def knowledge(asked: Asked) -> Sequence[Line]:
    """Published articles about the matter."""
    ids = _ask(asked, "article", 5)
    with organization_scope(asked.organization_id):
        rows = Article.objects.filter(
            organization_id=asked.organization_id, pk__in=ids, state="published"
        )
        found = {one.pk: one for one in rows}
        base = settings.BASE_URL.rstrip("/")
        return [
            Line(
                found[pk].title,
                base + reverse("desk:kb_article", args=[found[pk].slug]),
                _("Article"),
            )
            for pk in ids
            if pk in found
        ][:3]
