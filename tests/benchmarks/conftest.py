"""One installation for all measurements, and the table at the end."""

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.desk import ORGANIZATION, Installation
from tests.benchmarks.figures import Figures
from tests.benchmarks.material import COLUMNS, tickets, write_csv
from tests.fakes.smtp import OutsideServer

# Fewer for a quick look: BENCH_TICKETS=500 make bench
TICKETS = int(os.environ.get("BENCH_TICKETS", "5000"))
OPEN = TICKETS // 10
CLOSED = TICKETS - OPEN
SUBJECT, BODY, CATEGORY = COLUMNS


# One line for every request of thousands is no news.
logging.getLogger("httpx2").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def figures() -> Iterator[Figures]:
    """What was measured; printed when everything is done."""
    found = Figures()
    yield found
    sys.stdout.write("\n".join([*found.lines, "", ""]))


@pytest.fixture(scope="session")
def sink() -> Iterator[OutsideServer]:
    """Where answers go."""
    server = OutsideServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def desk(sink: OutsideServer) -> Iterator[Installation]:
    """The demo desk, running."""
    base = Path(tempfile.mkdtemp(prefix="odbench-"))
    base.chmod(0o711)  # As root, PostgreSQL's own user passes through.
    installation = Installation(base, sink.port)
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def imported(desk: Installation) -> tuple[str, str]:
    """5,000 more tickets, a tenth of them open; what the two imports said."""
    said = []
    for name, rows, options in (
        ("closed.csv", tickets(CLOSED), ["--category", CATEGORY, "--closed"]),
        ("open.csv", tickets(OPEN, seed=9), []),
    ):
        path = desk.data.parent / name
        write_csv(path, rows)
        said.append(
            desk.command(
                "import_tickets", str(path), "--subject", SUBJECT, "--description", BODY,
                "--organization", ORGANIZATION, *options,
            )
        )  # fmt: skip
    return said[0], said[1]


@pytest.fixture(scope="session")
def full_desk(desk: Installation, imported: tuple[str, str]) -> Installation:
    """The desk with all its tickets, once everything is read, indexed and learnt."""
    desk.quiet(1200)
    return desk
