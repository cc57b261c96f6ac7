"""The forecast's estimate, by hand and on desks whose truth is known."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tickets.business_time import AROUND_THE_CLOCK
from tickets.sla_backtest import Judged, Life, judge, score
from tickets.sla_forecast import (
    HIGH,
    NEEDED,
    Case,
    Loads,
    Past,
    Traits,
    curve,
    from_content,
    learn,
    ratio,
    to_content,
)

HOUR = 3600.0
KIND = "customer:resolution"
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
FAR = datetime(2028, 1, 5, tzinfo=UTC)


def traits(**changes: str) -> Traits:
    values = {"kind": KIND, "priority": "medium", "team": "1", "category": "2", "source": "email"}
    return Traits(**(values | changes))


def past(hours: float, *, ended: bool = True, load: float = 1.0, **changes: str) -> Past:
    return Past(traits=traits(**changes), used=hours * HOUR, ended=ended, load=load)


def case(used: float, target: float, *, load: float = 1.0, **changes: str) -> Case:
    return Case(traits=traits(**changes), used=used * HOUR, target=target * HOUR, load=load)


def test_the_curve_is_the_product_limit_estimate() -> None:
    """The textbook's way: 1, 2+, 3, 3, 5+ (a plus is censored)."""
    found = curve([(5, False), (3, True), (1, True), (2, False), (3, True)])
    assert found.survival(0.5) == 1
    assert found.survival(1) == pytest.approx(4 / 5)
    assert found.survival(2.5) == pytest.approx(4 / 5)
    assert found.survival(3) == pytest.approx(4 / 5 * 1 / 3)
    assert found.survival(99) == pytest.approx(4 / 15)
    assert [found.at_risk(t) for t in (0, 1, 2, 3, 5)] == [5, 4, 3, 1, 0]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=60))
def test_survival_falls_from_one_and_never_below_zero(durations: list[tuple[int, bool]]) -> None:
    found = curve([(float(seconds), ended) for seconds, ended in durations])
    shares = [found.survival(float(t)) for t in range(-1, 52)]
    assert shares[0] == 1
    assert all(0 <= later <= earlier for earlier, later in pairwise(shares))
    if all(ended for _seconds, ended in durations):
        for t in range(52):
            empirical = sum(seconds > t for seconds, _ in durations) / len(durations)
            assert found.survival(float(t)) == pytest.approx(empirical)


def test_many_clocks_keep_their_shape_in_few_steps() -> None:
    rng = Random(1)
    durations = [(rng.expovariate(1 / 10), True) for _ in range(5_000)]
    found = curve(durations)
    assert len(found.times) <= 128
    for t in (1.0, 5.0, 10.0, 25.0):
        exact = sum(seconds > t for seconds, _ in durations) / len(durations)
        assert found.survival(t) == pytest.approx(exact, abs=0.012)


def test_too_little_history_says_nothing() -> None:
    few = learn([past(1 + n) for n in range(NEEDED - 1)])
    assert few.outlook(case(0, 10)) is None
    enough = learn([past(1 + n) for n in range(NEEDED)])
    assert enough.outlook(case(0, 10)) is not None
    assert enough.outlook(case(0, 10, kind="customer:first_response")) is None
    # Nobody ever waited this long.
    assert enough.outlook(case(500, 600)) is None


def test_clocks_that_never_ended_are_no_events() -> None:
    assert learn([past(1 + n, ended=False) for n in range(200)]).outlook(case(0, 10)) is None


def test_the_longer_it_waits_the_likelier_it_fails() -> None:
    rng = Random(2)
    history = learn([past(rng.uniform(0, 20)) for _ in range(400)])
    risks = []
    for used in (0, 4, 8, 9.9):
        found = history.outlook(case(used, 10))
        assert found is not None
        risks.append(found.risk)
    assert risks == sorted(risks)
    assert risks[0] == pytest.approx(0.5, abs=0.06)
    assert risks[-1] > 0.9


def test_a_team_is_judged_by_its_own_clocks_where_there_are_enough() -> None:
    slow = [past(20 + n % 5, team="slow") for n in range(200)]
    quick = [past(1 + n % 5, team="quick") for n in range(200)]
    history = learn(slow + quick)
    bad, good = (
        history.outlook(case(0, 10, team="slow")),
        history.outlook(case(0, 10, team="quick")),
    )
    assert bad is not None
    assert good is not None
    assert bad.risk > 0.9 > 0.1 > good.risk
    assert (bad.alike, bad.longer, bad.depth) == (200, 200, 5)
    # A team that nobody knows is judged by all.
    new = history.outlook(case(0, 10, team="new"))
    assert new is not None
    assert (new.depth, new.alike) == (2, 400)
    assert new.risk == pytest.approx(0.5, abs=0.02)


def test_a_few_clocks_are_drawn_towards_the_many() -> None:
    many = [past(1, team="quick") for _ in range(300)]
    few = [past(20, team="slow") for _ in range(18)]
    found = learn(many + few).outlook(case(0, 10, team="slow"))
    assert found is not None
    assert 0.2 < found.risk < 0.9


def test_load_counts_as_far_as_durations_followed_it() -> None:
    rng = Random(3)
    loads = [rng.choice((0.5, 1.0, 2.0)) for _ in range(900)]
    follows = learn([past(rng.uniform(4, 10) * load, load=load) for load in loads])
    deaf = learn([past(rng.uniform(4, 10), load=load) for load in loads])
    assert follows.power[KIND] == pytest.approx(1, abs=0.12)
    assert deaf.power[KIND] < 0.05
    calm, busy = follows.outlook(case(0, 9)), follows.outlook(case(0, 9, load=2))
    assert calm is not None
    assert busy is not None
    assert busy.risk > calm.risk + 0.4
    same = deaf.outlook(case(0, 9, load=2))
    assert same is not None
    assert same.load == 1.0


def test_a_load_beyond_what_was_seen_counts_as_the_highest() -> None:
    rng = Random(4)
    history = learn([past(rng.uniform(1, 9) * n, load=n) for n in (1, 2, 3) for _ in range(99)])
    most, beyond = history.outlook(case(0, 9, load=HIGH)), history.outlook(case(0, 9, load=50))
    assert most is not None
    assert beyond is not None
    assert most.risk == beyond.risk


def test_a_history_survives_being_stored() -> None:
    rng = Random(5)
    history = learn([past(rng.uniform(0, 20), team=rng.choice("ab")) for _ in range(300)])
    again = from_content(json.loads(json.dumps(to_content(history))))
    first, second = history.outlook(case(3, 10, team="a")), again.outlook(case(3, 10, team="a"))
    assert first is not None
    assert second is not None
    assert second.risk == pytest.approx(first.risk, abs=0.002)


def test_loads_are_the_open_tickets_of_a_moment() -> None:
    hours = [BEGIN + timedelta(hours=n) for n in range(5)]
    loads = Loads.of([(hours[0], hours[2]), (hours[1], None), (hours[1], hours[3])])
    assert [loads.at(hour) for hour in hours] == [1, 3, 2, 1, 1]
    assert ratio(3, 1) == 2


def a_desk(rng: Random, count: int, *, busy_effect: float) -> list[Life]:
    """A desk of two teams whose tickets take longer the more of them are open."""
    lives: list[Life] = []
    moment = BEGIN
    running: list[datetime] = []
    for _ in range(count):
        moment += timedelta(hours=rng.expovariate(1 / 0.6))
        running = [end for end in running if end > moment]
        team = rng.choice(("1", "2"))
        base = rng.lognormvariate(1.6 if team == "1" else 2.4, 0.6)
        hours = base * (1 + busy_effect * len(running) / 20)
        end = moment + timedelta(hours=hours)
        running.append(end)
        target = 12 * HOUR
        late = moment + timedelta(hours=12) if hours > 12 else None
        lives.append(
            Life(
                traits=traits(team=team), calendar=AROUND_THE_CLOCK, began=moment, ended=end,
                met=True, used=hours * HOUR, target=target, failed=late,
                due=moment + timedelta(hours=12),
            )
        )  # fmt: skip
    return lives


@pytest.mark.parametrize("busy_effect", [0.0, 1.0])
def test_forecasts_are_calibrated_on_desks_whose_truth_is_known(busy_effect: float) -> None:
    lives = a_desk(Random(11), 2_500, busy_effect=busy_effect)
    end = lives[-1].began
    moments = [end - timedelta(hours=8 * n) for n in range(20, 2, -1)]
    found = score(judge(lives, moments, lives[-1].due))
    assert found is not None
    assert found.count > 200
    assert found.brier < found.base
    assert found.brier < found.hindsight
    # Each forecast's probability is about what came; small bins scatter by chance.
    for one in found.bins:
        if one.count >= 60:
            assert one.came == pytest.approx(one.said, abs=0.16)


def test_the_back_test_knows_nothing_of_the_future() -> None:
    """What ends after the moment must not change what is forecast at it."""
    lives = a_desk(Random(12), 400, busy_effect=0)
    moment = lives[300].began
    later = timedelta(hours=500)
    other = [
        replace(life, ended=life.ended + later, used=life.used + 500 * HOUR)
        if life.ended is not None and life.ended > moment
        else life
        for life in lives
    ]
    said = [one.risk for one in judge(lives, [moment], FAR)]
    assert len(said) > 3
    assert [one.risk for one in judge(other, [moment], FAR)] == said


def test_the_score_is_briers() -> None:
    told = ((0.8, 1), (0.2, 0), (0.3, 1))
    found = score([Judged(KIND, risk, 0.5, late, 0.5) for risk, late in told])
    assert found is not None
    assert found.brier == pytest.approx((0.04 + 0.04 + 0.49) / 3)
    assert found.base == found.plain == pytest.approx(0.25)
    assert found.off == pytest.approx((0.2 + 0.2 + 0.7) / 3)
    assert found.plain_off == pytest.approx(1 / 6)
    assert [one.count for one in found.bins] == [1, 1, 1]
    assert score([]) is None
