"""Text to sparse features: words and word pairs, and pieces of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from ai.engine.archive import Arrays
from ai.engine.clean import clean, spaced

# What a ticket is about stands in its beginning; the rest is quotes and signatures.
WORD_CHARACTERS = 6_000
PIECE_CHARACTERS = 2_000
MAX_WORDS = 120_000
MAX_PIECES = 60_000
# From here on a word seen once is a typo or a name, not a signal.
MANY_ROWS = 3_000
# Keeps the vocabulary of a desk of empty tickets from being empty.
MARK = "ticket "

_WORDS: dict[str, Any] = {
    "sublinear_tf": True,
    "ngram_range": (1, 2),
    "token_pattern": r"(?u)\b\w+\b",
    "dtype": np.float32,
}
# Pieces of words read compounds, inflections, typos and scripts without blanks.
_PIECES: dict[str, Any] = {
    "sublinear_tf": True,
    "analyzer": "char_wb",
    "ngram_range": (2, 5),
    "dtype": np.float32,
}
# Texts whose words are remembered: the same few are read for category, team and urgency, and each
# a second time to explain. More at once are a measurement, which reads each of them once.
REMEMBERED = 64
_word_terms = TfidfVectorizer(**_WORDS).build_analyzer()
_piece_terms = TfidfVectorizer(**_PIECES).build_analyzer()

Counts = Mapping[str, int]
# Columns in order, and their values.
Row = tuple[NDArray[np.int32], NDArray[np.float32]]


class FeatureSpace:
    """A fitted vocabulary. `transform` returns rows of [words | pieces], L2 per block.

    cleans: whether texts are cleaned first; False in models of the first release.
    spaces: whether Chinese and Japanese signs count as words; False in models of the first three.
    """

    def __init__(
        self,
        words: TfidfVectorizer,
        pieces: TfidfVectorizer,
        *,
        cleans: bool = True,
        spaces: bool = True,
    ) -> None:
        self._words = words
        self._pieces = pieces
        self.cleans, self.spaces = cleans, spaces
        self._names: NDArray[Any] | None = None
        self._rows: dict[str, Row] = {}
        self.word_count = len(words.vocabulary_)
        self.size = self.word_count + len(pieces.vocabulary_)

    @classmethod
    def fit(cls, texts: list[str]) -> tuple[FeatureSpace, sp.csr_matrix]:
        """Learn the vocabulary; return it with the features of the same texts."""
        rare_word, rare_piece = _minimum_counts(len(texts))
        words = TfidfVectorizer(**_WORDS, min_df=rare_word, max_features=MAX_WORDS)
        pieces = TfidfVectorizer(**_PIECES, min_df=rare_piece, max_features=MAX_PIECES)
        read = [_read(text, cleans=True) for text in texts]
        # A text without any letter would leave an empty vocabulary behind.
        blocks = [
            words.fit_transform([_worded(text, spaces=True) for text in read]),
            pieces.fit_transform([_cut(text, PIECE_CHARACTERS) for text in read]),
        ]
        return cls(words, pieces), sp.hstack(blocks, format="csr")

    def transform(self, texts: list[str]) -> sp.csr_matrix:
        """Return float32 CSR of shape (len(texts), size)."""
        if len(texts) > REMEMBERED:
            read = [_read(text, cleans=self.cleans) for text in texts]
            blocks = [
                self._words.transform([_worded(text, spaces=self.spaces) for text in read]),
                self._pieces.transform([_cut(text, PIECE_CHARACTERS) for text in read]),
            ]
            return sp.hstack(blocks, format="csr")
        rows = [self._row(text) for text in texts]
        columns = np.concatenate([row[0] for row in rows] or [np.zeros(0, dtype=np.int32)])
        values = np.concatenate([row[1] for row in rows] or [np.zeros(0, dtype=np.float32)])
        ends = np.cumsum([0, *(len(row[0]) for row in rows)])
        return sp.csr_matrix((values, columns, ends), shape=(len(texts), self.size))

    def _row(self, text: str) -> Row:
        """One row's columns and values: what the two vectorizers say, from counts kept apart."""
        found = self._rows.get(text)
        if found is not None:
            return found
        words, pieces = _counted(text, self.cleans, self.spaces)
        first = _weighed(words, self._words)
        second = _weighed(pieces, self._pieces)
        columns = np.concatenate([first[0], second[0] + np.int32(self.word_count)])
        found = columns, np.concatenate([first[1], second[1]])
        if len(self._rows) >= REMEMBERED:
            self._rows.clear()
        self._rows[text] = found
        return found

    def as_if_fitted_on(self, features: sp.csr_matrix, rows: NDArray[Any]) -> sp.csr_matrix:
        """Return the features without the columns that `rows` alone would not have kept.

        A new ticket's unknown words are dropped before it is scaled to length 1, so a
        held-out ticket must lose them too, or its scores come out smaller than those
        of real new tickets and the confidence fitted to them too high.
        """
        rare_word, rare_piece = _minimum_counts(len(rows))
        counts = np.bincount(features[rows].indices, minlength=self.size)
        needed = np.where(np.arange(self.size) < self.word_count, rare_word, rare_piece)
        kept = features.copy()
        kept.data = kept.data * (counts >= needed)[kept.indices]
        blocks = kept[:, : self.word_count], kept[:, self.word_count :]
        return sp.hstack([normalize(block) for block in blocks], format="csr")

    def known_share(self, text: str) -> float:
        """Return how many of the text's different words were ever learned, 0..1; 1 without any."""
        read = _worded(_read(text, cleans=self.cleans), spaces=self.spaces).removeprefix(MARK)
        found = self._words.build_tokenizer()(read)
        words = {word.lower() for word in found if _says_something(word)}
        known = sum(word in self._words.vocabulary_ for word in words)
        return known / len(words) if words else 1.0

    def words(self) -> NDArray[Any]:
        """The words and word pairs, in the order of the first `word_count` columns."""
        if self._names is None:
            # Sorting 120,000 words takes longer than reading a ticket: once is enough.
            self._names = np.asarray(self._words.get_feature_names_out())
        return self._names

    def dump(self) -> tuple[dict[str, Any], Arrays]:
        """Return (plain data, arrays) from which `load` rebuilds this space."""
        meta = {
            "words": _terms(self._words),
            "pieces": _terms(self._pieces),
            "cleans": self.cleans,
            "spaces": self.spaces,
        }
        arrays = {
            "words_idf": np.asarray(self._words.idf_, dtype=np.float32),
            "pieces_idf": np.asarray(self._pieces.idf_, dtype=np.float32),
        }
        return meta, arrays

    @classmethod
    def load(cls, meta: dict[str, Any], arrays: Arrays) -> FeatureSpace:
        """Rebuild what `dump` took apart."""
        return cls(
            _rebuilt(_WORDS, meta["words"], arrays["words_idf"]),
            _rebuilt(_PIECES, meta["pieces"], arrays["pieces_idf"]),
            cleans=bool(meta.get("cleans", False)),
            spaces=bool(meta.get("spaces", False)),
        )


def words_read(features: sp.csr_matrix, word_count: int) -> NDArray[np.int64]:
    """Return (rows,) how many different known words and pairs each row holds."""
    # Columns that were taken off a held-out row are still stored, as zeros.
    words: NDArray[np.int64] = np.asarray((features[:, :word_count] > 0).sum(axis=1)).ravel()
    return words


@lru_cache(maxsize=REMEMBERED)
def _counted(text: str, cleans: bool, spaces: bool) -> tuple[Counts, Counts]:
    """How often each word (or pair) and each piece of a word stands in the text."""
    read = _read(text, cleans=cleans)
    words = Counter(_word_terms(_worded(read, spaces=spaces)))
    return words, Counter(_piece_terms(_cut(read, PIECE_CHARACTERS)))


def _weighed(counts: Counts, vectorizer: TfidfVectorizer) -> Row:
    """Damped counts times rarity, scaled to length 1."""
    known = vectorizer.vocabulary_
    terms = [term for term in counts if term in known]
    columns = np.array([known[term] for term in terms], dtype=np.int32)
    times = np.array([counts[term] for term in terms], dtype=np.float32)
    order = np.argsort(columns)
    columns = columns[order]
    values = (np.log(times[order]) + np.float32(1.0)) * vectorizer.idf_[columns]
    norm = float(np.sqrt(values @ values))
    return columns, (values / norm if norm else values).astype(np.float32)


def _minimum_counts(rows: int) -> tuple[int, int]:
    """In how many tickets a word, and a piece of a word, must stand to be kept."""
    return (2, 3) if rows > MANY_ROWS else (1, 1)


def _read(text: str, *, cleans: bool) -> str:
    beginning = text[: 2 * WORD_CHARACTERS]
    return clean(beginning) if cleans else beginning


def _worded(text: str, *, spaces: bool) -> str:
    """The beginning of a text as the words are read of it."""
    cut = _cut(text, WORD_CHARACTERS)
    return spaced(cut) if spaces else cut


def _says_something(word: str) -> bool:
    """Whether a word is one: no number, and no lone letter, but a lone Chinese sign."""
    return not word.isdigit() and (len(word) > 1 or spaced(word) != word)


def _cut(text: str, limit: int) -> str:
    return MARK + text[:limit].replace("\x00", " ")


def _terms(vectorizer: TfidfVectorizer) -> list[str]:
    return [str(term) for term in vectorizer.get_feature_names_out()]


def _rebuilt(options: dict[str, Any], terms: list[str], idf: NDArray[Any]) -> TfidfVectorizer:
    vectorizer = TfidfVectorizer(**options, vocabulary={t: n for n, t in enumerate(terms)})
    vectorizer.fit(["ticket"])
    vectorizer.idf_ = idf
    return vectorizer
