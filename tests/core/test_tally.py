"""Counts of many processes are one sum; counting never fails and asks nobody."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from omnidesk.core import tally

PROGRAM = """
import django
django.setup()
from omnidesk.core import tally
tally.count(tally.HTTP_REQUESTS, "GET", "/here/", "200")
"""


def found(metric: tally.Metric, *labels: str) -> tally.Series:
    return tally.read().get(metric.name, {}).get(labels, tally.Series())


def test_processes_and_threads_add_to_one_sum(redis_client: "redis.Redis") -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(40):
            pool.submit(tally.count, tally.HTTP_REQUESTS, "GET", "/here/", "200")
    assert found(tally.HTTP_REQUESTS, "GET", "/here/", "200").value == 41


def test_a_histogram_rises_to_the_number_of_all(redis_client: "redis.Redis") -> None:
    for seconds in (0.001, 0.2, 0.2, 99.0):
        tally.observe(tally.HTTP_SECONDS, seconds, "GET", "/slow/")
    series = found(tally.HTTP_SECONDS, "GET", "/slow/")
    rows = dict(tally.rising(tally.HTTP_SECONDS, series))
    assert (rows["0.005"], rows["0.1"], rows["0.25"], rows["30.0"], rows["+Inf"]) == (1, 1, 3, 3, 4)
    assert series.value == pytest.approx(99.401)


def test_work_that_raises_is_counted_as_failed(redis_client: "redis.Redis") -> None:
    with pytest.raises(LookupError), tally.timed_ai("read", "mini"):
        raise LookupError
    assert found(tally.AI_REQUESTS, "read", "mini", "failed").value == 1
    assert sum(found(tally.AI_SECONDS, "read", "mini", "false").buckets.values()) == 1


def test_labels_that_do_not_fit_are_refused_at_once() -> None:
    with pytest.raises(TypeError, match="http_requests_total has the labels"):
        tally.count(tally.HTTP_REQUESTS, "GET")
