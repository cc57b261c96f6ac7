"""What is shown first among what is equally near, and what is shown once."""

from datetime import timedelta

import pytest

from ai.engine.ranking import Worth, ranked
from ai.engine.retrieve import Found
from ai.engine.types import Hit

YEAR = timedelta(days=365)


def found(
    number: int, score: float = 0.7, kind: str = "ticket", *, text: str = "", organization: int = 1
) -> Found:
    """One object; without a text, its words are nobody else's."""
    payload = {
        "kind": kind,
        "object_id": number,
        "organization_id": organization,
        "title": text or f"title{number}",
        "text": text or f"words{number} of{number} its{number} own{number}",
    }
    hit = Hit(f"{kind}{number}", score, payload, dense=score)
    return Found(kind, number, score, score, "close", (hit,))


def order(rows: list[Found], worths: dict[int, Worth] | None = None) -> list[int]:
    known = {(row.kind, row.object_id): (worths or {}).get(row.object_id, Worth()) for row in rows}
    return [row.object_id for row in ranked(rows, known)]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (Worth(settled=True), Worth()),
        (Worth(helped=8, failed=1), Worth(helped=1)),
        (Worth(), Worth(failed=4)),
        (Worth(opened=90), Worth(opened=2)),
        (Worth(age=YEAR / 12), Worth(age=YEAR * 4)),
        (Worth(settled=True, age=YEAR * 4), Worth(age=timedelta())),
    ],
)
def test_what_is_worth_more_comes_first(better: Worth, worse: Worth) -> None:
    assert order([found(1), found(2)], {1: worse, 2: better}) == [2, 1]


def test_what_is_clearly_nearer_stays_first() -> None:
    best = Worth(settled=True, helped=1_000, opened=100_000, age=timedelta())
    worst = Worth(failed=1_000)
    assert order([found(1, 0.80), found(2, 0.70)], {1: worst, 2: best}) == [1, 2]


def test_what_decides_whether_it_answers_is_left_as_it_was() -> None:
    (one,) = ranked([found(1)], {("ticket", 1): Worth(settled=True)})
    assert (one.similarity, one.score) == (0.7, 0.7)
    assert one.rank == pytest.approx(0.72)


SAID = "The printer on the third floor does not print invoices since the update this morning"


def test_of_tickets_told_alike_the_solved_one_is_shown() -> None:
    rows = [found(1, text=SAID), found(2, text=SAID.lower() + "!"), found(3)]
    assert order(rows, {2: Worth(settled=True)}) == [2, 3]


def test_numbers_tell_two_machines_apart() -> None:
    alarms = ["host srv01 does not answer", "host srv02 does not answer"]
    assert order([found(n, text=text) for n, text in enumerate(alarms)]) == [0, 1]


def test_what_people_call_the_same_is_shown_once() -> None:
    same = Worth(twins="7")
    assert order([found(1), found(2), found(3)], {1: same, 3: same}) == [1, 2]


def test_doubles_are_of_one_kind_and_organization() -> None:
    rows = [
        found(1, text=SAID),
        found(2, text=SAID, organization=2),
        found(3, kind="response", text=SAID),
        found(4, kind="article", text=SAID),
        found(5, kind="article", text=SAID),
    ]
    assert sorted(order(rows)) == [1, 2, 3, 4, 5]


def test_nothing_in_nothing_out() -> None:
    assert ranked([], {}) == []
