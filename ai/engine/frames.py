"""Greeting and closing of an answer, in the requester's language and the helpdesk's manner."""

from __future__ import annotations

from dataclasses import dataclass

from ai.engine.manner import FORMAL, FRIENDLY, PLAIN, USUAL, Manner


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


# Language -> frame in the plain tone, with the formal address where there are two.
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
# (language, tone, informal) -> the other frames. A formal tone with the informal address is the
# plain one; English has one address.
_OTHERS = {
    ("en", FORMAL, False): Frame(
        "en",
        "Dear {name},",
        "Dear Sir or Madam,",
        "Should this not resolve it, please reply to this message and we will look into it.",
        "Yours sincerely",
    ),
    ("en", FRIENDLY, False): Frame(
        "en",
        "Hi {name},",
        "Hi,",
        "If this doesn't do it, just reply and we'll look at it together.",
        "Best regards",
        first_name=True,
    ),
    ("de", FORMAL, False): Frame(
        "de",
        "Guten Tag {name},",
        "Sehr geehrte Damen und Herren,",
        "Sollte Ihnen dies nicht weiterhelfen, antworten Sie bitte auf diese Nachricht. "
        "Wir prüfen Ihr Anliegen dann.",
        "Mit freundlichen Grüßen",
    ),
    ("de", FRIENDLY, False): Frame(
        "de",
        "Hallo {name},",
        "Hallo,",
        "Falls das nicht hilft, antworten Sie einfach auf diese Nachricht. "
        "Wir schauen es uns dann gemeinsam an.",
        "Viele Grüße",
    ),
    ("de", PLAIN, True): Frame(
        "de",
        "Hallo {name},",
        "Hallo,",
        "Falls das nicht hilft, antworte auf diese Nachricht. Wir sehen es uns dann an.",
        "Freundliche Grüße",
        first_name=True,
    ),
    ("de", FRIENDLY, True): Frame(
        "de",
        "Hallo {name},",
        "Hallo,",
        "Falls das nicht hilft, antworte einfach auf diese Nachricht. "
        "Wir schauen es uns dann gemeinsam an.",
        "Viele Grüße",
        first_name=True,
    ),
    ("fr", FORMAL, False): Frame(
        "fr",
        "Bonjour {name},",
        "Madame, Monsieur,",
        "Si cela ne suffit pas, nous vous prions de répondre à ce message ; "
        "nous examinerons votre demande.",
        "Salutations distinguées",
    ),
    ("fr", FRIENDLY, False): Frame(
        "fr",
        "Bonjour {name},",
        "Bonjour,",
        "Si cela ne suffit pas, répondez simplement à ce message et nous regarderons ensemble.",
        "Bien à vous",
    ),
    ("fr", PLAIN, True): Frame(
        "fr",
        "Bonjour {name},",
        "Bonjour,",
        "Si cela ne suffit pas, réponds à ce message et nous examinerons le problème.",
        "Cordialement",
        first_name=True,
    ),
    ("fr", FRIENDLY, True): Frame(
        "fr",
        "Bonjour {name},",
        "Bonjour,",
        "Si cela ne suffit pas, réponds simplement à ce message et nous regarderons ensemble.",
        "Bien à toi",
        first_name=True,
    ),
    ("es", FORMAL, False): Frame(
        "es",
        "Estimado/a {name}:",
        "Buenos días:",
        "Si esto no lo resolviera, le rogamos que responda a este mensaje y lo revisaremos.",
        "Atentamente",
    ),
    ("es", FRIENDLY, False): Frame(
        "es",
        "Hola, {name}:",
        "Hola:",
        "Si esto no lo resuelve, responda sin más a este mensaje y lo miramos juntos.",
        "Saludos",
    ),
    ("es", PLAIN, True): Frame(
        "es",
        "Hola, {name}:",
        "Hola:",
        "Si esto no lo resuelve, responde a este mensaje y lo revisaremos.",
        "Saludos cordiales",
        first_name=True,
    ),
    ("es", FRIENDLY, True): Frame(
        "es",
        "Hola, {name}:",
        "Hola:",
        "Si esto no lo resuelve, responde sin más a este mensaje y lo miramos juntos.",
        "Saludos",
        first_name=True,
    ),
}  # fmt: skip
# Languages with a formal and an informal address.
TWO_ADDRESSES = frozenset(language for language, _tone, informal in _OTHERS if informal)


def frame_for(language: str, manner: Manner = USUAL) -> Frame:
    """Return the frame of a language in a manner, the English one where there is none."""
    code = language[:2].lower() if language[:2].lower() in FRAMES else "en"
    informal = manner.informal and code in TWO_ADDRESSES
    tone = PLAIN if informal and manner.tone == FORMAL else manner.tone
    return _OTHERS.get((code, tone, informal), FRAMES[code])


def in_frame(language: str, sentence: str) -> bool:
    """Tell whether a sentence belongs to any frame of a language and so needs no source."""
    usual = frame_for(language)
    others = (frame for (code, *_), frame in _OTHERS.items() if code == usual.language)
    return any(frame.contains(sentence) for frame in (usual, *others))
