"""What changed between two texts: line by line, and word by word inside a changed line. Pure."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

MOST_LINES = 2000
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
# Lines that share less than this are told as one that went and one that came.
ALIKE = 0.4


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line; `changed` says that the other side has it otherwise or not at all."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Row:
    """Two lines side by side; a side that has none is None. `changed` marks the pair."""

    left: tuple[Part, ...] | None
    right: tuple[Part, ...] | None
    changed: bool


def compare(old: str, new: str) -> list[Row]:
    """The rows of both texts, 2,000 lines at most."""
    before, after = old.splitlines()[:MOST_LINES], new.splitlines()[:MOST_LINES]
    rows: list[Row] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            rows += (Row((Part(line, False),), (Part(line, False),), False) for line in before[a:b])
        else:
            for left, right in zip_longest(before[a:b], after[c:d]):
                rows += _pair(left, right)
    return rows


def _pair(left: str | None, right: str | None) -> list[Row]:
    if left is None or right is None:
        return [Row(_whole(left), _whole(right), True)]
    old, new = _WORDS.findall(left), _WORDS.findall(right)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < ALIKE:
        return [Row(_whole(left), None, True), Row(None, _whole(right), True)]
    lefts, rights = [], []
    for kind, a, b, c, d in matcher.get_opcodes():
        lefts.append(Part("".join(old[a:b]), kind != "equal"))
        rights.append(Part("".join(new[c:d]), kind != "equal"))
    return [Row(_filled(lefts), _filled(rights), True)]


def _whole(line: str | None) -> tuple[Part, ...] | None:
    return None if line is None else (Part(line, True),)


def _filled(parts: list[Part]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.text)


def changes(rows: list[Row]) -> int:
    """How many runs of changed rows there are."""
    return sum(row.changed and (at == 0 or not rows[at - 1].changed) for at, row in enumerate(rows))
