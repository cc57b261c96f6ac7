"""Articles out of solved tickets in the engine: what belongs together, and the text it makes."""

from collections.abc import Sequence

import pytest

from ai.engine.contradict import apply, contradiction, find_conflicts
from ai.engine.embed import Embedder
from ai.engine.knowledge import Solved, addition, compose, find_groups, has_substance
from tests.ai.engine.solved_cases import NEAR, STEPS, STORIES


def solved(embedder: Embedder, names: Sequence[str] = tuple(STORIES)) -> list[Solved]:
    return embedded(embedder, [one for name in names for one in STORIES[name]])


def embedded(embedder: Embedder, told: Sequence[tuple[str, str, str, str]]) -> list[Solved]:
    asked = embedder.encode([f"{subject}\n{question}" for _, subject, question, _ in told])
    answered = embedder.encode([f"{subject}\n{answer}" for _, subject, _, answer in told])
    return [
        Solved(at + 1, 100 + at, subject, question, answer, language, vector, other)
        for at, ((language, subject, question, answer), vector, other) in enumerate(
            zip(told, asked, answered, strict=True)
        )
    ]


def test_what_tells_one_story_is_one_group_and_its_neighbours_are_not(embedder: Embedder) -> None:
    stories = [(name, one) for name, told in STORIES.items() for one in told]
    near = [(f"near {at}", case[1:]) for at, case in enumerate(NEAR)]
    names = [name for name, _ in stories + near]
    groups = find_groups(embedded(embedder, [case for _, case in stories + near]))
    found = [[names[row.ticket_id - 1] for row in group.rows] for group in groups]
    assert [group for group in found if len(set(group)) > 1] == []
    whole = [group[0] for group in found if len(group) == names.count(group[0])]
    assert {*STORIES} - {*whole} == set()


def test_an_article_has_the_steps_and_says_where_they_come_from(embedder: Embedder) -> None:
    rows = solved(embedder, ["outlook"])
    article = compose(rows, embedder, headings=("Problem", "Solution"))
    assert article.title in {"Outlook search finds nothing", "No search results in Outlook",
                             "Outlook search broken"}  # fmt: skip
    problem, solution = article.body.split("## Solution")
    assert problem.startswith("## Problem")
    assert "Outlook" in problem
    assert "1. Close Outlook.\n2. Open the folder" in solution
    assert "Kind regards" not in article.body
    assert "Hello" not in article.body
    assert set(article.quotes) == {1, 2, 3}
    said = " ".join(f"{row.subject} {row.question} {row.answer}" for row in rows)
    for line in article.body.splitlines():
        if line and not line.startswith("#"):
            told = line.lstrip("123. ").split(". ")[0].rstrip(".").casefold()
            assert told in " ".join(said.split()).casefold()


def test_masked_values_do_not_name_an_article(embedder: Embedder) -> None:
    [first, *_] = solved(embedder, ["badge"])
    row = Solved(1, 1, "RE: Badge of [PERSON_1]", "It is closed for [PERSON_1].", first.answer,
                 "en", first.vector, first.answer_vector)  # fmt: skip
    article = compose([row], embedder, headings=("Problem", "Solution"))
    assert article.title == "Badge of …"


@pytest.mark.parametrize("answer", ["Done.", "Fixed, thanks!", "Kind regards", "Which floor?", ""])
def test_an_answer_that_says_nothing_makes_no_article(answer: str) -> None:
    assert not has_substance(answer)
    assert has_substance(STEPS)


def test_an_article_is_completed_by_what_it_does_not_say(embedder: Embedder) -> None:
    body = "## Solution\n\n1. Close Outlook.\n2. Start Outlook again."
    rows = solved(embedder, ["outlook"])[:1]
    text = addition(body, rows, embedder, heading="If that does not help")
    assert text is not None
    assert text.body.startswith(body)
    assert "## If that does not help" in text.body
    assert "rename the file ending in .ost" in text.body
    assert text.body.count("Close Outlook.") == 1
    whole = f"{body}\n\n{STEPS}"
    assert addition(whole, rows, embedder, heading="More") is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "Enter the port 443 in the VPN client.",
            "In the VPN client the port is 8443.",
            "Enter the port 8443 in the VPN client.",
        ),
        (
            "Use the server mail1.example for sending.",
            "For sending use the server mail2.example from now on.",
            "Use the server mail2.example for sending.",
        ),
        (
            "Wählen Sie am Beamer den Eingang HDMI 1.",
            "Am Beamer bitte den Eingang HDMI 2 wählen.",
            "Wählen Sie am Beamer den Eingang HDMI 2.",
        ),
        (
            "Restart the scanner after the update.",
            "Do not restart the scanner after the update.",
            "Do not restart the scanner after the update.",
        ),
    ],
)
def test_another_value_or_a_not_contradicts(old: str, new: str, expected: str) -> None:
    found = contradiction(old, new)
    assert found is not None
    assert found[1] == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Enter the port 443 in the VPN client.", "The VPN client uses the port 443."),
        ("Enter the port 443 in the VPN client.", "I was at your desk at 10:15 and it works."),
        ("Restart the scanner.", "The printer on floor 3 has new toner."),
        (
            "The badge opens the door but not the cellar: hold it to the reader once.",
            "Hold the badge to the reader at the door once.",
        ),
        ("Call 110 or 112.", "Call 118."),
        ("Use the server mail1.example.", "Use the server [IP_1] instead."),
    ],
)
def test_what_is_about_something_else_does_not_contradict(old: str, new: str) -> None:
    assert contradiction(old, new) is None


def test_several_tickets_have_to_contradict(embedder: Embedder) -> None:
    body = "## VPN\n\n1. Open the VPN client.\n2. Enter the port 443 in the VPN client."
    told = "Please open the VPN client and enter the port 8443 in the VPN client."
    assert find_conflicts(body, [(1, told)], embedder) == []
    [conflict] = find_conflicts(body, [(1, told), (2, told)], embedder)
    assert conflict.tickets == (1, 2)
    assert apply(body, [conflict]) == body.replace("443", "8443")
