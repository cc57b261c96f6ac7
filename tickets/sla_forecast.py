"""How likely a running clock fails, from how long such clocks really took; pure.

The method is the product-limit estimate of survival (Kaplan and Meier, 1958) over business time:
clocks that were met are events, those that still run or were ended otherwise are censored, so that
slow tickets that are not over yet count for what is known of them. A clock that has used `u` of its
target `T` fails with probability S(T) / S(u).

Four things are added:
- Strata with back-off. S is taken from all clocks of a kind, then from those of the same priority,
  team, category and channel; each narrower estimate is drawn towards the wider one by how few
  clocks it rests on (weight n / (n + `PULL`), n being those that had waited as long).
- Load. Durations are stretched by (load / usual load) to a power that is fitted to the history by
  regression within strata: an accelerated failure time model with S as its baseline. A desk whose
  durations do not follow its load, or do so no more than by chance, gets the power 0.
- Calibration. What this says is brought into line with what came of such forecasts
  (`tickets.sla_calibration`).
- Silence. Below `NEEDED` events of a kind, or `LEAST` clocks that ever waited as long, nothing is
  said.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import log
from typing import Any, Final

from tickets.sla_calibration import Calibration
from tickets.sla_calibration import from_content as restored
from tickets.sla_calibration import to_content as stored

NEEDED: Final = 30
LEAST: Final = 8
PULL: Final = 20.0
# Strata with fewer clocks say nothing of their own.
SMALLEST: Final = 12
# A narrower stratum is asked, and named as the reason, from so many on.
NAMED: Final = 15
KNOTS: Final = 128
# Loads beyond these were hardly ever seen: the fit does not hold there.
LOW, HIGH = 0.25, 4.0
STEEPEST: Final = 1.5
FELT: Final = 0.05
# A slope below twice its standard error counts as none.
DOUBT: Final = 4.0
# Fewer met clocks of a kind cannot tell the load's effect from chance.
LOADED: Final = 200
_MINUTE: Final = 60.0

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a clock is compared by. `kind` is its level and metric; ids as text, "" for none."""

    kind: str
    priority: str
    team: str = ""
    category: str = ""
    source: str = ""

    def keys(self) -> list[Key]:
        """The strata it belongs to, the widest first."""
        parts = (self.kind, self.priority, self.team, self.category, self.source)
        return [parts[:depth] for depth in range(1, len(parts) + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A clock of the history: `used` seconds of business time when it was met (`ended`), or so
    far. `load` is its team's load when it began, 1 being usual."""

    traits: Traits
    used: float
    ended: bool
    load: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A running clock: seconds of business time used, and agreed; `load` as of now."""

    traits: Traits
    used: float
    target: float
    load: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The forecast: `risk` 0 to 1, `plain` the same before it was calibrated.

    Of `alike` clocks that had waited as long, `longer` went over.
    `depth` says how alike: 1 of the same kind, 2 priority, 3 team, 4 category, 5 channel as well.
    """

    risk: float
    alike: int
    longer: int
    depth: int
    load: float
    plain: float


@dataclass(frozen=True, slots=True)
class Curve:
    """S as a step function: after `times[i]` seconds `alive[i]` still run; `left[i]` were at risk
    just after it. Before the first step everything is."""

    count: int
    times: tuple[float, ...]
    alive: tuple[float, ...]
    left: tuple[int, ...]

    def survival(self, seconds: float) -> float:
        """The share that takes longer than `seconds`."""
        i = bisect_right(self.times, seconds) - 1
        return 1.0 if i < 0 else self.alive[i]

    def at_risk(self, seconds: float) -> int:
        """How many were seen to have waited longer than `seconds`."""
        i = bisect_right(self.times, seconds) - 1
        return self.count if i < 0 else self.left[i]


def curve(durations: Sequence[tuple[float, bool]]) -> Curve:
    """The product-limit estimate of (seconds, whether it ended); at most `KNOTS` steps."""
    ordered = sorted(durations)
    count, alive, done = len(ordered), 1.0, 0
    steps: list[tuple[float, float, int]] = []
    while done < count:
        seconds = ordered[done][0]
        after = done
        events = 0
        while after < count and ordered[after][0] == seconds:
            events += ordered[after][1]
            after += 1
        alive *= 1 - events / (count - done)
        steps.append((seconds, alive, count - after))
        done = after
    if len(steps) > KNOTS:
        last = len(steps) - 1
        steps = [steps[round(i * last / (KNOTS - 1))] for i in range(KNOTS)]
    times, shares, left = zip(*steps, strict=True) if steps else ((), (), ())
    return Curve(count, tuple(times), tuple(shares), tuple(left))


@dataclass(frozen=True, slots=True)
class History:
    """What was learnt of a desk. `power` by kind is how durations follow the load."""

    curves: Mapping[Key, Curve] = field(default_factory=dict[Key, Curve])
    events: Mapping[str, int] = field(default_factory=dict[str, int])
    power: Mapping[str, float] = field(default_factory=dict[str, float])
    calibration: Calibration = field(default_factory=Calibration)

    def outlook(self, case: Case) -> Outlook | None:
        """The forecast for a running clock; None where too little is known."""
        kind = case.traits.kind
        if self.events.get(kind, 0) < NEEDED or case.target <= 0:
            return None
        power = self.power.get(kind, 0.0)
        stretch = bounded(case.load) ** power
        used, target = case.used / stretch, max(case.target, case.used) / stretch
        risk: float | None = None
        named = (0, 0.0, 0)
        for depth, key in enumerate(case.traits.keys(), start=1):
            found = self.curves.get(key)
            alike = found.at_risk(used) if found else 0
            if found is None or alike < (LEAST if risk is None else NAMED):
                break
            if alike == named[0]:
                # The same clocks again: they must not count twice.
                named = (alike, named[1], depth)
                continue
            before = found.survival(used)
            share = found.survival(target) / before if before > 0 else 1.0
            # The widest stratum is drawn towards a half: nothing is ever certain.
            wider, pull = (0.5, 1.0) if risk is None else (risk, PULL)
            risk = (alike * share + pull * wider) / (alike + pull)
            named = (alike, share, depth)
        if risk is None:
            return None
        alike, share, depth = named
        # A load that durations do not follow is no reason.
        load = case.load if power >= FELT else 1.0
        said = self.calibration.corrected(kind, risk, case.used / case.target)
        return Outlook(
            risk=said, plain=risk, alike=alike, longer=round(alike * share), depth=depth, load=load
        )


def learn(pasts: Sequence[Past]) -> History:
    """The history of these clocks, ready to be asked."""
    power = _powers(pasts)
    groups: dict[Key, list[tuple[float, bool]]] = defaultdict(list)
    events: dict[str, int] = defaultdict(int)
    for past in pasts:
        kind = past.traits.kind
        events[kind] += past.ended
        usual = past.used / bounded(past.load) ** power.get(kind, 0.0)
        for key in past.traits.keys():  # noqa: SIM118 - a method of ours, not a mapping's
            groups[key].append((usual, past.ended))
    curves = {
        key: curve(durations)
        for key, durations in groups.items()
        if len(durations) >= SMALLEST or len(key) == 1
    }
    return History(curves, dict(events), power)


def bounded(load: float) -> float:
    """A load within what the fit holds for."""
    return min(max(load, LOW), HIGH)


def _powers(pasts: Sequence[Past]) -> dict[str, float]:
    """By kind: the slope of log duration over log load within (priority, team).

    Drawn to 0 by how uncertain it is (the positive part of 1 - `DOUBT` / t squared, as James and
    Stein do), so that a short history's chance is not taken for an effect. Censored clocks are
    left out: of them only a lower bound is known.
    """
    cells: dict[Key, list[tuple[float, float]]] = defaultdict(list)
    for past in pasts:
        if past.ended:
            point = (log(bounded(past.load)), log(max(past.used, _MINUTE)))
            cells[past.traits.keys()[2]].append(point)
    kinds: dict[str, _Slope] = defaultdict(_Slope)
    for key, points in cells.items():
        kinds[key[0]].add(points)
    return {kind: slope.drawn() for kind, slope in kinds.items()}


@dataclass(slots=True)
class _Slope:
    """Sums of a regression within cells, each with its own mean."""

    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0
    free: int = -1

    def add(self, points: Sequence[tuple[float, float]]) -> None:
        x_mean = sum(x for x, _y in points) / len(points)
        y_mean = sum(y for _x, y in points) / len(points)
        self.xx += sum((x - x_mean) ** 2 for x, _y in points)
        self.xy += sum((x - x_mean) * (y - y_mean) for x, y in points)
        self.yy += sum((y - y_mean) ** 2 for _x, y in points)
        self.free += len(points) - 1

    def drawn(self) -> float:
        if self.free < LOADED or self.xx <= 0 or self.xy <= 0:
            return 0.0
        slope = self.xy / self.xx
        rest = max(self.yy - slope * self.xy, 0.0)
        variance = rest / self.free / self.xx
        sure = max(1 - DOUBT * variance / slope**2, 0.0)
        return min(slope * sure, STEEPEST)


@dataclass(frozen=True, slots=True)
class Loads:
    """How many tickets a team had open at any moment, from when they began and ended."""

    began: Sequence[datetime]
    ended: Sequence[datetime]

    @classmethod
    def of(cls, spans: Iterable[tuple[datetime, datetime | None]]) -> "Loads":
        """From (began, ended or None while open)."""
        known = list(spans)
        return cls(sorted(b for b, _e in known), sorted(e for _b, e in known if e is not None))

    def at(self, moment: datetime) -> int:
        """Open at `moment`."""
        return bisect_right(self.began, moment) - bisect_right(self.ended, moment)


def ratio(open_now: float, usual: float) -> float:
    """A load as a multiple of the usual one; steady where there are hardly any tickets."""
    return (open_now + 1) / (usual + 1)


def to_content(history: History) -> dict[str, Any]:
    """A history as JSON."""
    return {
        "curves": [
            [
                list(key), one.count, [round(t, 1) for t in one.times],
                [round(s, 4) for s in one.alive], list(one.left),
            ]
            for key, one in history.curves.items()
        ],
        "events": dict(history.events),
        "power": dict(history.power),
        "calibration": stored(history.calibration),
    }  # fmt: skip


def from_content(content: Mapping[str, Any]) -> History:
    """The history that `to_content` wrote."""
    return History(
        {
            tuple(key): Curve(count, tuple(times), tuple(alive), tuple(left))
            for key, count, times, alive, left in content.get("curves", ())
        },
        dict(content.get("events", {})),
        dict(content.get("power", {})),
        restored(content.get("calibration", {})),
    )
