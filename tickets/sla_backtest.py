"""Whether forecasts would have been right: the past, forecast from what was known then; pure.

At each moment of a row of them the history is learnt from what had happened by then alone: clocks
that were met before it, and, censored at what they can have used, those that still ran. Each clock
that ran then is forecast, and compared with what became of it. The score is Brier's (1950), the
mean squared distance between probability and outcome; beside it stands that of saying for each
clock the share of its kind and priority that had failed so far (the base rate), and that of saying
for each the share that failed in the end, which nobody knew then.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tickets.business_time import WorkCalendar
from tickets.sla_forecast import Case, Loads, Past, Traits, learn, ratio

BINS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A clock from its beginning to its end (None while it is open)."""

    traits: Traits
    calendar: WorkCalendar
    began: datetime
    ended: datetime | None
    # Whether `ended` is when it was met; stopped clocks only ever say "at least".
    met: bool
    used: float
    target: float
    # When it failed, None if it did not.
    failed: datetime | None = None

    def used_by(self, moment: datetime) -> float:
        """Business seconds it can have used by `moment`: pauses within are not known."""
        if self.ended is not None and self.ended <= moment:
            return self.used
        return min(self.calendar.between(self.began, moment).total_seconds(), self.used)


@dataclass(frozen=True, slots=True)
class Judged:
    """One forecast and what came: `late` is 0 or 1, `base` what the base rate said."""

    kind: str
    risk: float
    base: float
    late: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Forecasts between two probabilities: how many, what they said on average, what came."""

    low: float
    high: float
    count: int
    said: float
    came: float


@dataclass(frozen=True, slots=True)
class Score:
    """Brier's score of forecasts and of the base rate, and how reliable the forecasts were."""

    count: int
    late: float
    brier: float
    base: float
    bins: tuple[Bin, ...]

    @property
    def skill(self) -> float:
        """The share of the base rate's error that the forecast takes away."""
        return 1 - self.brier / self.base if self.base else 0.0

    @property
    def hindsight(self) -> float:
        """Brier's score of the best constant, which only the future knew."""
        return self.late * (1 - self.late)


def team_loads(lives: Iterable[Life]) -> dict[str, Loads]:
    """Each team's open tickets over time, from the clocks of solutions."""
    spans: dict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for life in lives:
        if life.traits.kind == "customer:resolution":
            spans[life.traits.team].append((life.began, life.ended))
    return {team: Loads.of(found) for team, found in spans.items()}


def usual_loads(lives: Iterable[Life], loads: dict[str, Loads]) -> dict[str, float]:
    """Each team's load at a usual moment: the mean over the beginnings of its clocks."""
    seen: dict[str, list[int]] = defaultdict(list)
    for life in lives:
        team = life.traits.team
        if team in loads:
            seen[team].append(loads[team].at(life.began))
    return {team: sum(found) / len(found) for team, found in seen.items()}


def pasts(lives: Sequence[Life], moment: datetime, loads: dict[str, Loads],
          usual: dict[str, float]) -> list[Past]:  # fmt: skip
    """What was known at `moment` of the clocks that had begun."""
    return [
        Past(
            traits=life.traits,
            used=life.used_by(moment),
            ended=life.met and life.ended is not None and life.ended <= moment,
            load=load_at(life.traits.team, life.began, loads, usual),
        )
        for life in lives
    ]


def load_at(team: str, moment: datetime, loads: dict[str, Loads], usual: dict[str, float]) -> float:
    """A team's load at a moment, as a multiple of its usual one; 1 where it is not known."""
    known = loads.get(team)
    return ratio(known.at(moment), usual.get(team, 0.0)) if known else 1.0


def judge(lives: Sequence[Life], moments: Sequence[datetime]) -> list[Judged]:
    """Forecasts made at each of `moments`, with what came of them."""
    ordered = sorted(lives, key=lambda life: life.began)
    begins = [life.began for life in ordered]
    found: list[Judged] = []
    for moment in moments:
        begun = ordered[: bisect_left(begins, moment)]
        loads = team_loads(begun)
        usual = usual_loads(begun, loads)
        history = learn(pasts(begun, moment, loads, usual))
        rates = _rates(begun, moment)
        for life in begun:
            if not _is_question(life, moment):
                continue
            case = Case(
                traits=life.traits,
                used=life.used_by(moment),
                target=life.target,
                load=load_at(life.traits.team, moment, loads, usual),
            )
            outlook = history.outlook(case)
            base = rates.get((life.traits.kind, life.traits.priority))
            if outlook is not None and base is not None:
                late = int(life.failed is not None)
                found.append(Judged(life.traits.kind, outlook.risk, base, late))
    return found


def _is_question(life: Life, moment: datetime) -> bool:
    """It ran at `moment`, had not failed, and its outcome is known by now."""
    runs = life.ended is None or life.ended > moment
    failed_before = life.failed is not None and life.failed <= moment
    return runs and not failed_before and ((life.met and life.ended is not None)
                                           or life.failed is not None)  # fmt: skip


def _rates(begun: Sequence[Life], moment: datetime) -> dict[tuple[str, str], float]:
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for life in begun:
        late = life.failed is not None and life.failed <= moment
        if late or (life.met and life.ended is not None and life.ended <= moment):
            cell = counts[life.traits.kind, life.traits.priority]
            cell[0] += 1
            cell[1] += late
    return {key: late / count for key, (count, late) in counts.items()}


def score(judged: Sequence[Judged]) -> Score | None:
    """How good the forecasts were; None where there are none."""
    count = len(judged)
    if not count:
        return None
    bins, low = [], 0.0
    for high in BINS:
        inside = [one for one in judged if low <= one.risk < high]
        if inside:
            said = sum(one.risk for one in inside) / len(inside)
            came = sum(one.late for one in inside) / len(inside)
            bins.append(Bin(low, min(high, 1.0), len(inside), said, came))
        low = high
    return Score(
        count=count,
        late=sum(one.late for one in judged) / count,
        brier=sum((one.risk - one.late) ** 2 for one in judged) / count,
        base=sum((one.base - one.late) ** 2 for one in judged) / count,
        bins=tuple(bins),
    )
