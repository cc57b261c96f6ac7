"""Who is meant by `@Name` in a note: pure, strict, never a guess."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# A mark counts at the start of a word: `mail@example.org` mentions nobody.
_MARK: Final = re.compile(r"(?<![\w@.+-])@(?=\w)")
_CODE: Final = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Mentionable:
    """Somebody who may be mentioned."""

    id: int
    name: str
    email: str


def mentioned(text: str, people: Iterable[Mentionable]) -> list[int]:
    """Ids of the people whom `text` names, in order, each once, 50 at most.

    A name is the whole display name or the local part of the e-mail address, whatever its case;
    the longest that fits wins. One that two people share names neither. Code is not searched.
    """
    names = _unambiguous(people)
    plain = _CODE.sub(lambda found: " " * len(found[0]), text).casefold()
    out: list[int] = []
    for mark in _MARK.finditer(plain):
        rest = plain[mark.end() :]
        for name, person in names:
            if rest.startswith(name) and not _goes_on(rest[len(name) : len(name) + 2]):
                if person not in out:
                    out.append(person)
                break
        if len(out) == MOST:
            break
    return out


def _goes_on(rest: str) -> bool:
    """Whether the word continues: `@ann` is not the beginning of `@anna` or `@ann.lee`."""
    if not rest:
        return False
    return rest[0].isalnum() or rest[0] in "_@" or (rest[0] in ".+-" and rest[1:2].isalnum())


def _unambiguous(people: Iterable[Mentionable]) -> list[tuple[str, int]]:
    pairs = {
        (name, person.id)
        for person in people
        for name in (person.name.strip().casefold(), person.email.partition("@")[0].casefold())
        if name
    }
    shared = Counter(name for name, _person in pairs)
    known = [pair for pair in pairs if shared[pair[0]] == 1]
    return sorted(known, key=lambda pair: (-len(pair[0]), pair[0]))
