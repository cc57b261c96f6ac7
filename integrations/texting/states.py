"""How far a text message is, by the provider's words. Pure."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

# A later call never moves a message back.
RANKS: Final = {
    "accepted": 1, "scheduled": 1, "queued": 2, "sending": 3, "sent": 4,
    "delivered": 9, "read": 10, "undelivered": 9, "failed": 9, "canceled": 9,
}  # fmt: skip
FINAL: Final = 9
GOOD: Final = frozenset({"delivered", "read"})


class Outcome(StrEnum):
    """What all parts of a message come to."""

    UNDER_WAY = "under way"
    ARRIVED = "arrived"
    FAILED = "failed"


def is_newer(status: str, than: str) -> bool:
    """Whether a status call tells something new: nothing leaves a bad end, nor goes back."""
    new, old = RANKS.get(status, 0), RANKS.get(than, 0)
    return new > old and not (old >= FINAL and than not in GOOD)


def outcome(states: Collection[str]) -> Outcome:
    """One lost part is a lost message; it has arrived when all parts have."""
    if any(RANKS.get(one, 0) >= FINAL and one not in GOOD for one in states):
        return Outcome.FAILED
    if states and all(one in GOOD for one in states):
        return Outcome.ARRIVED
    return Outcome.UNDER_WAY
