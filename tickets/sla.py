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
    """The state at `moment`. A time is kept when the thing it is for happened before it.

    While the clocks are paused the moment stands still; solving answers everything.
    """
    times = (ticket.first_response_due, ticket.next_response_due, ticket.resolution_due)
    if times == (None, None, None):
        return SlaState.NONE
    first, following, last = times
    until = ticket.resolved_at or ticket.sla_paused_at or moment
    if (
        (first and first < (ticket.first_response_at or until))
        or (following and following < until)
        or (last and last < until)
    ):
        return SlaState.BREACHED
    if ticket.is_settled:
        return SlaState.MET
    return SlaState.PAUSED if ticket.sla_paused_at else SlaState.RUNNING


def in_sla_state(state: str, moment: datetime) -> Q:
    """The condition of tickets in `state` at `moment`: the same rules, for the database."""
    none = Q(first_response_due=None, next_response_due=None, resolution_due=None)
    until = ("resolved_at", "sla_paused_at", Value(moment))
    breached = (
        Q(first_response_due__lt=Coalesce("first_response_at", *until))
        | Q(next_response_due__lt=Coalesce(*until))
        | Q(resolution_due__lt=Coalesce(*until))
    )
    if state == SlaState.NONE:
        return none
    if state == SlaState.BREACHED:
        return breached
    settled, paused = Q(status_category__in=SETTLED), Q(sla_paused_at__isnull=False)
    stage = {SlaState.MET: settled, SlaState.PAUSED: paused & ~settled}.get(
        SlaState(state), ~settled & ~paused
    )
    # A comparison with NULL is unknown, and so would be its negation: exclude by key.
    late = Ticket.objects.filter(breached).values("pk")
    return stage & ~none & ~Q(pk__in=late)
