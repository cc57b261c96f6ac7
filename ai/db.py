"""Handing the database connection back before something slow."""

from django.db import connection


def release() -> None:
    """Return this thread's connection to the pool: models think for seconds without it.

    Inside a transaction (a test, a caller's scope) the connection is still needed and stays.
    """
    if not connection.in_atomic_block:
        connection.close()
