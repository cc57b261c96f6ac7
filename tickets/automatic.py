"""The ports of automatic answers. `tickets` knows neither models nor channels; they tell it.

Channels name what speaks against one, the app that writes them says whether they are stopped.
"""

from collections.abc import Callable

from tickets.models import Ticket

Doubter = Callable[[Ticket], str]
Stopper = Callable[[], bool]
_doubters: list[Doubter] = []
_stoppers: list[Stopper] = []


def add_automatic_doubt(doubter: Doubter) -> Doubter:
    """Have `doubter(ticket)` name by a code what speaks against an automatic answer; "" nothing."""
    if doubter not in _doubters:
        _doubters.append(doubter)
    return doubter


def automatic_doubt(ticket: Ticket) -> str:
    """The first reason against answering `ticket` automatically, or ""."""
    return next((code for one in _doubters if (code := one(ticket))), "")


def add_stopper(stopper: Stopper) -> Stopper:
    """Have `stopper()` say whether automatic answers are stopped; usable as a decorator."""
    if stopper not in _stoppers:
        _stoppers.append(stopper)
    return stopper


def automatic_is_stopped() -> bool:
    """Whether nothing may be sent by itself now: asked right before it leaves. Queries: 1."""
    return any(one() for one in _stoppers)
