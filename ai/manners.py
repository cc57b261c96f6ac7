"""How an organization writes to its requesters, as its administrators set it."""

from ai.engine.manner import USUAL, Manner
from ai.models import Policy


def manner_of(organization_id: int) -> Manner:
    """The organization's manner, or the usual one, within its scope. Queries: 1."""
    policy = Policy.objects.filter(organization_id=organization_id).first()
    return policy.manner if policy else USUAL
