"""The requester's mood, by their own words alone."""

import pytest

from ai.engine.mood import mood_of

SAID = [
    ("angry", "This is unacceptable, nobody calls me back.", "unacceptable"),
    ("angry", "Das ist eine Frechheit.", "Frechheit"),
    ("angry", "C'est inadmissible, trois jours sans réseau.", "inadmissible"),
    ("angry", "Es inaceptable, llevo tres días sin correo.", "inaceptable"),
    ("impatient", "Any news? I cannot print.", "Any news"),
    ("impatient", "Ich warte immer noch auf eine Antwort.", "warte immer"),
    ("impatient", "J'attends toujours une réponse.", "J'attends toujours"),
    ("impatient", "Sigo esperando una respuesta.", "Sigo esperando"),
    ("worried", "I am worried that the files are gone.", "worried"),
    ("worried", "Ich mache mir Sorgen um die Daten.", "mache mir Sorgen"),
    ("worried", "Je suis inquiète pour mes fichiers.", "inquiète"),
    ("worried", "Estoy preocupado por los datos.", "preocupado"),
    ("thankful", "It works again, thank you!", "works again"),
    ("thankful", "Super, es funktioniert wieder.", "Super"),
    ("thankful", "Parfait, merci !", "Parfait"),
    ("thankful", "Ya funciona, gracias.", "Ya funciona"),
    ("calm", "The printer on floor two does not print. Many thanks in advance.", ""),
    ("calm", "Der Drucker druckt nicht. Vielen Dank im Voraus.", ""),
    ("calm", "L'imprimante ne marche pas. Merci d'avance.", ""),
    ("calm", "La impresora no funciona. Gracias de antemano.", ""),
    ("calm", "", ""),
]


@pytest.mark.parametrize(("name", "text", "words"), SAID)
def test_words_tell_it_in_four_languages(name: str, text: str, words: str) -> None:
    found = mood_of([text])
    assert (found.name, found.words) == (name, words)


def test_the_newest_message_counts() -> None:
    assert mood_of(["This is unacceptable!", "It works now, thanks."]).name == "thankful"
    assert mood_of(["It works now.", "  "]).name == "thankful"
    assert mood_of([]).name == "calm"
