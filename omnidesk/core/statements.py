"""SQL of a queryset that is put together once and asked again with other numbers.

Django writes the SQL of a queryset anew for every call. For one with many parts that takes several
times as long as the database needs to answer, and what comes out differs in nothing but the ids.
"""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import QuerySet

# No id: what stands for the first, the second, ... number while the SQL is written.
_FIRST = -(2**62)


class Statement:
    """The rows of `build(a, b, ...)`, a queryset of values, for any whole numbers a, b, ...

    Whatever else decides about the SQL (time, language, person) must not: it is written once. The
    running scope's row security applies, as to any query.
    """

    def __init__(self, build: Callable[..., "QuerySet[Any, Any]"]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._written: tuple[str, list[Any]] | None = None

    def rows(self, *numbers: int) -> list[tuple[Any, ...]]:
        """Plain rows. Queries: 1."""
        sql, values = self._sql(len(numbers))
        given = dict(zip(_marks(len(numbers)), numbers, strict=True))
        # True is 1 to a dictionary, so that only whole numbers are looked up.
        filled = [given.get(value, value) if type(value) is int else value for value in values]
        with connection.cursor() as cursor:
            cursor.execute(sql, filled)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def _sql(self, count: int) -> tuple[str, list[Any]]:
        with self._lock:
            if self._written is None:
                sql, values = self._build(*_marks(count)).query.sql_with_params()
                self._written = sql, list(values)
            return self._written


def _marks(count: int) -> list[int]:
    return [_FIRST + number for number in range(count)]
