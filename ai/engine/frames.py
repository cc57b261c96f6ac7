"""Greeting and closing of an answer, in the requester's language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """The words around an answer; {name} stands for the requester."""

    language: str
    greeting: str
    greeting_unnamed: str
    offer: str
    regards: str
    # Whether a first name alone is polite in this language at work.
    first_name: bool = False

    def greet(self, name: str) -> str:
        """Return the first line of an answer; an address is no name to greet by."""
        words = [] if "@" in name else name.split()
        if not words:
            return self.greeting_unnamed
        return self.greeting.format(name=words[0] if self.first_name else " ".join(words))

    def close(self, signature: str) -> str:
        """Return the last lines of an answer."""
        signed = f"\n{signature.strip()}" if signature.strip() else ""
        return f"{self.offer}\n\n{self.regards}{signed}"

    def contains(self, sentence: str) -> bool:
        """Tell whether a sentence belongs to the frame and so needs no source."""
        return sentence in self.offer or sentence in (self.regards, self.greeting_unnamed)


FRAMES = {
    "en": Frame(
        "en",
        "Hello {name},",
        "Hello,",
        "If this does not help, reply to this message and we will look into it.",
        "Kind regards",
        first_name=True,
    ),
    "de": Frame(
        "de",
        "Guten Tag {name},",
        "Guten Tag,",
        "Falls das nicht hilft, antworten Sie auf diese Nachricht. Wir sehen es uns dann an.",
        "Freundliche Grüße",
    ),
    "fr": Frame(
        "fr",
        "Bonjour {name},",
        "Bonjour,",
        "Si cela ne suffit pas, répondez à ce message et nous examinerons le problème.",
        "Cordialement",
    ),
    "es": Frame(
        "es",
        "Hola, {name}:",
        "Hola:",
        "Si esto no lo resuelve, responda a este mensaje y lo revisaremos.",
        "Saludos cordiales",
    ),
}


def frame_for(language: str) -> Frame:
    """Return the frame of a language, the English one where there is none."""
    return FRAMES.get(language[:2].lower(), FRAMES["en"])
