"""Wildcards instead of regular expressions: `*` any text, `?` one character, `#` one digit.

An administrator's regular expression can be made to run for hours by a requester's text. Here
every piece between two `*` has a fixed length, so a match takes at most len(text) x len(pattern)
steps, whatever either holds.
"""

import re
from collections.abc import Callable

_SIGNS = {"?": ".", "#": r"\d"}


def pattern(wildcards: str) -> Callable[[str], bool]:
    """The test whether a text holds `wildcards` anywhere; both already folded to one case."""
    pieces = [_piece(piece) for piece in wildcards.split("*") if piece]

    def matches(text: str) -> bool:
        # Each piece as early as possible: an earlier place never spoils a later one.
        start = 0
        for piece in pieces:
            found = piece.search(text, start)
            if found is None:
                return False
            start = found.end()
        return True

    return matches


def _piece(text: str) -> re.Pattern[str]:
    return re.compile("".join(_SIGNS.get(sign) or re.escape(sign) for sign in text), re.DOTALL)
