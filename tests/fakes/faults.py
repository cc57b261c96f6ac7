"""Faults that a fake puts in the way, from a seed: errors, waits, lost answers, ended sessions."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.http import Asked, Said


@dataclass
class Faults:
    """With `rate` of calls something goes wrong; `kinds` says what may.

    before: the call never arrives (500, 429, 503). after: it acts, and the answer is lost.
    timeout: the answer comes after `slow` seconds, for a call that arrived or not. expired: all
    sessions end (`expire`) right before the call.
    """

    rate: float = 0.0
    seed: int = 1
    kinds: tuple[str, ...] = ("500", "429", "503", "lost")
    happened: dict[str, int] = field(default_factory=dict)
    slow: float = 0.0
    expire: Callable[[], None] = lambda: None
    _random: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._random.seed(self.seed)

    def pick(self) -> str:
        """What goes wrong with the next call, '' for nothing."""
        if self._random.random() >= self.rate:
            return ""
        kind = self._random.choice(self.kinds)
        self.happened[kind] = self.happened.get(kind, 0) + 1
        return kind

    def around(self, asked: Asked, act: Callable[[Asked], Said]) -> Said:
        """The answer, with whatever goes wrong."""
        kind = self.pick()
        if kind in {"500", "503"}:
            return Said(int(kind), "<html>Something broke</html>")
        if kind == "429":
            return Said(429, "slow down", {"Retry-After": "1"})
        if kind == "expired":
            self.expire()
        if kind == "timeout" and self._random.random() < 0.5:
            return Said(drop=True, after=self.slow)
        said = act(asked)
        if kind == "timeout":
            said.after = self.slow
        return Said(drop=True) if kind == "lost" else said
