"""Questions back, where nothing known answers a short message."""

import pytest

from ai.engine.ask import ask
from ai.engine.frames import FRAMES
from ai.engine.types import Draft, NoDraft


def asked(text: str, **more: str | int) -> str:
    found = ask(text, **more)  # type: ignore[arg-type]
    assert isinstance(found, Draft), found
    assert found.citations == ()
    return found.text


def test_a_problem_is_asked_about_what_it_leaves_open() -> None:
    text = asked("Outlook\nIt does not work.", requester="Alice Signer")
    assert text.startswith("Hello Alice,\n\nThank you")
    assert "screenshot" in text
    assert "Since when" in text
    assert "By when" not in text


def test_what_was_said_is_not_asked() -> None:
    text = asked('Outlook\nSince yesterday it fails with "profile not found".')
    assert "Since when" not in text
    assert "exact wording" not in text


def test_a_screenshot_is_not_asked_for_twice() -> None:
    assert "screenshot" not in asked("Error\nIt crashes, see the picture.", files=1)


def test_a_request_is_asked_for_its_purpose_and_date() -> None:
    text = asked("Signed message\nPlease update my account email.")
    assert "What exactly do you need" in text
    assert "By when" in text
    assert "screenshot" not in text


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("de", "Drucker\nDer Drucker geht nicht.", "Seit wann"),
        ("fr", "Imprimante\nElle ne marche pas.", "Depuis quand"),
        ("es", "Impresora\nNo funciona.", "Desde cuándo"),
        ("ja", "Printer\nIt does not work.", "Since when"),
    ],
)
def test_it_asks_in_the_language_of_the_requester(language: str, text: str, words: str) -> None:
    assert words in asked(text, language=language)


def test_a_long_story_is_not_asked_again() -> None:
    found = ask("Printer\n" + "The printer on our floor stopped in the morning. " * 9)
    assert isinstance(found, NoDraft)


def test_a_message_that_says_everything_is_not_asked() -> None:
    text = "VPN\nSince today all of us get error 0x80070035"
    assert isinstance(ask(text), NoDraft)


@pytest.mark.parametrize("text", ["", "\x00\ud800", "((((" * 20_000, "no " * 30])
@pytest.mark.parametrize("language", ["", "x", *FRAMES])
def test_any_text_gets_questions_or_a_reason(text: str, language: str) -> None:
    assert isinstance(ask(text, language=language), Draft | NoDraft)
