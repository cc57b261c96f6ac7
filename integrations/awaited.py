"""One nudge for many rows: a worker that has not begun yet will find what came meanwhile.

The note that a nudge is on its way lives in the cache. A worker takes it away before it looks for
rows, so a row is either found by that look or nudged for again. A note that outlives its worker
runs out, and the sweep finds what waited for it.
"""

import logging
from typing import Final

from django.core.cache import cache

logger = logging.getLogger(__name__)
SECONDS: Final = 20


def first(what: str) -> bool:
    """Whether nobody else has nudged for `what`: then the caller does."""
    try:
        return bool(cache.add(f"awaited:{what}", 1, SECONDS))
    except Exception:  # intended: without a cache every row has its own nudge
        logger.warning("awaited_unavailable", exc_info=True)
        return True


def done(what: str) -> None:
    """A worker begins: whoever comes now nudges again."""
    try:
        cache.delete(f"awaited:{what}")
    except Exception:  # intended: the note runs out by itself
        logger.warning("awaited_unavailable", exc_info=True)
