"""Search by meaning for the desk: the domain's port, answered by the ai-worker."""

from collections.abc import Sequence

from ai import client
from tickets.meaning import Meant, Near, register_finder

KINDS = ("ticket", "article")


@register_finder
def nearest(organization_ids: Sequence[int], words: str, limit: int) -> Meant:
    """What the ai-worker finds; where it is silent, that it cannot be asked."""
    if not organization_ids or not words.strip():
        return Meant()
    try:
        found = client.nearest(organization_ids, words, kinds=KINDS, limit=limit)
    except client.AiUnavailable:
        return Meant(available=False)
    return Meant(tuple(Near(one.kind, one.object_id, one.level) for one in found))
