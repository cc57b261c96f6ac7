"""Where what solved tickets contradicts an article: another value, or a not where there was none.

No model decides here: a sentence counts as contradicted when several tickets say nearly the same
sentence with another number, name or path in the same place, or with its negation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ai.engine.embed import Encoder
from ai.engine.knowledge import useful_units
from ai.engine.lexical import tokens
from ai.engine.sentences import split_units

# Cosine of two sentences and share of common words from which they speak of one thing.
NEAR = 0.60
SHARED = 0.50
NEARLY_ALL = 0.75
# So many tickets have to say the same: one may be about another floor, model or version.
FEWEST_TICKETS = 2
_VALUE = re.compile(r"(?<![\w.])(?=[\w.:/\\-]*\d)[\w][\w.:/\\-]*\w|(?<!\w)\d(?!\w)")
_MASK = re.compile(r"\[[A-Z]{2,10}_\d{1,6}\]")
_NOT = re.compile(
    r"(?<!\w)(?:not|never|no longer|don't|doesn't|do not|cannot|can't|won't|without|"
    r"nicht|nie|niemals|kein(?:e[nmrs]?)?|ohne|"
    r"ne|n'|jamais|sans|aucune?|"
    r"no|nunca|jamás|sin|ningún|ninguna)(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A sentence of the article, how it would read now, and the tickets that say so."""

    old: str
    new: str
    tickets: tuple[int, ...]
    quotes: tuple[str, ...]


def find_conflicts(
    body: str, answers: Sequence[tuple[int, str]], encoder: Encoder
) -> list[Conflict]:
    """Contradicted sentences of `body`; answers: (ticket id, masked text), newest first."""
    own = [unit.text for unit in split_units(body)]
    told = [(pk, unit.text) for pk, text in answers for unit in useful_units(text)]
    if not own or not told:
        return []
    cosines = encoder.encode([text for _, text in told]) @ encoder.encode(own).T
    claims: dict[tuple[str, str], list[tuple[int, str, str]]] = {}
    for row, (pk, text) in enumerate(told):
        place = int(cosines[row].argmax())
        if float(cosines[row, place]) < NEAR:
            continue
        claim = contradiction(own[place], text)
        if claim is not None:
            key, new = claim
            claims.setdefault((own[place], key), []).append((pk, text, new))
    found = []
    for (old, _), said in claims.items():
        tickets = tuple(dict.fromkeys(pk for pk, _, _ in said))
        if len(tickets) >= FEWEST_TICKETS:
            quotes = tuple(next(text for pk, text, _ in said if pk == one) for one in tickets)
            found.append(Conflict(old, said[0][2], tickets, quotes))
    return found


def contradiction(old: str, new: str) -> tuple[str, str] | None:
    """(what is said otherwise, the old sentence as it would read now), or None."""
    if _common(old, new) < SHARED:
        return None
    if bool(_NOT.search(old)) != bool(_NOT.search(new)):
        # A longer sentence may hold its "not" for something else that it says.
        same = _common(old, new, whole=True) >= NEARLY_ALL
        return ("not", new) if same and not _MASK.search(new) else None
    mine, theirs = _values(old), _values(new)
    swapped = old
    changes = []
    for value in mine:
        others = [one for one in theirs if _shape(one) == _shape(value)]
        if not others or value in theirs or len(others) > 1:
            continue
        if sum(_shape(one) == _shape(value) for one in mine) > 1:
            continue
        pattern = rf"(?<![\w.]){re.escape(value)}(?!\w)"
        swapped = re.sub(pattern, lambda _m, one=others[0]: one, swapped)  # type: ignore[misc]
        changes.append(f"{value} {others[0]}")
    return ("; ".join(changes), swapped) if changes else None


def apply(body: str, conflicts: Sequence[Conflict]) -> str:
    """`body` with the contradicted sentences as they would read now."""
    for conflict in conflicts:
        if conflict.old in body:
            body = body.replace(conflict.old, conflict.new, 1)
    return body


def _common(old: str, new: str, *, whole: bool = False) -> float:
    """Share of the words, without values and nots, that both have: of the shorter sentence's, or
    of the longer one's (`whole`)."""
    mine, theirs = _words(old), _words(new)
    smaller, larger = sorted((len(mine), len(theirs)))
    if smaller < 2:
        return 0.0
    return len(mine & theirs) / (larger if whole else smaller)


def _words(text: str) -> set[str]:
    bare = _NOT.sub(" ", _VALUE.sub(" ", _MASK.sub(" ", text)))
    return {word for word in tokens(bare) if not word.endswith("*")}


def _values(text: str) -> list[str]:
    return list(dict.fromkeys(_VALUE.findall(_MASK.sub(" ", text))))


def _shape(value: str) -> str:
    """What kind of value it is: "8443" and "443" are numbers, "gw2.example" is none of them."""
    if value.isdigit():
        return "number"
    if re.fullmatch(r"\d+(?:\.\d+)+", value):
        return "version"
    return re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", value))
