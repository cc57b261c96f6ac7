"""What the calls of one piece of work cost together."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Spent:
    """What was spent so far; `cost` in US dollars."""

    cost: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0


_spent: ContextVar[Spent | None] = ContextVar("ai_spent", default=None)


@contextmanager
def spending() -> Iterator[Spent]:
    """Add up what this thread's calls cost until the block ends."""
    own = Spent()
    token = _spent.set(own)
    try:
        yield own
    finally:
        _spent.reset(token)


def note(cost: float, tokens_in: int, tokens_out: int) -> None:
    """One call; where nobody adds up, nothing happens."""
    spent = _spent.get()
    if spent is not None:
        spent.cost += cost
        spent.tokens_in += tokens_in
        spent.tokens_out += tokens_out
