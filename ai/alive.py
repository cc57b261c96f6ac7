"""Whether the process that is at a piece of work is still there, asked from PostgreSQL.

It holds an advisory lock on a connection of its own. Whatever ends the process, `kill -9`
included, ends the connection and with it the lock, at once and without a clock.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection


@contextmanager
def at_work(pk: int, lock: int) -> Iterator[None]:
    """Say that this process works on row `pk` until the block ends; `lock`: of which kind."""
    parameters = connection.get_connection_params()
    with psycopg.connect(**{**parameters, "autocommit": True}) as own:
        own.execute("SELECT pg_advisory_lock_shared(%s, %s)", [lock, pk])
        try:
            yield
        finally:
            # The server notices a closed connection a moment later; this is at once.
            own.execute("SELECT pg_advisory_unlock_shared(%s, %s)", [lock, pk])


def lost(pks: Collection[int], lock: int) -> set[int]:
    """Those of the rows that no process works on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [lock],
        )
        held = {int(objid) for (objid,) in cursor.fetchall()}
    return set(pks) - held
