"""Templates of monitoring mails: text with names in braces, matched in bounded time.

As a regular expression five names in a row cost the fifth power of a subject made for it:
minutes for three hundred characters that anybody may send. Here it is names times characters.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

PART: Final = re.compile(r"\{([a-z*]{1,10})\}")
ANYTHING: Final = "*"
LONGEST_VALUE: Final = 120


@dataclass(frozen=True)
class Gap:
    """A name, and the literal text that follows it."""

    name: str
    literal: "re.Pattern[str]"

    @property
    def least(self) -> int:
        """How few characters it may stand for."""
        return 0 if self.name == ANYTHING else 1


@dataclass(frozen=True)
class Template:
    """What `match` compares a line with."""

    head: "re.Pattern[str]"
    gaps: tuple[Gap, ...]

    def match(self, line: str) -> dict[str, str] | None:
        """What the names stand for in `line`, whose blanks are single; None if it does not fit.

        Each name stands for as little as possible, from left to right, begins with something
        other than a blank and has `LONGEST_VALUE` characters at most. Case does not matter.
        """
        start = self.head.match(line)
        if start is None:
            return None
        stops = self._stops(line)
        position, values = start.end(), {}
        for gap, ends in zip(self.gaps, stops, strict=True):
            found = _stop(line, position, gap, ends)
            if found is None:
                return None
            if gap.name != ANYTHING:
                values[gap.name] = line[position:found]
            literal = gap.literal.match(line, found)
            position = literal.end() if literal else found  # It stands where a gap may stop.
        return values if position == len(line) else None

    def _stops(self, line: str) -> list[list[int]]:
        """For each gap and position: where the next place is at which the rest fits (-1: none)."""
        found: list[list[int]] = []
        fits = [False] * len(line) + [True]  # After the last literal the line has to end.
        for gap in reversed(self.gaps):
            ends = [-1] * (len(line) + 2)
            for place in range(len(line), -1, -1):
                literal = gap.literal.match(line, place)
                rest_fits = literal is not None and fits[literal.end()]
                ends[place] = place if rest_fits else ends[place + 1]
            fits = [_stop(line, place, gap, ends) is not None for place in range(len(line) + 1)]
            found.append(ends)
        return found[::-1]


def _stop(line: str, position: int, gap: Gap, ends: Sequence[int]) -> int | None:
    """Where the gap that begins at `position` ends at the earliest."""
    if gap.least and line[position : position + 1].strip() == "":
        return None
    end = ends[position + gap.least]
    return end if 0 <= end <= position + LONGEST_VALUE else None


@lru_cache(maxsize=500)
def template(text: str) -> Template:
    """Read a template that `check_template` lets pass."""
    pieces = PART.split(" ".join(text.split()))
    literals = [re.compile(re.escape(piece), re.IGNORECASE) for piece in pieces[::2]]
    gaps = zip(pieces[1::2], literals[1:], strict=True)
    return Template(literals[0], tuple(Gap(name, literal) for name, literal in gaps))
