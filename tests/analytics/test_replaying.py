"""A past under other agreements or with other people: judged by the clocks' own rules."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from analytics.replaying import Outcome, Told, shifted, verdicts
from tickets.business_time import AROUND_THE_CLOCK, WorkCalendar
from tickets.sla_replay import Happening
from tickets.sla_rules import Agreement, Facts, Said

TEN = datetime(2026, 6, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAYS = WorkCalendar(zone="UTC", week=(((480, 1080),),) * 5 + ((), ()))
STORY = [
    Told(Happening(at=TEN, facts=Facts()), "medium", True),
    Told(Happening(at=TEN + HOUR, facts=Facts(), said=Said.REQUESTER), "medium", True),
    Told(Happening(at=TEN + 3 * HOUR, facts=Facts(responded=True), said=Said.DESK), "high", True),
    Told(Happening(at=TEN + 9 * HOUR, facts=Facts(settled=True, responded=True)), "high", True),
]
END = TEN + timedelta(days=2)


def covers(
    first: float, last: float, high: float = 99
) -> Callable[[str, bool], dict[str, Agreement]]:
    def found(priority: str, has_team: bool) -> dict[str, Agreement]:
        limit = high if priority == "high" else last
        targets = {"first_response": first * HOUR, "resolution": limit * HOUR}
        return {"customer": Agreement(policy_id=1, calendar=AROUND_THE_CLOCK, targets=targets)}

    return found


def test_a_shorter_time_would_have_been_missed() -> None:
    kept = {"customer:first_response": False, "customer:resolution": False}
    assert verdicts(STORY, covers(4, 20), END) == kept
    assert verdicts(STORY, covers(2, 20), END) == kept | {"customer:first_response": True}


def test_the_priority_of_the_time_counts() -> None:
    assert verdicts(STORY, covers(4, 20, high=8), END)["customer:resolution"]


def test_what_is_still_open_is_late_only_once_its_time_is_over() -> None:
    assert verdicts(STORY[:1], covers(4, 100), END) == {"customer:first_response": True}


def test_more_people_move_the_desk_and_not_the_requester() -> None:
    moved = [one.happening.at for one in shifted(STORY, AROUND_THE_CLOCK, 2 * HOUR)]
    assert moved == [TEN, TEN + HOUR, TEN + HOUR, TEN + 7 * HOUR]
    later = [one.happening.at for one in shifted(STORY, AROUND_THE_CLOCK, -2 * HOUR)]
    assert later == [TEN, TEN + HOUR, TEN + 5 * HOUR, TEN + 11 * HOUR]
    # Nothing before the ticket came in; in business time over night.
    soon = [one.happening.at for one in shifted(STORY, AROUND_THE_CLOCK, 99 * HOUR)]
    assert soon == [TEN, TEN + HOUR, TEN + HOUR, TEN + HOUR]
    over = [one.happening.at for one in shifted(STORY, DAYS, -5 * HOUR)]
    assert over[-1] == datetime(2026, 6, 3, 12, tzinfo=UTC)


def test_nobody_moved_is_nothing_moved() -> None:
    assert shifted(STORY, DAYS, timedelta(0)) == STORY


def test_the_outcome_counts_both_ways() -> None:
    outcome = Outcome()
    outcome.add(1, "2026-06-01", "Network", {"customer:resolution": True}, {})
    outcome.add(2, "2026-06-01", "", {"customer:resolution": False}, {"customer:resolution": False})
    outcome.check({"customer:resolution": True}, {"customer:resolution": False})
    found = outcome.as_json()
    assert found["weeks"] == [["2026-06-01", 2, 1, 0]]
    assert found["teams"] == [["", 1, 0, 0], ["Network", 1, 1, 0]]
    assert found["changed"] == [[1, "customer:resolution", True, False]]
    assert (found["known"], found["alike"]) == (1, 0)
