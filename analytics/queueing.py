"""How long tickets wait for somebody: a queue with several agents, replayed; pure.

Assumptions, which the page says in words: an agent works on one ticket at a time and finishes it
before the next; the most urgent waiting ticket is next, among equals the oldest; every agent of the
team works all of the calendar's hours. How long a ticket keeps an agent busy is not recorded, so it
is taken to be proportional to its effort (one, and one more for each answer), and scaled until the
replay with today's agents waits as long on average as the team really did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from typing import Final

# An agent is never busier than this: beyond it a queue grows without end.
BUSIEST: Final = 0.98
_ROUNDS: Final = 40


@dataclass(frozen=True, slots=True)
class Job:
    """A ticket in the queue: when it came (hours of business time), its effort, and its rank
    (0 is the most urgent)."""

    arrival: float
    effort: float
    rank: int = 3


@dataclass(frozen=True, slots=True)
class Fit:
    """Hours an agent is busy per unit of effort, and the share of the observed waiting that the
    queue explains: below 1, tickets waited for something else than a free agent."""

    scale: float
    explained: float


def waits(jobs: Sequence[Job], agents: int, scale: float) -> list[float]:
    """Hours each job waits until an agent begins it, in the order of `jobs`."""
    order = sorted(range(len(jobs)), key=lambda i: jobs[i].arrival)
    found = [0.0] * len(jobs)
    free = [0.0] * agents
    waiting: list[tuple[int, float, int]] = []
    place, clock = 0, 0.0
    while place < len(order) or waiting:
        begin = max(free[0], clock)
        if not waiting:
            begin = max(begin, jobs[order[place]].arrival)
        clock = begin
        while place < len(order) and jobs[order[place]].arrival <= begin:
            i = order[place]
            heappush(waiting, (jobs[i].rank, jobs[i].arrival, i))
            place += 1
        _rank, arrival, i = heappop(waiting)
        found[i] = begin - arrival
        heapreplace(free, begin + jobs[i].effort * scale)
    return found


def fit(jobs: Sequence[Job], agents: int, observed: float) -> Fit:
    """The scale with which `agents` make jobs wait `observed` hours on average."""
    effort = sum(job.effort for job in jobs)
    span = max(job.arrival for job in jobs) - min(job.arrival for job in jobs) if jobs else 0.0
    if not effort or span <= 0 or observed <= 0:
        return Fit(0.0, 1.0)
    low, high = 0.0, BUSIEST * agents * span / effort
    most = _mean(waits(jobs, agents, high))
    if most <= observed:
        return Fit(high, most / observed)
    for _round in range(_ROUNDS):
        middle = (low + high) / 2
        if _mean(waits(jobs, agents, middle)) < observed:
            low = middle
        else:
            high = middle
    return Fit(high, 1.0)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
