"""Whether the process that runs a training or a backtest is still there, asked from PostgreSQL.

The runner holds an advisory lock on a connection of its own. Whatever ends the process, `kill -9`
included, ends the connection and with it the lock, at once and without a clock.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

# The first of the lock's two numbers: what it is about. The second is the run's.
TRAINING = 7201
BACKTEST = 7202


@contextmanager
def at_work(run_id: int, what: int = TRAINING) -> Iterator[None]:
    """Say that this process works on the run until the block ends."""
    parameters = connection.get_connection_params()
    with psycopg.connect(**{**parameters, "autocommit": True}) as own:
        own.execute("SELECT pg_advisory_lock_shared(%s, %s)", [what, run_id])
        try:
            yield
        finally:
            # The server notices a closed connection a moment later; this is at once.
            own.execute("SELECT pg_advisory_unlock_shared(%s, %s)", [what, run_id])


def lost(run_ids: Collection[int], what: int = TRAINING) -> set[int]:
    """Those of the runs that no process works on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [what],
        )
        held = {int(objid) for (objid,) in cursor.fetchall()}
    return set(run_ids) - held
