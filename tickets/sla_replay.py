"""A ticket's clocks from its history: what a policy would have made of it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tickets.sla_rules import Agreement, Entry, Facts, follow


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What a ticket was after something happened to it, and who spoke, if anybody."""

    at: datetime
    facts: Facts
    said: str = ""
    # What covers it from then on; None: as before.
    agreements: Mapping[str, Agreement] | None = None


def replay(happenings: Iterable[Happening], agreements: Mapping[str, Agreement]) -> list[Entry]:
    """The clocks after all `happenings`, in their order."""
    entries: list[Entry] = []
    for one in happenings:
        if one.agreements is not None:
            agreements = one.agreements
        entries = follow(entries, one.facts, agreements, one.at, one.said)
    return entries
