"""Articles out of solved tickets: which of them tell one story, and the text they make together.

Nothing is invented: each sentence of a new article stands in a ticket, each sentence of a changed
one in the article or in a ticket. Texts are masked by the caller before they come here.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ai.engine.embed import Encoder, Vectors
from ai.engine.lexical import tokens
from ai.engine.sentences import Unit, says_something, shared_words, split_units
from ai.engine.surge import Arrival, said_alike

# Likeness of questions (cosine + shared words, as for surges) and cosine of answers from which two
# solved tickets belong into one article. On eight stories in four languages and eleven neighbours
# (`tests/ai/engine/solved_cases.py`) answers of one story have 0.66 or more, others 0.58 or less.
SAME_QUESTION = 0.65
SAME_ANSWER = 0.62
# An answer below so many words says too little for an article.
FEWEST_WORDS = 8
MOST_SENTENCES = 14
MOST_EXTRA = 2
SAME_SENTENCE = 0.82
# Share of a sentence's words that stand in an article which says it already.
SAID_ALREADY = 0.80
EXTRA_FLOOR = 0.50
_PREFIX = re.compile(r"^\s*(?:(?:re|aw|fw|fwd|wg|tr|rv)\s*:\s*)+", re.IGNORECASE)
_TOKEN = re.compile(r"\[[A-Z]{2,10}_\d{1,6}\]")
_SHORT = 6.0


@dataclass(frozen=True, slots=True)
class Solved:
    """A solved ticket: masked texts and normalised vectors (dimension,) of question and answer.

    known: the proposal that cites it already; 0 for one that is new.
    """

    ticket_id: int
    person_id: int
    subject: str
    question: str
    answer: str
    language: str
    vector: Vectors
    answer_vector: Vectors
    known: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Tickets that one article would answer; `known` are proposals that cite tickets like them."""

    rows: tuple[Solved, ...]
    known: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Article:
    """A text as it would stand; `quotes` (ticket id -> words) say what it rests on."""

    title: str
    body: str
    quotes: dict[int, str] = field(default_factory=dict)


def find_groups(rows: Sequence[Solved]) -> list[Group]:
    """Groups of new tickets that ask and are answered alike, largest first; each ticket once."""
    if not rows:
        return []
    alike = _alike(rows)
    free = np.array([not row.known for row in rows])
    found: list[Group] = []
    while free.any():
        counts = (alike & free[None, :]).sum(axis=1) * free
        seed = int(np.argmax(counts))
        mates = np.flatnonzero(alike[seed])
        new = [int(i) for i in mates if free[i]]
        known = frozenset(rows[int(i)].known for i in mates if rows[int(i)].known)
        found.append(Group(tuple(rows[i] for i in new), known))
        free[new] = False
    return found


def _alike(rows: Sequence[Solved]) -> NDArray[np.bool_]:
    """Which two rows belong together; a row belongs to itself."""
    arrivals = [
        Arrival(row.ticket_id, row.person_id, 0.0, f"{row.subject}\n{row.question}", row.vector)
        for row in rows
    ]
    answers = np.stack([row.answer_vector for row in rows])
    languages = np.array([row.language for row in rows])
    found: NDArray[np.bool_] = (
        (said_alike(arrivals) >= SAME_QUESTION)
        & (answers @ answers.T >= SAME_ANSWER)
        & (languages[:, None] == languages[None, :])
    )
    np.fill_diagonal(found, val=True)
    return found


def has_substance(answer: str) -> bool:
    """Whether an answer says enough to help somebody else."""
    words = sum(len(unit.text.split()) for unit in useful_units(answer))
    return words >= FEWEST_WORDS


def useful_units(text: str) -> list[Unit]:
    """Sentences and steps that could stand in an article, in their order."""
    return [
        unit
        for unit in split_units(text)
        if says_something(unit.text) and not unit.text.rstrip().endswith("?")
    ]


def compose(rows: Sequence[Solved], encoder: Encoder, *, headings: tuple[str, str]) -> Article:
    """A new article from tickets that tell one story; headings: words for problem and solution."""
    middle = rows[_middle([row.vector for row in rows])]
    main = _main_answer(rows)
    units = useful_units(main.answer)[:MOST_SENTENCES]
    extra = _extras(rows, main, units, encoder)
    quotes = {row.ticket_id: first_words(row) for row in rows}
    quotes[main.ticket_id] = " ".join(unit.text for unit in units)
    quotes |= dict(extra)
    problem, solution = headings
    body = [f"## {problem}", *_problem(middle, rows), f"## {solution}", *_lines(units)]
    body += [text for _, text in extra]
    return Article(_title(middle, rows), "\n\n".join(body), quotes)


def addition(
    body: str, rows: Sequence[Solved], encoder: Encoder, *, heading: str
) -> Article | None:
    """`body` with what these tickets' answers say beyond it, under a heading; None: nothing."""
    own = [unit.text for unit in split_units(body)]
    told = [(row, unit) for row in rows for unit in useful_units(row.answer)]
    if not told:
        return None
    vectors = encoder.encode([unit.text for _, unit in told])
    known = list(encoder.encode(own)) if own else []
    chosen: list[Unit] = []
    quotes: dict[int, str] = {}
    for (row, unit), vector in zip(told, vectors, strict=True):
        said = shared_words(unit.text, body) >= SAID_ALREADY
        if said or any(float(vector @ other) >= SAME_SENTENCE for other in known):
            continue
        known.append(vector)
        chosen.append(unit)
        quotes[row.ticket_id] = f"{quotes.get(row.ticket_id, '')} {unit.text}".strip()
        if len(chosen) == MOST_SENTENCES:
            break
    if sum(len(unit.text.split()) for unit in chosen) < FEWEST_WORDS:
        return None
    lines = "\n\n".join([f"## {heading}", *_lines(chosen)])
    return Article("", f"{body.rstrip()}\n\n{lines}", quotes)


def _middle(vectors: Sequence[Vectors]) -> int:
    stacked = np.stack(vectors)
    return int(np.argmax((stacked @ stacked.T).sum(axis=1)))


def _main_answer(rows: Sequence[Solved]) -> Solved:
    """The answer nearest to the others; one with steps says more to somebody who has none yet."""
    answers = np.stack([row.answer_vector for row in rows])
    near = (answers @ answers.T).mean(axis=1)
    steps = np.array([any(u.is_step for u in useful_units(row.answer)) for row in rows])
    lengths = np.array([min(len(row.answer.split()), 120) / 120 for row in rows])
    return rows[int(np.argmax(near + 0.2 * steps + 0.1 * lengths))]


def _extras(
    rows: Sequence[Solved], main: Solved, units: Sequence[Unit], encoder: Encoder
) -> list[tuple[int, str]]:
    """(ticket, sentence) of other answers that the main one does not say."""
    told = [
        (row, unit)
        for row in rows
        if row is not main
        for unit in useful_units(row.answer)
        if not _TOKEN.search(unit.text)
    ]
    if not told or not units:
        return []
    vectors = encoder.encode([unit.text for _, unit in told])
    known = list(encoder.encode([unit.text for unit in units]))
    worth = vectors @ main.vector
    found: list[tuple[int, str]] = []
    for place in np.argsort(-worth).tolist():
        if len(found) == MOST_EXTRA or worth[place] < EXTRA_FLOOR:
            break
        if all(float(vectors[place] @ other) < SAME_SENTENCE for other in known):
            known.append(vectors[place])
            found.append((told[place][0].ticket_id, told[place][1].text))
    return found


def _problem(middle: Solved, rows: Sequence[Solved]) -> list[str]:
    """The sentence or two in which one of them says best what all of them have."""
    counts = Counter(word for row in rows for word in set(tokens(f"{row.subject}\n{row.question}")))
    sentences = [
        unit.text
        for unit in split_units(middle.question)
        if says_something(unit.text) and not _TOKEN.search(unit.text)
    ]

    def worth(text: str) -> float:
        words = set(tokens(text))
        common = sum(math.log1p(counts[word] - 1) for word in words)
        return common / math.sqrt(max(len(words), _SHORT))

    best = sorted(sentences, key=worth, reverse=True)[:2]
    return [_capital(" ".join(t for t in sentences if t in best))] if best else [middle.subject]


def _capital(text: str) -> str:
    """A sentence whose greeting was left out begins with a small letter."""
    return text[:1].upper() + text[1:]


def _lines(units: Sequence[Unit]) -> list[str]:
    """Markdown blocks: steps of one list together and numbered, other sentences as paragraphs."""
    blocks: list[str] = []
    group, number = 0, 0
    for unit in units:
        if not unit.group:
            blocks.append(_capital(unit.text))
        elif unit.group == group and blocks:
            number += 1
            blocks[-1] += f"\n{number}. {unit.text}"
        else:
            number = 1
            blocks.append(f"1. {unit.text}")
        group = unit.group
    return blocks


def _title(middle: Solved, rows: Sequence[Solved]) -> str:
    """The subject of the middle one, or of another where that holds masked data."""
    subjects = [_PREFIX.sub("", row.subject).strip() for row in (middle, *rows)]
    clean = [subject for subject in subjects if subject and not _TOKEN.search(subject)]
    return (clean or [_TOKEN.sub("…", subjects[0])])[0][:200]


def first_words(row: Solved) -> str:
    """The first sentence of its answer that says something, else its subject."""
    units = useful_units(row.answer)
    return units[0].text if units else row.subject
