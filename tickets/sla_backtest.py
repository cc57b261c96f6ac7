"""Whether forecasts would have been right: the past, forecast from what was known then; pure.

At each moment of a row of them the history is learnt from what had happened by then alone: clocks
that were met before it, and, censored at what they can have used, those that still ran. Each clock
that ran then is forecast, and compared with what became of it. The score is Brier's (1950), the
mean squared distance between probability and outcome; beside it stands that of saying for each
clock the share of its kind and priority that had failed so far (the base rate), and that of saying
for each the share that failed in the end, which nobody knew then.

Only clocks whose due time has passed are asked about: of those that are not due yet the met ones
would be known and the late ones not, and every forecast would look too high.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tickets.business_time import WorkCalendar
from tickets.sla_calibration import Calibration, Told, fit
from tickets.sla_forecast import Case, History, Loads, Outlook, Past, Traits, learn, ratio

BINS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
# Forecasts are calibrated on those of the last eight weeks, made from what was known at the
# beginning of each week. 37 hours between them fall on every hour of a day.
FOLDS: Final = 8
FOLD: Final = timedelta(days=7)
EVERY: Final = timedelta(hours=37)
# At each of these moments so many clocks are asked about at most, evenly chosen.
MOST_ASKED: Final = 400


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
    due: datetime
    # When it failed, None if it did not.
    failed: datetime | None = None
    # When it stood still, in order; where these do not explain what it used, it is not asked about.
    pauses: tuple[tuple[datetime, datetime], ...] = ()
    is_explained: bool = True

    def used_by(self, moment: datetime) -> float:
        """Business seconds it had used by `moment`."""
        if self.ended is not None and self.ended <= moment:
            return self.used
        return min(self.ran(moment), self.used)

    def ran(self, moment: datetime) -> float:
        """Business seconds from its beginning to `moment` outside its pauses."""
        seconds = self.calendar.between(self.began, moment).total_seconds()
        for begins, ends in self.pauses:
            begins, ends = max(begins, self.began), min(ends, moment)
            if begins < ends:
                seconds -= self.calendar.between(begins, ends).total_seconds()
        return seconds


@dataclass(frozen=True, slots=True)
class Judged:
    """One forecast and what came: `late` is 0 or 1, `base` what the base rate said, `plain` what
    the history said before it was calibrated."""

    kind: str
    risk: float
    base: float
    late: int
    plain: float


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
    """Brier's score of forecasts (`plain`: not calibrated) and of the base rate, by tenths too."""

    count: int
    late: float
    brier: float
    base: float
    plain: float
    bins: tuple[Bin, ...]
    plain_bins: tuple[Bin, ...]

    @property
    def skill(self) -> float:
        """The share of the base rate's error that the forecast takes away."""
        return 1 - self.brier / self.base if self.base else 0.0

    @property
    def hindsight(self) -> float:
        """Brier's score of the best constant, which only the future knew."""
        return self.late * (1 - self.late)

    @property
    def off(self) -> float:
        """How far from what came a forecast was on average, by tenths of the scale."""
        return _off(self.bins, self.count)

    @property
    def plain_off(self) -> float:
        """The same before forecasts were calibrated."""
        return _off(self.plain_bins, self.count)


def _off(bins: Sequence[Bin], count: int) -> float:
    return sum(one.count * abs(one.said - one.came) for one in bins) / count


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


def judge(lives: Sequence[Life], moments: Sequence[datetime], known: datetime) -> list[Judged]:
    """Forecasts made at each of `moments`, with what came of them by `known`.

    As at work, forecasts are calibrated once a day, on what had come true by then.
    """
    ordered = sorted(lives, key=lambda life: life.began)
    begins = [life.began for life in ordered]
    found: list[Judged] = []
    calibration, calibrated = Calibration(), None
    for moment in moments:
        begun = ordered[: bisect_left(begins, moment)]
        if calibrated is None or moment - calibrated >= timedelta(days=1):
            calibration, calibrated = calibrate(begun, moment), moment
        view = View.of(begun, moment, calibration)
        rates = _rates(begun, moment)
        for life in begun:
            if not _is_question(life, moment, known):
                continue
            outlook = view.outlook(life, moment)
            base = rates.get((life.traits.kind, life.traits.priority))
            if outlook is not None and base is not None:
                late = int(life.failed is not None)
                kind = life.traits.kind
                found.append(Judged(kind, outlook.risk, base, late, outlook.plain))
    return found


@dataclass(frozen=True, slots=True)
class View:
    """What a desk could know at a moment."""

    history: History
    loads: dict[str, Loads]
    usual: dict[str, float]

    @classmethod
    def of(
        cls, begun: Sequence[Life], moment: datetime, calibration: Calibration | None = None
    ) -> "View":
        """From the clocks that had begun by then."""
        loads = team_loads(begun)
        usual = usual_loads(begun, loads)
        history = learn(pasts(begun, moment, loads, usual))
        return cls(replace(history, calibration=calibration or Calibration()), loads, usual)

    def outlook(self, life: Life, moment: datetime) -> Outlook | None:
        """The forecast of a clock that runs at `moment`."""
        case = Case(
            traits=life.traits,
            used=life.used_by(moment),
            target=life.target,
            load=load_at(life.traits.team, moment, self.loads, self.usual),
        )
        return self.history.outlook(case)


def calibrate(lives: Sequence[Life], moment: datetime) -> Calibration:
    """How forecasts have to be corrected, from what had come of earlier ones by `moment`."""
    ordered = sorted(lives, key=lambda life: life.began)
    begins = [life.began for life in ordered]
    loads, told = team_loads(ordered), list[Told]()
    for fold in range(FOLDS, 0, -1):
        origin = moment - fold * FOLD
        begun = bisect_left(begins, origin)
        if begun:
            # What is open at a later moment is known then, though the history is older.
            view = replace(View.of(ordered[:begun], origin), loads=loads)
            told += _told(ordered, view, origin, moment)
    return fit(told)


def _told(lives: Sequence[Life], view: View, origin: datetime, known: datetime) -> list[Told]:
    """Forecasts of the week after `origin` that came true or not by `known`."""
    found: list[Told] = []
    for step in range(FOLD // EVERY + 1):
        at = origin + step * EVERY
        asked = [
            (number, life)
            for number, life in enumerate(lives)
            if life.began < at and _is_question(life, at, known)
        ]
        for number, life in asked[:: 1 + len(asked) // MOST_ASKED]:
            outlook = view.outlook(life, at)
            if outlook is not None:
                found.append(
                    Told(
                        kind=life.traits.kind,
                        clock=number,
                        risk=outlook.plain,
                        horizon=life.used_by(at) / life.target,
                        late=int(life.failed is not None),
                    )
                )
    return found


def _is_question(life: Life, moment: datetime, known: datetime) -> bool:
    """It ran at `moment` and had not failed, and what came of it is known by `known`."""
    if life.due > known or life.target <= 0 or not life.is_explained:
        return False
    runs = life.ended is None or life.ended > moment
    failed_before = life.failed is not None and life.failed <= moment
    stood = any(begins <= moment < ends for begins, ends in life.pauses)
    over = life.failed is not None or (life.met and life.ended is not None)
    return runs and not failed_before and not stood and over


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
    return Score(
        count=count,
        late=sum(one.late for one in judged) / count,
        brier=sum((one.risk - one.late) ** 2 for one in judged) / count,
        base=sum((one.base - one.late) ** 2 for one in judged) / count,
        plain=sum((one.plain - one.late) ** 2 for one in judged) / count,
        bins=_bins([(one.risk, one.late) for one in judged]),
        plain_bins=_bins([(one.plain, one.late) for one in judged]),
    )


def _bins(pairs: Sequence[tuple[float, int]]) -> tuple[Bin, ...]:
    found, low = [], 0.0
    for high in BINS:
        inside = [pair for pair in pairs if low <= pair[0] < high]
        if inside:
            said = sum(risk for risk, _late in inside) / len(inside)
            came = sum(late for _risk, late in inside) / len(inside)
            found.append(Bin(low, min(high, 1.0), len(inside), said, came))
        low = high
    return tuple(found)
