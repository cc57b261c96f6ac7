"""Language detection on the texts tickets are made of."""

from __future__ import annotations

import pytest

from ai.engine.language import detect


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("My printer does not work since this morning", "en"),
        ("Der Drucker geht nicht mehr, bitte helfen", "de"),
        ("Bonjour, je ne peux pas me connecter", "fr"),
        ("Hola, no puedo entrar en mi cuenta", "es"),
        ("Il mio computer non si accende", "it"),
        ("Não consigo abrir o meu e-mail desde ontem", "pt"),
        ("Ik kan niet inloggen op mijn laptop", "nl"),
        ("Nie mogę się zalogować do konta", "pl"),
        ("打印机无法工作，请帮忙", "zh"),
        ("プリンターが動きません。助けてください", "ja"),
    ],
)
def test_common_languages_are_recognised(text: str, code: str) -> None:
    found, confidence = detect(text, fallback="xx")
    assert found == code
    assert confidence > 0.5


@pytest.mark.parametrize(
    "text", ["", "hi", "VPN", "12345 67 89", "https://example.org/a/b/c", "?!"]
)
def test_texts_that_say_nothing_fall_back(text: str) -> None:
    assert detect(text, fallback="fr") == ("fr", 0.0)


def test_hostile_text_is_survived() -> None:
    assert detect("\x00\ud800 " * 200_000, fallback="en")[0]
