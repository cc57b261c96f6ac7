"""What several houses say alike: the only words that one may learn from another.

A text is reduced to words that stand in the texts of at least two of those who lend, so that no
name, product, place or phrase of one alone gets into what another uses. Personal data and secrets
are masked before, numbers lose their digits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from ai.engine.clean import clean
from ai.engine.redact import redact

# In the texts of how many houses a word must stand.
FEWEST_HOUSES = 2
LONGEST_TEXT = 2_000
_TOKEN = re.compile(r"\[[A-Z]{2,20}_\d{1,4}\]")
_WORD = re.compile(r"[^\W\d_][\w'-]{1,40}")


def words_of(text: str) -> list[str]:
    """The words of a text, without case, numbers and whatever is masked."""
    hidden = _TOKEN.sub(" ", redact(text[:LONGEST_TEXT]).text)
    return _WORD.findall(clean(hidden).casefold())


def in_common(houses: Sequence[Sequence[Sequence[str]]]) -> frozenset[str]:
    """The words that at least two houses use; a house is the words of each of its texts."""
    counts: Counter[str] = Counter()
    for texts in houses:
        counts.update({word for words in texts for word in words})
    return frozenset(word for word, number in counts.items() if number >= FEWEST_HOUSES)


def reduced(words: Sequence[str], common: Collection[str]) -> str:
    """What is left of a text, in its order."""
    return " ".join(word for word in words if word in common)
