"""Timing calls and keeping what came out, for the table that `make bench` prints.

Nothing here judges a figure: a shared machine would make such a test fail by chance.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

WARM_UP = 3


@dataclass(frozen=True)
class Sample:
    """Seconds of equal calls."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def timed(call: Callable[[int], object], times: int = 30, warm_up: int = WARM_UP) -> Sample:
    """The seconds of `times` calls, after a few that do not count; `call` gets its number."""
    seconds = []
    for number in range(warm_up + times):
        began = time.perf_counter()
        call(number)
        seconds.append(time.perf_counter() - began)
    return Sample(tuple(seconds[warm_up:]))


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Seconds since the block began."""
    began = time.perf_counter()
    yield lambda: time.perf_counter() - began


@dataclass
class Figures:
    """Rows by group, in the order they were measured."""

    lines: list[str] = field(default_factory=list)

    def group(self, name: str) -> None:
        """Begin a group; the machine's load at this moment stands beside its name."""
        self.lines += ["", f"{name}   (load {os.getloadavg()[0]:.1f})"]

    def calls(self, name: str, sample: Sample, raw: Sample | None = None, note: str = "") -> None:
        """Median and 95th percentile, and how many times the raw limit that is."""
        ratio = f"{sample.median / raw.median:6.1f} x raw" if raw else ""
        median, p95 = (f"{value * 1000:9.1f} ms" for value in (sample.median, sample.p95))
        self._line(name, f"median {median}   p95 {p95}", ratio, note)

    def rate(
        self, name: str, per_second: float, unit: str, raw: float = 0.0, note: str = ""
    ) -> None:
        """So many a second, and which share of the raw limit that is."""
        share = f"{per_second / raw:6.1%} of raw" if raw else ""
        self._line(name, f"{per_second:,.1f} {unit}/s", share, note)

    def fact(self, name: str, words: str) -> None:
        """Something found beside the figures."""
        self._line(name, words)

    def _line(self, *parts: str) -> None:
        name, *rest = parts
        self.lines.append(f"  {name:<42} " + "   ".join(part for part in rest if part))
