"""The queue: by hand, against the textbook, and what more or fewer agents change."""

from random import Random

import pytest

from analytics.queueing import BUSIEST, Job, fit, waits


def test_one_agent_takes_one_at_a_time() -> None:
    jobs = [Job(0, 2), Job(1, 2), Job(10, 1)]
    assert waits(jobs, 1, 1.0) == [0, 1, 0]
    assert waits(jobs, 2, 1.0) == [0, 0, 0]
    assert waits(jobs, 1, 0.5) == [0, 0, 0]


def test_the_most_urgent_waiting_one_is_next_and_nothing_is_dropped_half_way() -> None:
    jobs = [Job(0, 5, 3), Job(1, 1, 3), Job(2, 1, 0)]
    assert waits(jobs, 1, 1.0) == [0, 5, 3]


def test_the_order_of_the_jobs_does_not_matter() -> None:
    rng = Random(1)
    jobs = [Job(rng.uniform(0, 50), rng.uniform(0, 2), rng.randrange(4)) for _ in range(80)]
    straight = dict(zip(jobs, waits(jobs, 3, 1.0), strict=True))
    rng.shuffle(jobs)
    assert dict(zip(jobs, waits(jobs, 3, 1.0), strict=True)) == straight


def test_it_waits_as_the_textbook_says() -> None:
    """M/M/1 at 70 % busy: the mean wait is rho / (mu - lambda) = 0.7 / 0.3."""
    rng = Random(2)
    moment, jobs = 0.0, []
    for _ in range(60_000):
        moment += rng.expovariate(0.7)
        jobs.append(Job(moment, rng.expovariate(1.0)))
    found = waits(jobs, 1, 1.0)
    assert sum(found) / len(found) == pytest.approx(0.7 / 0.3, rel=0.12)


def test_more_agents_never_make_anybody_wait_longer_on_average() -> None:
    rng = Random(3)
    jobs = [Job(rng.uniform(0, 100), rng.expovariate(1.0), rng.randrange(4)) for _ in range(300)]
    means = [sum(waits(jobs, agents, 1.0)) / 300 for agents in (2, 3, 4, 5, 8)]
    assert means == sorted(means, reverse=True)


def test_the_scale_is_found_that_was_at_work() -> None:
    rng = Random(4)
    jobs = [Job(rng.uniform(0, 400), rng.uniform(1, 4)) for _ in range(400)]
    found = waits(jobs, 3, 1.05)
    fitted = fit(jobs, 3, sum(found) / len(found))
    assert fitted.scale == pytest.approx(1.05, rel=0.01)
    assert fitted.explained == 1.0


def test_waiting_that_no_queue_explains_is_said() -> None:
    jobs = [Job(float(n), 1) for n in range(100)]
    fitted = fit(jobs, 2, 500.0)
    assert fitted.explained < 0.05
    assert fitted.scale * 100 <= BUSIEST * 2 * 99 + 1e-9


@pytest.mark.parametrize("jobs", [[], [Job(3, 1)], [Job(3, 1), Job(3, 1)]])
def test_nothing_to_go_by_means_no_waiting(jobs: list[Job]) -> None:
    fitted = fit(jobs, 2, 1.0)
    assert waits(jobs, 2, fitted.scale) == [0.0] * len(jobs)
