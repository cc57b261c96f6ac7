"""The port to a search by meaning. `tickets` knows no model: an app above registers one.

Without any, and whenever the registered one cannot answer, a search compares words alone and
says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Near:
    """One ticket or article that means something like the words, by primary key.

    `level` is near_identical, close, related or "": how near it is.
    """

    kind: str
    object_id: int
    level: str = ""


@dataclass(frozen=True, slots=True)
class Meant:
    """What was found, nearest first. `available` is false where only words can be compared."""

    near: tuple[Near, ...] = ()
    available: bool = True


Finder = Callable[[Sequence[int], str, int], Meant]
_finders: list[Finder] = []


def register_finder(finder: Finder) -> Finder:
    """Let `finder(organization_ids, words, limit)` answer; usable as a decorator."""
    _finders[:] = [finder]
    return finder


def find_by_meaning(organization_ids: Sequence[int], words: str, limit: int) -> Meant:
    """The nearest tickets and articles of these organizations. Waits as long as the finder does."""
    if not _finders:
        return Meant(available=False)
    return _finders[0](organization_ids, words, limit)
