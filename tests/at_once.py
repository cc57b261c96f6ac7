"""The same work by several threads, each with a database connection of its own."""

import threading
from collections.abc import Callable

from django.db import connections


def at_once(work: Callable[[], object], times: int = 3) -> None:
    """Do `work` in so many threads and wait for all; their connections are closed."""

    def tidily() -> None:
        try:
            work()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=tidily) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
