"""What the domain itself knows: the person's tickets, and what is wrong at this moment."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.core.clock import now
from tickets.choices import Priority, StatusCategory
from tickets.context import Asked, Line, gatherer
from tickets.models import Ticket

RUNNING = (StatusCategory.OPEN, StatusCategory.PENDING)
RECENT = timedelta(hours=24)


def ticket_line(ticket: Ticket, detail: str = "") -> Line:
    """A ticket as one line with its link."""
    link = settings.BASE_URL.rstrip("/") + reverse("desk:ticket", args=[ticket.number])
    return Line(f"#{ticket.number} {ticket.subject}", link, detail or _(ticket.status.name))


@gatherer("history", gettext_lazy("The person's tickets"))
def requester_history(asked: Asked) -> Sequence[Line]:
    """The newest tickets of the same person. Queries: 2."""
    rows = Ticket.objects.alive().filter(
        organization_id=asked.organization_id, requester_id=asked.requester_id
    )
    others = rows.exclude(pk=asked.ticket_id).select_related("status")
    lines = [
        ticket_line(one, f"{_(one.status.name)}, {date_format(one.created_at, 'DATE_FORMAT')}")
        for one in others.order_by("-created_at")[:3]
    ]
    running = Count("pk", filter=Q(status_category__in=RUNNING))
    figures = others.aggregate(all=Count("pk"), open=running)
    if figures["all"]:
        lines.append(Line(_("%(all)d in all, %(open)d of them open") % figures))
    return lines


@gatherer("incidents", gettext_lazy("Open incidents"))
def open_incidents(asked: Asked) -> Sequence[Line]:
    """Urgent tickets of the last day that are still open. Queries: 1."""
    rows = Ticket.objects.alive().filter(
        organization_id=asked.organization_id,
        status_category__in=RUNNING,
        priority__in=[Priority.CRITICAL, Priority.HIGH],
        created_at__gte=now() - RECENT,
    )
    found = rows.exclude(pk=asked.ticket_id).select_related("status").order_by("-created_at")
    return [ticket_line(one) for one in found[:5]]
