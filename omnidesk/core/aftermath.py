"""What is told after a scope's transaction has committed, gathered to be told at once.

A transaction that opens fifty tickets publishes a hundred facts. Told one by one, every listener
would open a transaction of its own for each of them; told together, each listener hears one list.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import groupby
from typing import Any

Tell = Callable[[Sequence[Any]], None]
_gathered: ContextVar[list[tuple[Tell, Any]] | None] = ContextVar("gathered", default=None)


def tell_later(tell: Tell, fact: Any) -> None:
    """Hand `fact`, which has committed, to `tell` in one list with the others of its scope.

    Outside every scope at once, alone.
    """
    waiting = _gathered.get()
    if waiting is None:
        tell([fact])
    else:
        waiting.append((tell, fact))


@contextmanager
def gathering() -> Iterator[None]:
    """Tell at the end what was handed over inside, in its order.

    Also where the body raises afterwards: what was handed over has committed.
    """
    waiting: list[tuple[Tell, Any]] = []
    token = _gathered.set(waiting)
    try:
        yield
    finally:
        _gathered.reset(token)
        for tell, facts in groupby(waiting, key=lambda one: one[0]):
            tell([fact for _tell, fact in facts])
