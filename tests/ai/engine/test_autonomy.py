"""When a category may draft or send, and when it must not any more."""

import pytest

from ai.engine.autonomy import (
    BARS,
    DRAFT,
    SEND,
    SUGGEST,
    Judged,
    above,
    below,
    lower_bound,
    must_fall,
    nearest,
    only_thanks,
    reached,
)


def cases(right: int, wrong: int = 0, *, confidence: float = 0.8, **more: bool) -> list[Judged]:
    good = [Judged(confidence, True, **more) for _ in range(right)]
    return good + [Judged(confidence, False, bad=True, **more) for _ in range(wrong)]


def test_few_cases_prove_little() -> None:
    assert lower_bound(0, 0) == 0
    assert lower_bound(10, 10) == pytest.approx(0.787, abs=0.001)
    assert lower_bound(50, 50) == pytest.approx(0.949, abs=0.001)
    assert lower_bound(45, 50) == pytest.approx(0.809, abs=0.001)


def test_a_level_asks_for_a_number_of_cases_and_for_their_quality() -> None:
    assert reached(cases(19), DRAFT) is None
    assert reached(cases(20), DRAFT) is not None
    assert reached(cases(12, 8), DRAFT) is None
    assert reached(cases(49), SEND) is None
    assert reached(cases(50), SEND) is not None
    assert reached(cases(46, 4), SEND) is None


def test_the_floor_is_the_lowest_confidence_that_is_good_enough() -> None:
    mixed = cases(60, confidence=0.85) + cases(5, 25, confidence=0.55)
    found = reached(mixed, SEND)
    assert found is not None
    assert found.floor == 0.6
    assert found.cases == 60


def test_tickets_that_come_back_bar_sending() -> None:
    back = [Judged(0.8, True, reopened=True) for _ in range(4)]
    assert reached(cases(56) + back, SEND) is None
    assert nearest(cases(56) + back, SEND).reopened == 4


def test_only_what_was_sent_counts_against_sending() -> None:
    assert must_fall(SEND, cases(0, 20)) == ""
    assert must_fall(SEND, cases(0, 5, sent=True)) == "rejected"
    assert must_fall(SEND, cases(4, 0, sent=True)) == ""


def test_the_newest_answers_decide() -> None:
    old_bad = cases(0, 30, sent=True)
    assert must_fall(SEND, cases(20, sent=True) + old_bad) == ""
    assert must_fall(SEND, cases(14, 0, sent=True) + old_bad) == "rejected"
    back = [Judged(0.9, False, reopened=True, sent=True)] * 2
    assert must_fall(SEND, back + cases(6, sent=True)) == "reopened"


def test_a_draft_falls_when_half_of_them_are_useless() -> None:
    assert must_fall(DRAFT, cases(5, 5)) == ""
    assert must_fall(DRAFT, cases(4, 6)) == "rejected"
    assert must_fall(SUGGEST, cases(0, 50)) == ""


def test_levels_stand_in_a_row() -> None:
    assert (above(SUGGEST), above(DRAFT), above(SEND)) == (DRAFT, SEND, "")
    assert (below(SUGGEST), below(SEND)) == (SUGGEST, DRAFT)
    assert BARS[SEND].cases > BARS[DRAFT].cases


@pytest.mark.parametrize(
    "text", ["Thanks!", "Thank you very much", "Danke, alles gut", "Merci beaucoup", "Gracias"]
)
def test_thanks_are_no_call_for_a_person(text: str) -> None:
    assert only_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks but it does not work",
        "Thanks, it still fails",
        "Danke, aber es geht nicht",
        "Merci mais non",
        "Gracias, pero sigue igual",
        "Thanks, can somebody call me?",
        "I need a person",
    ],
)
def test_thanks_with_a_doubt_are(text: str) -> None:
    assert not only_thanks(text)
