"""The port to the numbers that other systems gave to tickets; an app above registers their finder.

People read them off a screen over there, or out of a mail, and look for the ticket here.
"""

import re
from collections.abc import Callable, Sequence

# One word with a digit in it: nobody else's number looks otherwise.
_NUMBER = re.compile(r"(?=\S*\d)[\w.#/-]{1,60}")

NumberFinder = Callable[[Sequence[int], str], list[int]]
_finders: list[NumberFinder] = []


def register_number_finder(finder: NumberFinder) -> NumberFinder:
    """Let `finder(organization_ids, number)` answer with ids of tickets; usable as a decorator."""
    _finders[:] = [finder]
    return finder


def tickets_numbered(organization_ids: Sequence[int], words: str) -> list[int]:
    """Ids of tickets that another system calls `words`, if it is a number. Queries: 0 or 1."""
    if not _finders or not _NUMBER.fullmatch(words):
        return []
    return _finders[0](organization_ids, words)
