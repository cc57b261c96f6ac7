"""Bringing another system's tickets in, and how long the AI works on them."""

import re
import time

import pytest

from tests.benchmarks.conftest import CLOSED, OPEN
from tests.benchmarks.desk import Installation
from tests.benchmarks.figures import Figures, stopwatch
from tests.benchmarks.material import tickets

pytestmark = pytest.mark.bench
SPEED = re.compile(r"([\d,]+) rows/s")


def copy_speed(desk: Installation) -> float:
    """Rows a second that PostgreSQL takes of the same text, without indexes or rules."""
    rows = tickets(CLOSED)
    with desk.database() as connection, stopwatch() as elapsed:
        connection.execute("CREATE TEMPORARY TABLE plain (subject text, body text, category text)")
        with connection.cursor().copy("COPY plain FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return CLOSED / elapsed()


def test_import(desk: Installation, figures: Figures, imported: tuple[str, str]) -> None:
    began = time.perf_counter()
    figures.group("Import")
    found = SPEED.search(imported[0])
    assert found is not None, imported
    speed = float(found[1].replace(",", ""))
    figures.rate(
        f"{CLOSED:,} closed tickets from CSV", speed, "rows", copy_speed(desk), "raw: COPY"
    )
    desk.quiet(1200)
    figures.lines.append(
        f"  {CLOSED + OPEN:,} indexed, {OPEN} read, models trained: quiet after"
        f" {time.perf_counter() - began:.0f} s"
    )
    [(indexed,)] = desk.ask("SELECT count(DISTINCT object_id) FROM ai_indexentry")
    assert indexed >= CLOSED
