"""Bringing forecasts into line with what came of earlier ones; pure.

A forecast is calibrated where of all clocks said to fail with 40 % about 40 in 100 do. History
alone does not promise that: desks hurry what is nearly late, and change. So forecasts made from
what was known at earlier times are compared with what came, and corrected by a logistic
recalibration (Cox, 1958; Platt, 1999) with one more term for the horizon:

    log-odds said = shift + slope * log-odds of the history + bend * (share of the time used - 1/2)

fitted by penalised likelihood. All kinds of clocks together are drawn to "as the history says"
(0, 1, 0), each kind is drawn to all kinds together: few clocks correct little. A clock is asked
about many times and counts once. A correction is kept for a kind only where, fitted on the older
two thirds of the clocks, it would have made the error on the newest third clearly smaller.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log
from typing import Any, Final

# Shift, slope, bend.
Line = tuple[float, float, float]
IDENTITY: Final[Line] = (0.0, 1.0, 0.0)
# How strongly each is drawn to its prior: 1 / its variance there.
DRAWN: Final[Line] = (4.0, 8.0, 2.0)
# The same where the slope would be too flat: it stays as it was.
DRAWN_HARD: Final[Line] = (4.0, 1e9, 2.0)
# Fewer clocks correct nothing.
CLOCKS: Final = 60
# A gain must be so many times its standard error: by chance one in ten is.
CLEAR: Final = 1.28
# A flatter line would say the same of everything.
FLATTEST: Final = 0.25
_EDGE: Final = 0.005
_STEPS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A forecast of the past: `risk` as the history said, `horizon` the share of the time that was
    used by then (0 to 1), `late` 0 or 1, `clock` which clock it was about, in order of age."""

    kind: str
    clock: int
    risk: float
    horizon: float
    late: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """The corrections by kind of clock; a kind without one is said as the history says."""

    lines: Mapping[str, Line] = field(default_factory=dict[str, Line])

    def corrected(self, kind: str, risk: float, horizon: float) -> float:
        """What to say where the history says `risk`, 0 to 1."""
        line = self.lines.get(kind)
        return risk if line is None else _said(line, _point(risk, horizon))


def fit(told: Sequence[Told]) -> Calibration:
    """The corrections that these forecasts ask for."""
    found = _lines(told)
    if not found:
        return Calibration()
    clocks = sorted({one.clock for one in told})
    split = clocks[len(clocks) * 2 // 3]
    earlier = Calibration(_lines([one for one in told if one.clock < split]))
    gains: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in told:
        if one.clock >= split:
            said = earlier.corrected(one.kind, one.risk, one.horizon)
            gain = (one.risk - one.late) ** 2 - (said - one.late) ** 2
            gains[one.kind][one.clock].append(gain)
    return Calibration({kind: line for kind, line in found.items() if _is_clear(gains[kind])})


def _is_clear(gains: Mapping[int, Sequence[float]]) -> bool:
    """Whether the gain, one mean for each clock, is more than chance would give."""
    means = [sum(of) / len(of) for of in gains.values()]
    if len(means) < CLOCKS // 3:
        return False
    mean = sum(means) / len(means)
    spread = sum((one - mean) ** 2 for one in means) / (len(means) - 1)
    return mean > 0 and mean * mean > CLEAR * CLEAR * spread / len(means)


def _lines(told: Sequence[Told]) -> dict[str, Line]:
    whole = _fitted(told, IDENTITY)
    kinds: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        kinds[one.kind].append(one)
    found = {kind: _fitted(of, whole) for kind, of in sorted(kinds.items())}
    return {kind: line for kind, line in found.items() if line != IDENTITY}


def _point(risk: float, horizon: float) -> Line:
    inside = min(max(risk, _EDGE), 1 - _EDGE)
    return (1.0, log(inside / (1 - inside)), min(max(horizon, 0.0), 1.0) - 0.5)


def _said(line: Line, point: Line) -> float:
    value = sum(a * b for a, b in zip(line, point, strict=True))
    return 1 / (1 + exp(-min(max(value, -30.0), 30.0)))


def _fitted(told: Sequence[Told], prior: Line, drawn: Line = DRAWN) -> Line:
    """The line of the highest penalised likelihood, by Newton's steps; `prior` where it cannot."""
    clocks = len({one.clock for one in told})
    if clocks < CLOCKS:
        return prior
    weight = clocks / len(told)
    points = [(_point(one.risk, one.horizon), one.late) for one in told]
    line = prior
    for _ in range(_STEPS):
        slope = [drawn[i] * (line[i] - prior[i]) for i in range(3)]
        bend = [[drawn[i] if i == j else 0.0 for j in range(3)] for i in range(3)]
        for point, late in points:
            said = _said(line, point)
            off, sure = weight * (said - late), weight * said * (1 - said)
            for i in range(3):
                slope[i] += off * point[i]
                for j in range(3):
                    bend[i][j] += sure * point[i] * point[j]
        step = _solved(bend, slope)
        # Far from the answer a whole step may overshoot.
        scale = min(1.0, 1 / max(map(abs, step)) if any(step) else 1.0)
        line = (line[0] - scale * step[0], line[1] - scale * step[1], line[2] - scale * step[2])
        if max(map(abs, step)) < 1e-6:
            break
    return line if line[1] >= FLATTEST else _fitted(told, prior, DRAWN_HARD)


def _solved(rows: list[list[float]], right: list[float]) -> Line:
    """The answer of three equations by Gauss; the penalty keeps the matrix positive definite."""
    table = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for i in range(3):
        for j in range(i + 1, 3):
            times = table[j][i] / table[i][i]
            table[j] = [low - times * high for low, high in zip(table[j], table[i], strict=True)]
    found = [0.0, 0.0, 0.0]
    for i in (2, 1, 0):
        rest = sum(table[i][j] * found[j] for j in range(i + 1, 3))
        found[i] = (table[i][3] - rest) / table[i][i]
    return (found[0], found[1], found[2])


def to_content(calibration: Calibration) -> dict[str, Any]:
    """As JSON."""
    return {kind: [round(one, 4) for one in line] for kind, line in calibration.lines.items()}


def from_content(content: Mapping[str, Any]) -> Calibration:
    """What `to_content` wrote."""
    return Calibration({kind: (line[0], line[1], line[2]) for kind, line in content.items()})
