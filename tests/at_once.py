"""The same work by several threads, each with a database connection of its own."""

import threading
from collections.abc import Callable

from django.db import connections


def at_once(work: Callable[[], object], times: int = 3) -> None:
    """Do `work` in so many threads that start together, and wait for all.

    Their connections are closed. Fails where one of them failed.
    """
    gate = threading.Barrier(times)
    failures: list[Exception] = []

    def each() -> None:
        try:
            gate.wait()
            work()
        except Exception as error:  # noqa: BLE001 - handed to the test below
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=each) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
