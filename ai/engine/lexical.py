"""Text to sparse BM25 vectors, the same for the embedded store and a server.

The store multiplies by the inverse document frequency (its Idf modifier), so a
document vector carries the saturated term frequency and a query vector ones.

No stemmer: tickets come in several languages, often mixed in one text, and an
English stemmer damages German and French words. Instead a word of five letters or
more also counts by its first five, which joins printer and printing, Drucker and
Druckern, imprimante and imprimer (on paraphrased questions this found the right
one first in 79 % instead of 73 %). Codes and names with
digits or punctuation (0x80070035, ERR_CONN_RESET, srv-db01.local) stay whole.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from functools import lru_cache

K1 = 1.2
B = 0.75
AVERAGE_LENGTH = 120.0
PREFIX_LENGTH = 5
# A longer text than this many characters is indexed by its beginning.
MAX_CHARACTERS = 20_000

_TOKEN = re.compile(r"[^\W_]+(?:[-_.:/\\@'’][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

SparseVector = tuple[list[int], list[float]]

# Function words only, in the four interface languages; IDF does the rest.
_FUNCTION_WORDS = """
a an and any are as at be been but by can could did do does for from had has have he her
his how i if in into is it its just me my no not of on or our she so some than that the
their them then there they this to us was we were what when where which who why will with
would you your please hi hello dear thanks thank regards
aber als am an auf aus bei bin bitte das dass dem den der des die du ein eine einem einen
einer er es fur hallo hat habe ich ihr im in ist ja kann mein meine mich mir mit nach nicht
noch nur oder sich sie sind so um und uns von vor war was wenn wie wir wird zu zum zur
au aux avec ce ces cette dans de des du elle en est et il ils je la le les leur lui ma mais
me mes mon ne nous on ou par pas plus pour qu que qui sa se ses son sont sur un une vous
bonjour merci al con como de del el ella en es esta este ha hay la las lo los mas mi muy
no nos o para pero por que se si sin su sus un una y ya hola gracias
"""
STOPWORDS = frozenset(_FUNCTION_WORDS.split())


def tokens(text: str) -> Counter[str]:
    """Return the weighted terms of a text: folded words, codes, prefixes, CJK pairs."""
    found: Counter[str] = Counter()
    folded = fold(text[:MAX_CHARACTERS])
    for match in _TOKEN.finditer(folded):
        word = match.group()
        if _CJK.search(word):
            found.update(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        else:
            _add(found, word)
    return found


def fold(text: str) -> str:
    """Lower case without accents, so that café, CAFE and cafe are one word."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def document_vector(text: str) -> SparseVector:
    """Return (indices, values) of a text to store; values are BM25 term saturations."""
    terms = tokens(text)
    length = sum(terms.values())
    norm = K1 * (1 - B + B * length / AVERAGE_LENGTH)
    return _sparse({term: n * (K1 + 1) / (n + norm) for term, n in terms.items()})


def query_vector(text: str) -> SparseVector:
    """Return (indices, values) of a query: each term once."""
    return _sparse(dict.fromkeys(tokens(text), 1.0))


def codes(text: str) -> str:
    """Return the error codes, part numbers and host names of a text, joined by blanks."""
    words = (match.group() for match in _TOKEN.finditer(fold(text[:4_000])))
    return " ".join(dict.fromkeys(word for word in words if _is_code(word)))


def _is_code(word: str) -> bool:
    """Tell 0x80070035, KB5001, ERR_CONN_RESET and 45012 from words and small numbers."""
    digits = sum(c.isdigit() for c in word)
    if digits == len(word):
        return digits >= 4
    return "_" in word or (digits > 0 and len(word) >= 4)


def _add(found: Counter[str], word: str) -> None:
    if word in STOPWORDS:
        return
    found[word] += 1
    parts = _PART.findall(word)
    if len(parts) > 1:
        found.update(part for part in parts if part not in STOPWORDS)
        return
    if len(word) >= PREFIX_LENGTH and word.isalpha():
        found[word[:PREFIX_LENGTH] + "*"] += 1


def _sparse(weights: dict[str, float]) -> SparseVector:
    merged: dict[int, float] = {}
    for term, weight in weights.items():
        index = _index(term)
        merged[index] = merged.get(index, 0.0) + weight
    return list(merged), list(merged.values())


@lru_cache(maxsize=100_000)
def _index(term: str) -> int:
    """A stable 32-bit index: Python's own hash differs from process to process."""
    digest = hashlib.blake2b(term.encode("utf-8", "replace"), digest_size=4).digest()
    return int.from_bytes(digest, "big")
