"""A conversation summed up in its own words."""

from ai.engine.summary import DESK, NOTE, REQUESTER, Line, summarize

OPENING = (
    "Hello,\n\nsince Monday the label printer in hall two prints every label twice. "
    "We changed the roll yesterday. Lunch was nice. The shipping department waits for the labels."
)


def talk(*more: tuple[str, str]) -> list[Line]:
    rows = [(REQUESTER, OPENING), *more]
    return [Line(who, text, 10 + number) for number, (who, text) in enumerate(rows)]


def test_it_says_what_it_is_about_in_the_requesters_words() -> None:
    found = summarize(talk())
    assert any("label printer in hall two" in point.text for point in found.points)
    assert all(point.text in OPENING.replace("\n", " ") for point in found.points)
    assert found.points[0].key == 10
    assert found.step == "answer"
    assert found.mood.name == "calm"


def test_greetings_and_thanks_are_no_points() -> None:
    found = summarize([Line(REQUESTER, "Hello,\n\nThanks a lot!\n\nKind regards", 1)])
    assert found.points == ()


def test_the_newest_word_of_each_side_is_there_in_order() -> None:
    lines = talk(
        (DESK, "Please hold the feed key for three seconds."),
        (NOTE, "The firmware of this model counts the gap twice."),
        (REQUESTER, "The feed key did not help, the labels are still printed twice."),
    )
    found = summarize(lines)
    assert [point.key for point in found.points] == sorted(point.key for point in found.points)
    said = " ".join(point.text for point in found.points)
    assert "feed key did not help" in said
    assert "firmware" in said


def test_a_question_is_open_until_the_other_side_writes() -> None:
    asked = talk((DESK, "Which size stands on the core of the roll?"))
    found = summarize(asked)
    assert [point.text for point in found.questions] == [
        "Which size stands on the core of the roll?"
    ]
    assert found.step == "wait_answer"
    answered = talk(
        (DESK, "Which size stands on the core of the roll?"), (REQUESTER, "It says 100 x 148.")
    )
    assert summarize(answered).questions == ()


def test_a_requesters_question_in_another_language_is_found() -> None:
    lines = [Line(REQUESTER, "Der Drucker druckt alles doppelt. Wann kommt jemand vorbei?", 1)]
    found = summarize(lines)
    assert [point.text for point in found.questions] == ["Wann kommt jemand vorbei?"]
    assert found.step == "answer"


def test_notes_are_nobodys_turn() -> None:
    lines = talk((DESK, "We replaced the roll."), (NOTE, "Did anybody order rolls?"))
    found = summarize(lines)
    assert found.step == "wait"
    assert found.questions == ()


def test_a_solved_ticket_needs_nothing() -> None:
    assert summarize(talk(), is_settled=True).step == "settled"


def test_an_empty_conversation_has_an_empty_summary() -> None:
    assert summarize([]).points == ()
