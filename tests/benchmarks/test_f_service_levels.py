"""Agreed times: the arithmetic."""

import statistics
import time
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.benchmarks.figures import Figures
from tickets.business_time import WorkCalendar

SPLIT = ((480, 720), (780, 1080))
CALENDAR = WorkCalendar(
    zone="Europe/Berlin", week=(SPLIT,) * 5 + ((), ()), country="DE", region="BY"
)


@pytest.mark.bench
def test_business_time(figures: Figures) -> None:
    rng = Random(7)
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    spans = [
        (begin + timedelta(minutes=rng.randrange(43_200)), timedelta(minutes=rng.randrange(43_200)))
        for _ in range(5000)
    ]
    CALENDAR.between(begin, begin + timedelta(days=120))
    figures.group("Business time, a span within a month")
    for name, call in (
        ("between", lambda at, span: CALENDAR.between(at, at + span)),
        ("add", lambda at, span: CALENDAR.add(at, span / 5)),
    ):
        took = []
        for at, span in spans:
            started = time.perf_counter_ns()
            call(at, span)
            took.append(time.perf_counter_ns() - started)
        figures.lines.append(f"  {name:<12} median {statistics.median(took) / 1000:6.1f} µs")
