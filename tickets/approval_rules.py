"""When a step of an approval is decided: pure arithmetic of votes."""

from enum import Enum


class Tally(Enum):
    """Where a group of approvers stands."""

    OPEN = "open"
    YES = "yes"
    NO = "no"


def needed(quorum: int, people: int) -> int:
    """How many must agree: `quorum`, all of them where it is 0 or more than there are."""
    return people if quorum <= 0 or quorum > people else quorum


def tally(*, quorum: int, people: int, yes: int, no: int) -> Tally:
    """Decided as soon as enough agree, or as soon as they no longer can.

    `people` counts everybody asked, `yes` and `no` those who answered. Raises ValueError for
    counts that cannot be.
    """
    if people < 1 or yes < 0 or no < 0 or yes + no > people:
        raise ValueError(f"{yes} yes and {no} no of {people} people cannot be")
    wanted = needed(quorum, people)
    if yes >= wanted:
        return Tally.YES
    if people - no < wanted:
        return Tally.NO
    return Tally.OPEN
