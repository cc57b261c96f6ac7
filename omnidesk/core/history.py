"""Writing down what happened before: nobody is told, no rule is asked, nothing is sent.

An import of old conversations uses the same actions as live work; inside `writing_history` they
keep the moment they are given and announce nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

_moment: ContextVar[datetime | None] = ContextVar("history_moment", default=None)


@contextmanager
def writing_history(moment: datetime) -> Iterator[None]:
    """Everything written inside happened at `moment`."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def history_moment() -> datetime | None:
    """When it happened, inside `writing_history`; None in live work."""
    return _moment.get()
