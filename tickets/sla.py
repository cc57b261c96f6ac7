"""How a ticket stands against its agreed times; rules only, the clocks are set elsewhere."""

from datetime import datetime

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from tickets.choices import StatusCategory
from tickets.models import Ticket

SETTLED = (StatusCategory.SOLVED, StatusCategory.CLOSED)


class SlaState(models.TextChoices):
    """Where a ticket stands, worst first."""

    BREACHED = "breached", _("Late")
    MET = "met", _("In time")
    PAUSED = "paused", _("Paused")
    RUNNING = "running", _("Running")
    NONE = "none", _("No agreed times")


def sla_state(ticket: Ticket, moment: datetime) -> SlaState:
    """The state at `moment`. A time is kept when the thing it is for happened before it."""
    first, last = ticket.first_response_due, ticket.resolution_due
    if first is None and last is None:
        return SlaState.NONE
    if (first and first < (ticket.first_response_at or moment)) or (
        last and last < (ticket.resolved_at or moment)
    ):
        return SlaState.BREACHED
    if ticket.is_settled:
        return SlaState.MET
    if ticket.status_category == StatusCategory.PENDING:
        return SlaState.PAUSED
    return SlaState.RUNNING


def in_sla_state(state: str, moment: datetime) -> Q:
    """The condition of tickets in `state` at `moment`: the same rules, for the database."""
    none = Q(first_response_due=None, resolution_due=None)
    breached = Q(first_response_due__lt=Coalesce("first_response_at", Value(moment))) | Q(
        resolution_due__lt=Coalesce("resolved_at", Value(moment))
    )
    if state == SlaState.NONE:
        return none
    if state == SlaState.BREACHED:
        return breached
    settled, pending = Q(status_category__in=SETTLED), Q(status_category=StatusCategory.PENDING)
    stage = {SlaState.MET: settled, SlaState.PAUSED: pending}.get(
        SlaState(state), ~settled & ~pending
    )
    # A comparison with NULL is unknown, and so would be its negation: exclude by key.
    late = Ticket.objects.filter(breached).values("pk")
    return stage & ~none & ~Q(pk__in=late)
