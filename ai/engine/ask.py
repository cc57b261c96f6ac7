"""Ask for what a short ticket leaves open, where nothing known answers it.

"It does not work" has no answer in any knowledge base, and yet an agent writes the same lines
back every time. The questions are fixed sentences in the requester's language; which of them are
asked follows from cues of the text alone. Nothing is claimed, so nothing needs a source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ai.engine.frames import FRAMES, frame_for
from ai.engine.manner import USUAL, Manner
from ai.engine.types import Draft, NoDraft

# A longer text has told its story: what is missing there, cues cannot say.
MOST_WORDS = 40
# An answer on the way of one question alone is seldom held up by it.
FEWEST_QUESTIONS = 2
CONFIDENCE = 0.5
SOURCE = "questions"


def _cue(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)


_PROBLEM = _cue(
    r"errors?|fail(?:s|ed|ure)?|(?:not|n't) (?:work|start|open|print|load|connect)\w*|broken",
    r"crash\w*|problems?|issues?|slow|stuck|freez\w+|cannot|can't|cant|unable|mess|down",
    r"fehler\w*|(?:geht|funktioniert|startet|lädt|druckt|öffnet)(?: \w+){0,3} nicht|kaputt",
    r"(?:probleme?|störung|abgestürzt|langsam|hängt|defekt)",
    r"erreurs?|(?:ne|n')(?: ?\w+){1,3} (?:pas|plus)|problèmes?|en panne|bloqué\w*|lente?",
    r"errore?s?|no (?:funciona|abre|arranca|imprime|carga|conecta)\w*|problemas?",
    r"fall[ao]s?|lent[oa]",
)
_WHEN = _cue(
    r"since|yesterday|today|this morning|last (?:week|night|month)|monday|tuesday|wednesday",
    r"thursday|friday|for \w+ (?:days?|hours?|weeks?)|always|again|seit|gestern|heute|immer",
    r"depuis|hier|aujourd'hui|ce matin|toujours|desde|ayer|hoy|esta mañana|siempre",
    r"\d{1,2}[:.]\d{2}|\d{1,2}[./]\d{1,2}(?:[./]\d{2,4})?|\d{4}-\d{2}-\d{2}",
)
_REACH = _cue(
    r"every(?:one|body)|colleagues?|only me|just me|(?:all|both) of us|team|department|we",
    r"alle|kolleg\w+|nur ich|nur bei mir|abteilung|wir",
    r"tous|collègues?|seule?ment (?:moi|chez)|nous",
    r"todos|compañer\w+|sólo yo|solo yo|departamento|nosotros",
)
_WORDING = re.compile(
    r"[\"“”«»„']\S.{3,}?[\"“”«»']|0x[0-9a-f]{4,}|(?<!\w)[A-Z]{0,4}-?\d{3,}(?!\w)", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class _Questions:
    lead: str
    lead_problem: str
    what: str
    object: str
    until: str
    wording: str
    when: str
    reach: str


_QUESTIONS = {
    "en": _Questions(
        "thank you for your message. So that we can take care of it, tell us:",
        "thank you for your message. To find the cause, we need to know:",
        "What exactly do you need, and what is it for?",
        "Which device, program or account is it about?",
        "By when do you need it?",
        "What is the exact wording of the message on the screen? A screenshot helps.",
        "Since when does it happen, and what changed before?",
        "Are others affected too, or only you?",
    ),
    "de": _Questions(
        "vielen Dank für Ihre Nachricht. Damit wir sie bearbeiten können, teilen Sie uns mit:",
        "vielen Dank für Ihre Nachricht. Um die Ursache zu finden, müssen wir wissen:",
        "Was genau brauchen Sie, und wofür?",
        "Um welches Gerät, Programm oder Konto geht es?",
        "Bis wann brauchen Sie es?",
        "Wie lautet die Meldung auf dem Bildschirm genau? Ein Bildschirmfoto hilft.",
        "Seit wann tritt es auf, und was hat sich davor geändert?",
        "Sind auch andere betroffen oder nur Sie?",
    ),
    "fr": _Questions(
        "merci pour votre message. Pour que nous puissions le traiter, indiquez-nous :",
        "merci pour votre message. Pour trouver la cause, nous devons savoir :",
        "De quoi avez-vous besoin exactement, et pour quel usage ?",
        "De quel appareil, programme ou compte s'agit-il ?",
        "Pour quand en avez-vous besoin ?",
        "Quel est le texte exact du message affiché ? Une capture d'écran aide.",
        "Depuis quand cela se produit-il, et qu'est-ce qui a changé avant ?",
        "D'autres personnes sont-elles concernées, ou vous seulement ?",
    ),
    "es": _Questions(
        "gracias por su mensaje. Para poder atenderlo, indíquenos:",
        "gracias por su mensaje. Para encontrar la causa, necesitamos saber:",
        "¿Qué necesita exactamente y para qué?",
        "¿De qué dispositivo, programa o cuenta se trata?",
        "¿Para cuándo lo necesita?",
        "¿Cuál es el texto exacto del mensaje en pantalla? Una captura ayuda.",
        "¿Desde cuándo ocurre y qué cambió antes?",
        "¿Afecta también a otras personas o solo a usted?",
    ),
}
# The same with the informal address, in the languages that have one.
_INFORMAL = {
    "de": _Questions(
        "vielen Dank für deine Nachricht. Damit wir sie bearbeiten können, teile uns mit:",
        "vielen Dank für deine Nachricht. Um die Ursache zu finden, müssen wir wissen:",
        "Was genau brauchst du, und wofür?",
        "Um welches Gerät, Programm oder Konto geht es?",
        "Bis wann brauchst du es?",
        "Wie lautet die Meldung auf dem Bildschirm genau? Ein Bildschirmfoto hilft.",
        "Seit wann tritt es auf, und was hat sich davor geändert?",
        "Sind auch andere betroffen oder nur du?",
    ),
    "fr": _Questions(
        "merci pour ton message. Pour que nous puissions le traiter, indique-nous :",
        "merci pour ton message. Pour trouver la cause, nous devons savoir :",
        "De quoi as-tu besoin exactement, et pour quel usage ?",
        "De quel appareil, programme ou compte s'agit-il ?",
        "Pour quand en as-tu besoin ?",
        "Quel est le texte exact du message affiché ? Une capture d'écran aide.",
        "Depuis quand cela se produit-il, et qu'est-ce qui a changé avant ?",
        "D'autres personnes sont-elles concernées, ou toi seulement ?",
    ),
    "es": _Questions(
        "gracias por tu mensaje. Para poder atenderlo, indícanos:",
        "gracias por tu mensaje. Para encontrar la causa, necesitamos saber:",
        "¿Qué necesitas exactamente y para qué?",
        "¿De qué dispositivo, programa o cuenta se trata?",
        "¿Para cuándo lo necesitas?",
        "¿Cuál es el texto exacto del mensaje en pantalla? Una captura ayuda.",
        "¿Desde cuándo ocurre y qué cambió antes?",
        "¿Afecta también a otras personas o solo a ti?",
    ),
}


def ask(
    text: str,
    *,
    language: str = "en",
    requester: str = "",
    files: int = 0,
    manner: Manner = USUAL,
) -> Draft | NoDraft:
    """Return a draft that asks for what is missing, or why there is none.

    text: subject and message; language: of the requester, English where no questions are
    written in it; files: attachments, which may show the wording already.
    """
    words = _WORD.findall(text)
    if len(words) > MOST_WORDS:
        return NoDraft("told", "No draft: nothing known answers this, and it says what is needed.")
    code = language[:2].lower() if language[:2].lower() in FRAMES else "en"
    questions = _QUESTIONS[code]
    if manner.informal:
        questions = _INFORMAL.get(code, questions)
    problem = _PROBLEM.search(text) is not None
    asked = _about_problem(text, questions, files) if problem else _about_request(text, questions)
    if len(asked) < FEWEST_QUESTIONS:
        return NoDraft("told", "No draft: nothing known answers this, and it says what is needed.")
    frame = frame_for(code, manner)
    lead = questions.lead_problem if problem else questions.lead
    if code in {"en", "es"}:
        lead = lead[0].upper() + lead[1:]
    body = "\n".join(f"- {question}" for question in asked)
    written = f"{frame.greet(requester)}\n\n{lead}\n{body}\n\n{frame.regards}"
    return Draft(written, code, (), CONFIDENCE, source=SOURCE)


def _about_problem(text: str, questions: _Questions, files: int) -> list[str]:
    asked = [questions.object]
    if not files and not _WORDING.search(text):
        asked.append(questions.wording)
    if not _WHEN.search(text):
        asked.append(questions.when)
    if not _REACH.search(text):
        asked.append(questions.reach)
    return asked


def _about_request(text: str, questions: _Questions) -> list[str]:
    asked = [questions.what, questions.object]
    if not _WHEN.search(text):
        asked.append(questions.until)
    return asked
