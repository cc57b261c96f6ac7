"""When a step is decided (pure)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.approval_rules import Tally, needed, tally


@pytest.mark.parametrize(
    ("quorum", "people", "yes", "no", "result"),
    [
        (1, 3, 0, 0, Tally.OPEN),
        (1, 3, 1, 0, Tally.YES),
        (1, 3, 0, 2, Tally.OPEN),
        (1, 3, 0, 3, Tally.NO),
        (2, 3, 1, 1, Tally.OPEN),
        (2, 3, 1, 2, Tally.NO),
        (0, 3, 2, 0, Tally.OPEN),
        (0, 3, 3, 0, Tally.YES),
        (0, 3, 0, 1, Tally.NO),
        (5, 2, 2, 0, Tally.YES),  # some left since: all who remain
    ],
)
def test_enough_or_no_longer_enough(
    quorum: int, people: int, yes: int, no: int, result: Tally
) -> None:
    assert tally(quorum=quorum, people=people, yes=yes, no=no) is result


@pytest.mark.parametrize(("people", "yes", "no"), [(0, 0, 0), (2, 2, 1), (2, -1, 0)])
def test_impossible_counts_are_refused(people: int, yes: int, no: int) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        tally(quorum=1, people=people, yes=yes, no=no)


@given(st.integers(0, 8), st.lists(st.booleans(), min_size=1, max_size=8))
def test_every_order_of_answers_ends_once_and_never_turns(quorum: int, answers: list[bool]) -> None:
    people = len(answers)
    seen = [
        tally(quorum=quorum, people=people, yes=sum(answers[:n]), no=n - sum(answers[:n]))
        for n in range(people + 1)
    ]
    decided = [one for one in seen if one is not Tally.OPEN]
    assert len(set(decided)) == 1
    assert (decided[0] is Tally.YES) == (sum(answers) >= needed(quorum, people))
