"""Forecasts are corrected by what came of earlier ones, as far as that helps."""

import json
from datetime import UTC, datetime, timedelta
from math import exp, log
from random import Random

import pytest

from tests.tickets.sla.test_forecast import HOUR, traits
from tickets.business_time import AROUND_THE_CLOCK
from tickets.sla_backtest import Life, judge, score
from tickets.sla_calibration import Calibration, Told, fit, from_content, to_content

KIND = "customer:resolution"
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)


def forecasts(
    rng: Random, clocks: int, truth: float, *, each: int = 3, bend: float = 0.0, kind: str = KIND
) -> list[Told]:
    """Clocks asked about `each` times, whose log-odds are `truth` above what was said."""
    found = []
    for clock in range(clocks):
        odds = rng.gauss(0, 1.5)
        horizon = rng.random()
        late = rng.random() < 1 / (1 + exp(-odds - truth - bend * (horizon - 0.5)))
        risk = 1 / (1 + exp(-odds))
        found += [Told(kind=kind, clock=clock, risk=risk, horizon=horizon, late=int(late))] * each
    return found


def test_what_was_said_too_high_is_said_lower() -> None:
    found = fit(forecasts(Random(1), 900, -1.0))
    said = found.corrected(KIND, 0.5, 0.5)
    assert said == pytest.approx(1 / (1 + exp(1.0)), abs=0.06)
    assert found.corrected(KIND, 0.05, 0.5) < said < found.corrected(KIND, 0.9, 0.5)
    # Of other kinds nothing is known.
    assert found.corrected("team:resolution", 0.5, 0.5) == 0.5


def test_the_horizon_has_a_correction_of_its_own() -> None:
    found = fit(forecasts(Random(2), 2_000, 0.0, bend=-2.0))
    early, late = found.corrected(KIND, 0.5, 0.0), found.corrected(KIND, 0.5, 1.0)
    assert early > 0.62 > 0.38 > late


def test_each_kind_is_corrected_by_its_own_past() -> None:
    high = forecasts(Random(3), 600, -1.2)
    low = forecasts(Random(4), 600, 1.2, kind="customer:first_response")
    found = fit(high + low)
    assert found.corrected(KIND, 0.5, 0.5) < 0.35
    assert found.corrected("customer:first_response", 0.5, 0.5) > 0.65


def test_what_is_right_or_rests_on_little_is_left_alone() -> None:
    assert fit([]) == Calibration()
    assert fit(forecasts(Random(5), 30, -2.0)) == Calibration()
    right = fit(forecasts(Random(6), 1_500, 0.0))
    for risk in (0.1, 0.5, 0.9):
        assert right.corrected(KIND, risk, 0.5) == pytest.approx(risk, abs=0.04)


def test_asking_about_a_clock_often_proves_no_more() -> None:
    once, often = (fit(forecasts(Random(7), 120, -1.0, each=each)) for each in (1, 40))
    assert once.lines[KIND] == pytest.approx(often.lines[KIND], abs=1e-6)


def test_all_late_or_none_late_is_no_error() -> None:
    for late in (0, 1):
        told = [
            Told(kind=KIND, clock=n, risk=risk, horizon=0.5, late=late)
            for n in range(100)
            for risk in (0.0, 0.4, 1.0)
        ]
        said = fit(told).corrected(KIND, 0.4, 0.5)
        assert 0 < said < 1
        assert (said > 0.4) == bool(late)


def test_a_calibration_survives_being_stored() -> None:
    found = fit(forecasts(Random(8), 400, -1.0))
    again = from_content(json.loads(json.dumps(to_content(found))))
    assert again.corrected(KIND, 0.4, 0.2) == pytest.approx(
        found.corrected(KIND, 0.4, 0.2), abs=0.001
    )


def hurried(rng: Random, count: int) -> list[Life]:
    """A desk that hurries what is nearly late: half of what would be late is met just in time.

    It began to do so when a third of its tickets had come; the history still knows the time before.
    """
    lives, moment = [], BEGIN
    for number in range(count):
        moment += timedelta(hours=rng.expovariate(1 / 1.2))
        hours = exp(rng.gauss(log(10), 0.8))
        if number > count / 3 and hours > 12 and rng.random() < 0.5:
            hours = 11.9
        late = hours > 12
        lives.append(
            Life(
                traits=traits(), calendar=AROUND_THE_CLOCK, began=moment,
                ended=moment + timedelta(hours=hours), met=True, used=hours * HOUR,
                target=12 * HOUR, due=moment + timedelta(hours=12),
                failed=moment + timedelta(hours=12) if late else None,
            )
        )  # fmt: skip
    return lives


def test_on_a_desk_that_became_quicker_forecasts_are_nearer_to_what_came() -> None:
    lives = hurried(Random(9), 1_200)
    end = lives[-1].due
    found = score(judge(lives, [end - timedelta(hours=7 * n) for n in range(24, 0, -1)], end))
    assert found is not None
    assert found.count > 150
    assert found.off < found.plain_off
    assert found.brier < found.plain


def test_only_what_is_due_by_now_is_judged() -> None:
    """Of what is not due yet the met ones would be known, and the late ones not."""
    lives = hurried(Random(10), 600)
    known = lives[500].began
    moment = known - timedelta(hours=4)
    running = [one for one in lives if one.began < moment < (one.ended or moment)]
    assert any(one.due > known for one in running)
    found = judge(lives, [moment], known)
    asked = [one for one in running if moment < one.due <= known]
    assert len(found) == len(asked)


def test_time_in_which_a_clock_stood_still_was_not_used() -> None:
    hours = [BEGIN + timedelta(hours=n) for n in range(12)]
    life = Life(
        traits=traits(), calendar=AROUND_THE_CLOCK, began=hours[0], ended=hours[11], met=True,
        used=8 * HOUR, target=9 * HOUR, due=hours[11],
        pauses=((hours[2], hours[4]), (hours[6], hours[7])),
    )  # fmt: skip
    assert [life.used_by(hours[n]) / HOUR for n in (1, 3, 4, 6, 7, 9, 11)] == [1, 2, 2, 4, 4, 6, 8]
