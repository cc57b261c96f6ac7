"""Reads of agreed times, each with its number of queries."""

from omnidesk.core.clock import now
from tickets.models import SlaClock, SlaReplan


def organizations_to_sweep() -> list[int]:
    """Organizations with a due clock or a changed policy. Queries: 2; wants the system's scope."""
    due = SlaClock.objects.filter(next_check_at__lt=now()).order_by()
    changed = SlaReplan.objects.order_by()
    ids = {
        *due.values_list("organization_id", flat=True).distinct(),
        *changed.values_list("organization_id", flat=True),
    }
    return sorted(ids)
