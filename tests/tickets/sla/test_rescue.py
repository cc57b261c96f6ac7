"""What would help a ticket that will be late: judged by the same history, the cheapest first."""

from dataclasses import replace
from random import Random

from tickets.sla_forecast import Case, History, Past, Traits, learn
from tickets.sla_rescue import Hands, Move, Situation, rescues

HOUR = 3600.0
FIRST, LAST = "customer:first_response", "customer:resolution"
FREE = Hands(pk=7, name="Fay", open=1, why="least busy of 3 present")


def case(kind: str, used: float, target: float, *, load: float = 1.0) -> Case:
    return Case(
        traits=Traits(kind=kind, priority="medium", team="1"),
        used=used * HOUR, target=target * HOUR, load=load,
    )  # fmt: skip


def history(*, follows_load: bool = True) -> History:
    """First answers take up to 6 h, solutions up to 40 h; those of high priority a quarter."""
    rng = Random(5)
    pasts = []
    for kind, most in ((FIRST, 6.0), (LAST, 40.0)):
        for priority, share in (("medium", 1.0), ("high", 0.25)):
            for _ in range(300):
                load = rng.choice((0.4, 1.0, 2.5)) if follows_load else 1.0
                traits = Traits(kind=kind, priority=priority, team="1")
                used = rng.uniform(0.2, most) * share * load * HOUR
                pasts.append(Past(traits=traits, used=used, ended=True, load=load))
    return learn(pasts)


def situation(*cases: Case, **changes: object) -> Situation:
    start = Situation(cases=cases, held=9, free=None, targets={})
    return replace(start, **changes)  # type: ignore[arg-type]


def test_an_answer_is_the_cheapest_where_an_answer_is_what_is_late() -> None:
    found = rescues(history(), situation(case(FIRST, 3.5, 4), case(LAST, 3.5, 60), free=FREE))
    assert found[0].move is Move.ANSWER
    assert found[0].is_cheapest
    assert found[0].after is not None
    assert found[0].after < 0.2 < 0.6 < found[0].before
    assert [one.is_cheapest for one in found].count(True) == 1


def test_an_answer_helps_nothing_where_the_solution_is_late() -> None:
    found = rescues(history(), situation(case(FIRST, 1, 6), case(LAST, 30, 32)))
    assert Move.ANSWER not in [one.move for one in found]


def test_somebody_with_less_to_do_helps_where_durations_follow_the_load() -> None:
    late = case(LAST, 5, 20, load=2)
    [one] = rescues(history(), situation(late, free=FREE))
    assert (one.move, one.to) == (Move.ASSIGN, FREE)
    assert one.after is not None
    assert one.after < one.before - 0.2
    # Somebody who has as much to do is no help.
    assert rescues(history(), situation(late, held=1, free=FREE)) == []


def test_a_desk_that_does_not_feel_its_load_gains_nothing_by_it() -> None:
    deaf = history(follows_load=False)
    late = case(LAST, 30, 34, load=2)
    assert rescues(deaf, situation(late, free=FREE)) == []
    # But where nobody works on it, somebody should; by how much that helps is not known.
    for nobody in ({"unheld": True}, {"holder_away": True}):
        [one] = rescues(deaf, situation(late, free=FREE, **nobody))
        assert (one.move, one.after, one.is_cheapest) == (Move.ASSIGN, None, True)


def test_a_higher_priority_is_offered_with_its_own_times() -> None:
    late = case(LAST, 1, 20)
    [one] = rescues(history(), situation(late, higher="high", targets={LAST: 15 * HOUR}))
    assert (one.move, one.priority) == (Move.RAISE, "high")
    assert one.after is not None
    assert one.after < one.before


def test_a_higher_priority_whose_time_is_over_is_no_rescue() -> None:
    late = case(LAST, 10, 20)
    for target in (10 * HOUR, 2 * HOUR):
        assert rescues(history(), situation(late, higher="high", targets={LAST: target})) == []
    # Nor one for which nothing is agreed.
    assert rescues(history(), situation(late, higher="high")) == []


def test_without_a_history_there_is_nothing_to_offer() -> None:
    assert rescues(History(), situation(case(LAST, 30, 32), free=FREE)) == []
