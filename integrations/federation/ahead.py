"""Reading remote tickets ahead of writing them down, for the first import and after a long pause.

A far side needs several calls for one ticket, and each waits for the network. Readers wait side by
side, each with a session of its own; what they read is written down one after the other, as always.
How many calls a minute a far side bears is kept by its connector, over all readers.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Final

from django.utils import translation

from integrations.federation.port import Connector, RemoteTicket

READERS: Final = 4
# So many tickets are read, or being read, before their turn: claimed, and free again after a kill.
WINDOW: Final = 40

Reading = Future[RemoteTicket | None]


class Readers:
    """Sessions side by side. `read` never raises; the reading does."""

    def __init__(self, connect: Callable[[], Connector], language: str) -> None:
        self._connect = connect
        self._language = language
        self._own = threading.local()
        self._opened: list[Connector] = []
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="federation-reader")

    def read(self, remote_id: str) -> Reading:
        """Begin with one ticket."""
        return self._pool.submit(self._fetch, remote_id)

    def _fetch(self, remote_id: str) -> RemoteTicket | None:
        with translation.override(self._language):
            return self._connector().fetch(remote_id)

    def _connector(self) -> Connector:
        found: Connector | None = getattr(self._own, "connector", None)
        if found is None:
            found = self._own.connector = self._connect()
            self._opened.append(found)
        return found

    def close(self) -> None:
        """Wait for what runs, then end the sessions."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        with ExitStack() as all_of_them:  # one that is interrupted keeps no other open
            for connector in self._opened:
                all_of_them.callback(connector.close)


@contextmanager
def readers(connect: Callable[[], Connector], language: str) -> Iterator[Readers]:
    """Readers for one run."""
    found = Readers(connect, language)
    try:
        yield found
    finally:
        found.close()
