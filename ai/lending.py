"""Who lends history to others and who uses it, as both said themselves."""

from ai.db import release
from ai.models import Policy
from omnidesk.core.tenancy import organization_scope, system_scope

# What only one other organization says is its own; what two say is nobody's.
FEWEST_LENDERS = 2


def may_borrow(organization_id: int) -> bool:
    """Whether the organization uses the shared model and there is one to use. Queries: 2."""
    with organization_scope(organization_id):
        own = Policy.objects.filter(organization_id=organization_id, uses_shared=True)
        wants = own.exists()
    release()
    return wants and len(lenders(organization_id)) >= FEWEST_LENDERS


def lenders(besides: int) -> list[int]:
    """Organizations that lend their history, without the one that asks. Queries: 2."""
    with system_scope():
        rows = Policy.objects.filter(lends_history=True, organization__is_active=True)
        found = sorted(rows.values_list("organization_id", flat=True))
    release()
    return [pk for pk in found if pk != besides]
