"""Finds a ticket by the number that it has in another system."""

from collections.abc import Sequence

from django.db.models import Q

from integrations.models import ExternalLink
from tickets.numbers import register_number_finder

# Several systems may use the same number.
MOST = 10


@register_number_finder
def tickets_numbered_elsewhere(organization_ids: Sequence[int], number: str) -> list[int]:
    """Ids of tickets that another system knows by this number or id. Queries: 1."""
    called = Q(display_id=number) | Q(remote_id=number)
    rows = ExternalLink.objects.filter(
        called, organization_id__in=organization_ids, ticket__isnull=False
    )
    return [pk for pk in rows.order_by("-pk").values_list("ticket_id", flat=True)[:MOST] if pk]
