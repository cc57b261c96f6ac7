"""The port for second thoughts before a text is sent. `tickets` knows no model: an app above asks.

A text that came from a draft is sent only after the person has seen what speaks against it.
"""

from collections.abc import Callable

from tickets.models import Ticket

Asker = Callable[[Ticket, str], list[str]]
_askers: list[Asker] = []


def add_send_doubt(asker: Asker) -> Asker:
    """Have `asker(ticket, origin)` name what speaks against sending; usable as a decorator."""
    if asker not in _askers:
        _askers.append(asker)
    return asker


def send_doubts(ticket: Ticket, origin: str) -> list[str]:
    """Sentences against sending a text that came from the draft `origin`; "" came from nowhere."""
    return [words for asker in _askers for words in asker(ticket, origin)] if origin else []
