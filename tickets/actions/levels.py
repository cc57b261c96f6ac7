"""An organization's matrix of urgency and impact."""

from django.db import transaction

from tickets.choices import PRIORITY_MATRIX, priority_of
from tickets.models import PriorityCell


@transaction.atomic
def set_up_matrix(organization_id: int) -> None:
    """Give an organization the standard matrix; cells that are there already stay."""
    PriorityCell.objects.bulk_create(
        (
            PriorityCell(
                organization_id=organization_id, urgency=urgency, impact=impact, priority=priority
            )
            for urgency, row in PRIORITY_MATRIX.items()
            for impact, priority in row.items()
        ),
        ignore_conflicts=True,
    )


def matrix_of(organization_id: int) -> dict[tuple[str, str], str]:
    """(urgency, impact) -> priority, as far as the organization has its own cells. Queries: 1."""
    cells = PriorityCell.objects.filter(organization_id=organization_id)
    return {(u, i): p for u, i, p in cells.values_list("urgency", "impact", "priority")}


def priority_for(organization_id: int, urgency: str, impact: str) -> str:
    """The priority by the organization's matrix, else by the standard one. Queries: 1."""
    cells = PriorityCell.objects.filter(
        organization_id=organization_id, urgency=urgency, impact=impact
    )
    found = cells.values_list("priority", flat=True).first()
    return found or priority_of(urgency, impact)
