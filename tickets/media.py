"""Which media are possible for a person: the page and mail, and what others announce.

An app above calls `add_medium` in its `ready()`: this one never imports it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from omnidesk.accounts.models import User
from tickets.notices import ON_REQUEST, Medium


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether a medium is possible for somebody, a sentence about it, where to change that."""

    possible: bool = True
    words: str = ""
    link: str = ""


Probe = Callable[[User], Offer | None]
_PROBES: Final[dict[str, Probe]] = {}


def add_medium(medium: Medium, probe: Probe) -> None:
    """Announce a medium. `probe` says what it offers a person; None: the installation has none."""
    if medium in _PROBES:
        raise ValueError(f"The medium {medium} is there already.")
    _PROBES[medium.value] = probe


def offers_for(user: User) -> dict[Medium, Offer]:
    """What can be offered to a person, in the order of `Medium`. Queries: those of the probes."""
    found: dict[Medium, Offer] = {}
    for medium in Medium:
        if medium not in ON_REQUEST:
            found[medium] = Offer()
        elif (probe := _PROBES.get(medium.value)) and (offer := probe(user)) is not None:
            found[medium] = offer
    return found
