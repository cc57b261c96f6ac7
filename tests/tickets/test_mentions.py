"""Who is meant by `@Name` (pure)."""

import pytest

from tickets.mentions import MOST, Mentionable, mentioned

ALICE = Mentionable(1, "Alice Agent", "alice@nordwerk.example")
BOB = Mentionable(2, "Bob Lead", "bob@nordwerk.example")
BOBBY = Mentionable(3, "Bobby", "bobby.t@nordwerk.example")
OTHER_ALICE = Mentionable(4, "Alice Agent", "alice@lumen.example")
NAMELESS = Mentionable(5, "", "jo@nordwerk.example")
EVERYBODY = [ALICE, BOB, BOBBY, NAMELESS]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("@alice please look", [1]),
        ("@Alice Agent please look", [1]),
        ("@ALICE AGENT: look", [1]),
        ("Ask @bob, then @alice.", [2, 1]),
        ("@bob @bob @Bob Lead", [2]),
        ("@bobby", [3]),
        ("@bobby.t", [3]),
        ("(@jo)", [5]),
        ("ask @bob.", [2]),
        ("@bobx @alicea", []),
        ("@bob.lead @alice@lumen.example", []),
        ("mail alice@nordwerk.example or x@bob", []),
        ("@@bob @ bob @", []),
        ("`@bob` and ```\n@alice\n```", []),
        ("``` @alice never closed", []),
        ("@nobody", []),
        ("", []),
        ("@Alice Agentin", [1]),
    ],
)
def test_only_whole_names_count(text: str, ids: list[int]) -> None:
    assert mentioned(text, EVERYBODY) == ids


def test_a_name_that_two_people_share_names_neither() -> None:
    people = [ALICE, OTHER_ALICE]
    assert mentioned("@alice @Alice Agent", people) == []


def test_umlauts_and_case_are_folded() -> None:
    person = Mentionable(7, "Jörg Weiß", "joerg@x.example")
    assert mentioned("@jörg weiss", [person]) == [7]


def test_a_huge_text_full_of_marks_stays_quick_and_bounded() -> None:
    people = [Mentionable(i, f"Person {i}", f"p{i}@x.example") for i in range(300)]
    text = " ".join(f"@p{i}" for i in range(300)) + " @" * 50_000
    assert len(mentioned(text, people)) == MOST
