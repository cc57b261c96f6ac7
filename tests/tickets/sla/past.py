"""A desk's past in bulk: solved tickets whose clocks took so many business minutes."""

from collections.abc import Sequence
from datetime import timedelta

from omnidesk.core.clock import now
from tests.cast import Cast
from tickets.choices import Source
from tickets.models import CalendarVersion, SlaClock, Status, Ticket

MINUTE = timedelta(minutes=1)


def lived(
    cast: Cast,
    minutes: Sequence[float],
    *,
    metric: str = "resolution",
    target: float = 600,
    ago: timedelta = timedelta(days=20),
    open_now: bool = False,
    **fields: object,
) -> list[Ticket]:
    """A ticket with one clock for each of `minutes`; call inside a scope of Nordwerk.

    With `open_now` the clocks run and have used that much; else they were met.
    """
    status = Status.objects.get(organization=cast.nordwerk, key="open" if open_now else "resolved")
    moment = now()
    tickets = Ticket.objects.bulk_create(
        Ticket(
            organization=cast.nordwerk, subject=f"Copied {number}", description="Text",
            status=status, status_category=status.category, requester=cast.dana,
            source=Source.EMAIL.value, last_activity_at=moment,
            resolved_at=None if open_now else moment - ago, **fields,
        )
        for number, _used in enumerate(minutes)
    )  # fmt: skip
    calendar = CalendarVersion.objects.get(organization=cast.nordwerk)
    SlaClock.objects.bulk_create(
        _clock(ticket, calendar, metric, used * MINUTE, target * MINUTE, ago, open_now)
        for ticket, used in zip(tickets, minutes, strict=True)
    )
    return tickets


def _clock(
    ticket: Ticket, calendar: CalendarVersion, metric: str, used: timedelta, target: timedelta,
    ago: timedelta, open_now: bool,
) -> SlaClock:  # fmt: skip
    started = now() - ago - timedelta(days=1)
    late = used > target
    return SlaClock(
        organization_id=ticket.organization_id, ticket=ticket, level="customer", metric=metric,
        calendar=calendar, target=target, used=used, started_at=started,
        counted_to=now() if open_now else now() - ago,
        due_at=now() + timedelta(days=2) if open_now else now() - ago,
        met_at=None if open_now else now() - ago,
        breached_at=now() - ago if late and not open_now else None,
    )  # fmt: skip
