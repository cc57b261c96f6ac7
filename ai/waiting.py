"""How many proposed articles wait, counted when that changes: the navigation asks at every page."""

from collections.abc import Collection

from django.core.cache import cache
from redis import RedisError

from ai.models import ArticleProposal
from omnidesk.core.tenancy import organization_scope
from tickets.live import desk_group, tell
from tickets.places import place_counter


def _key(organization_id: int) -> str:
    return f"ai.proposals.waiting.{organization_id}"


@place_counter("kb")
def waiting_proposals(organization_ids: Collection[int]) -> int:
    """How many wait in these organizations, as counted last. Queries: 0.

    A cache that was lost counts nothing until the next change or look, 15 minutes at most.
    """
    try:
        return sum(cache.get_many([_key(pk) for pk in organization_ids]).values())
    except (RedisError, OSError):
        return 0


def count_again(organization_id: int) -> None:
    """Count and, where it is another number, have open pages fetch their navigation again."""
    with organization_scope(organization_id):
        rows = ArticleProposal.objects.filter(organization_id=organization_id)
        count = rows.filter(state=ArticleProposal.State.PROPOSED).count()
    try:
        before = cache.get(_key(organization_id))
        cache.set(_key(organization_id), count, timeout=None)
    except (RedisError, OSError):
        return
    if (before or 0) != count:
        tell([desk_group(organization_id)], {"type": "places"})
