"""How the requester seems to feel, told by words they wrote themselves; silent where none tell.

Only the newest words count: who was angry yesterday may be thankful today.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

CALM, THANKFUL, WORRIED, IMPATIENT, ANGRY = "calm", "thankful", "worried", "impatient", "angry"
MOODS = (CALM, THANKFUL, WORRIED, IMPATIENT, ANGRY)
LONGEST_QUOTE = 60

# The first that is found tells: anger hides behind a polite closing more often than thanks behind
# anger. Thanks count only for what was done: "many thanks in advance" closes every other mail.
_CUES = tuple(
    (mood, re.compile(words, re.IGNORECASE | re.VERBOSE))
    for mood, words in (
        (
            ANGRY,
            r"""
            \b(?:unacceptable|ridiculous|disgrace(?:ful)?|outrageous|fed\s+up|furious|useless|a\s+joke
            | (?:very|extremely|deeply|really)\s+(?:angry|annoyed|disappointed|frustrated)
            | inakzeptabel|unverschämt\w*|frechheit|stinksauer|sauer|wütend|verärgert|unzumutbar
            | reicht\s+es\s+mir|eine\s+zumutung
            | inacceptable|inadmissible|scandaleux|furieux|furieuse|ras[\s-]le[\s-]bol|honteux
            | inaceptable|indignante|vergonzos[oa]|hart[oa]\s+de|furios[oa])\b
        """,
        ),
        (
            IMPATIENT,
            r"""
            \b(?:still\s+(?:waiting|no\s+(?:answer|reply|response))|any\s+news|when\s+will
            | how\s+much\s+longer|(?:second|third|fourth)\s+(?:time|reminder)|chasing|following\s+up
            | immer\s+noch\s+(?:nicht|kein\w*|nichts)|noch\s+immer
            | warte\s+(?:ich\s+)?(?:seit|immer|noch)
            | zum\s+(?:zweiten|dritten|vierten)\s+mal|wie\s+lange\s+noch
            | toujours\s+(?:pas|aucun\w*|rien)|j['’]attends\s+(?:toujours|encore|depuis)
            | (?:deuxième|troisième)\s+(?:fois|relance|message)
            | todavía\s+no|aún\s+no|sigo\s+esperando|cuánto\s+más|(?:segunda|tercera)\s+vez)\b
        """,
        ),
        (
            WORRIED,
            r"""
            \b(?:worried|anxious|panic\w*|desperate|stressed
            | mache?\s+mir\s+sorgen|besorgt|beunruhigt|verzweifelt|angst
            | inqui[eè]te?|préoccupée?|angoissée?|désespérée?
            | preocupad[oa]|angustiad[oa]|desesperad[oa]|miedo)\b
        """,
        ),
        (
            THANKFUL,
            r"""
            \b(?:works?\s+(?:again|now)|that\s+(?:helped|worked|did\s+it)|solved\s+it|perfect
            | (?:thanks|thank\s+you)\s+(?:so\s+much\s+)?for\s+(?:your|the)\s+(?:quick|fast|help)
            | funktioniert\s+(?:jetzt|wieder)|hat\s+geklappt|hat\s+geholfen|super|perfekt
            | ça\s+(?:marche|fonctionne)|parfait|c['’]est\s+réglé
            | ya\s+funciona|perfecto|solucionado)\b
        """,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Mood:
    """`name` is one of `MOODS`; `words` are the requester's own that tell it, "" for calm."""

    name: str
    words: str = ""


QUIET = Mood(CALM)


def mood_of(texts: Sequence[str]) -> Mood:
    """The mood of a requester's messages, oldest first: that of the newest that says anything."""
    newest = next((text for text in reversed(texts) if text.strip()), "")
    for name, cue in _CUES:
        match = cue.search(newest)
        if match and match.group().strip():
            return Mood(name, " ".join(match.group().split())[:LONGEST_QUOTE])
    return QUIET
