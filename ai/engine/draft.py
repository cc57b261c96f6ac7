"""Draft an answer out of what the desk already knows, word for word.

The extractive draft quotes articles and the resolutions of solved tickets: it
invents nothing, every sentence carries the number of its source, and where the
sources do not answer the question there is no draft but a reason.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ai.engine.embed import Encoder, Vectors
from ai.engine.frames import Frame, frame_for, in_frame
from ai.engine.manner import DETAILED, NORMAL, SHORT, USUAL, Manner
from ai.engine.redact import contains_personal_data
from ai.engine.sentences import says_something, shared_words, split_units
from ai.engine.types import Citation, Draft, NoDraft, Passage

MAX_PASSAGES = 8
MAX_STEPS = 12
# Cosines of MiniLM between a question and: the best source; a sentence of it worth
# quoting; a sentence of another source; a sentence that only repeats another one.
SOURCE_FLOOR = 0.42
SENTENCE_FLOOR = 0.22
EXTRA_FLOOR = 0.50
SAME_SENTENCE = 0.82
# Where confidence is one half; and what a source in another language costs.
HALF_CONFIDENCE = 0.52
CONFIDENCE_SLOPE = 9.0
OTHER_LANGUAGE = 0.7
MINIMUM_CONFIDENCE = 0.25
# A generated sentence counts as supported from this likeness with its source.
SUPPORT_COSINE = 0.62
SUPPORT_WORDS = 0.6


@dataclass(frozen=True, slots=True)
class _Room:
    """How much is quoted: sentences of the main source, and of others; around its list of steps.

    A list itself is never shortened: half of the steps is no answer.
    """

    sentences: int
    extra: int
    before: int
    after: int


_ROOMS = {SHORT: _Room(4, 0, 0, 0), NORMAL: _Room(10, 2, 1, 2), DETAILED: _Room(16, 4, 2, 4)}


@dataclass(frozen=True, slots=True)
class Selection:
    """Sentences in their order; `source` of a piece counts into `sources`."""

    pieces: tuple[Piece, ...]
    sources: tuple[Passage, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A quotable unit: its source (index into the passages), place and worth."""

    text: str
    source: int
    place: int
    group: int
    worth: float
    vector: Vectors


def compose(
    question: str,
    passages: Sequence[Passage],
    encoder: Encoder,
    *,
    language: str = "en",
    requester: str = "",
    signature: str = "",
    vector: Vectors | None = None,
    manner: Manner = USUAL,
) -> Draft | NoDraft:
    """Return a draft answer, or why there is none.

    passages: best first, `score` being their cosine with the question.
    requester, signature: names for greeting and closing; may be "".
    vector: the question's embedding (dimension,), where it is known already.
    manner: greeting, closing and how much is quoted; what is quoted stays as it was written.
    """
    found = select(
        question, passages, encoder, language=language, vector=vector, length=manner.length
    )
    if isinstance(found, NoDraft):
        return found
    return _write(found, frame_for(language, manner), requester, signature)


def select(
    question: str,
    passages: Sequence[Passage],
    encoder: Encoder,
    *,
    language: str = "en",
    vector: Vectors | None = None,
    length: str = NORMAL,
) -> Selection | NoDraft:
    """Return the sentences that answer a question, or why there are none; as `compose`."""
    sources = [passage for passage in passages if passage.text.strip()][:MAX_PASSAGES]
    if not sources:
        return NoDraft("no_sources", "No draft: nothing in the knowledge base or solved tickets.")
    best = max(passage.score for passage in sources)
    if best < SOURCE_FLOOR:
        return NoDraft("too_far", f"No draft: the nearest source is only {best:.0%} alike.")
    asked = encoder.encode([question])[0] if vector is None else vector
    pieces = _pieces(asked, sources, encoder)
    chosen = _choose(pieces, sources, _ROOMS[length])
    if not chosen:
        return NoDraft("no_sentences", "No draft: no sentence of the sources answers this.")
    confidence = _confidence(chosen, sources, language)
    if confidence < MINIMUM_CONFIDENCE:
        return NoDraft("too_thin", "No draft: the sources hardly answer this.")
    return Selection(tuple(chosen), tuple(sources), confidence)


def unsupported_sentences(
    text: str, passages: Sequence[Passage], encoder: Encoder, *, language: str = "en"
) -> tuple[str, ...]:
    """Return the sentences of a generated answer that no passage backs.

    A sentence is backed when it is near a sentence of a passage in meaning or shares
    most of its content words; greeting, closing and questions need no source.
    """
    sentences = [
        unit.text
        for unit in split_units(text)
        if says_something(unit.text)
        and not unit.text.endswith("?")
        and not in_frame(language, unit.text)
    ]
    backing = [unit.text for passage in passages for unit in split_units(passage.text)]
    if not sentences:
        return ()
    if not backing:
        return tuple(sentences)
    likeness = encoder.encode(sentences) @ encoder.encode(backing).T
    everything = " ".join(backing)
    return tuple(
        sentence
        for sentence, row in zip(sentences, likeness, strict=True)
        if float(row.max()) < SUPPORT_COSINE and shared_words(sentence, everything) < SUPPORT_WORDS
    )


def _pieces(asked: Vectors, sources: Sequence[Passage], encoder: Encoder) -> list[Piece]:
    found = [
        (unit, index, place)
        for index, passage in enumerate(sources)
        for place, unit in enumerate(split_units(passage.text))
        if says_something(unit.text)
        and not unit.text.endswith("?")
        and not contains_personal_data(unit.text)
    ]
    if not found:
        return []
    # A step reads "Choose Reset": only with its title does it say what about.
    texts = [unit.text for unit, _, _ in found]
    # In one pass: two cost nearly twice as much.
    both = encoder.encode(texts + [f"{sources[i].title}: {unit.text}" for unit, i, _ in found])
    vectors, titled = both[: len(texts)], both[len(texts) :]
    likeness = np.maximum(vectors @ asked, 0.9 * (titled @ asked))
    return [
        Piece(unit.text, index, place, unit.group, float(worth), vector)
        for (unit, index, place), worth, vector in zip(found, likeness, vectors, strict=True)
    ]


def _choose(pieces: Sequence[Piece], sources: Sequence[Passage], room: _Room) -> list[Piece]:
    """Pick the main source's sentences in their order, then a few from others."""
    if not pieces:
        return []

    def weight(index: int) -> float:
        own = sorted((p.worth for p in pieces if p.source == index), reverse=True)[:2]
        return sources[index].score + (sum(own) / len(own) if own else -1.0)

    main = max(range(len(sources)), key=weight)
    chosen = _from_main([piece for piece in pieces if piece.source == main], room)
    extras = sorted((p for p in pieces if p.source != main), key=lambda p: -p.worth)
    added = 0
    for piece in extras:
        if added == room.extra or piece.worth < EXTRA_FLOOR:
            break
        if all(float(piece.vector @ other.vector) < SAME_SENTENCE for other in chosen):
            chosen.append(piece)
            added += 1
    return chosen


def _from_main(pieces: Sequence[Piece], room: _Room) -> list[Piece]:
    """Keep the best list whole, with the sentence leading to it; else the best sentences."""
    groups = {piece.group for piece in pieces if piece.group}
    if groups:

        def worth(group: int) -> float:
            return float(np.mean([p.worth for p in pieces if p.group == group]))

        best = max(groups, key=worth)
        steps = [piece for piece in pieces if piece.group == best][:MAX_STEPS]
        before = [p for p in pieces if p.place < steps[0].place and not p.group]
        after = [p for p in pieces if p.place > steps[-1].place and not p.group]
        lead = before[-room.before :] if room.before else []
        return [*lead, *steps, *(p for p in after[: room.after] if p.worth >= SENTENCE_FLOOR)]
    worthy = [piece for piece in pieces if piece.worth >= SENTENCE_FLOOR]
    kept: list[Piece] = []
    for piece in sorted(worthy, key=lambda p: -p.worth)[: room.sentences]:
        if all(float(piece.vector @ other.vector) < SAME_SENTENCE for other in kept):
            kept.append(piece)
    return sorted(kept, key=lambda p: p.place)


def _confidence(chosen: Sequence[Piece], sources: Sequence[Passage], language: str) -> float:
    main = sources[chosen[0].source]
    likeness = 0.7 * main.score + 0.3 * max(piece.worth for piece in chosen)
    confidence = 1 / (1 + math.exp(-CONFIDENCE_SLOPE * (likeness - HALF_CONFIDENCE)))
    if main.language and main.language != language:
        confidence *= OTHER_LANGUAGE
    return round(min(0.95, confidence), 4)


def _write(found: Selection, frame: Frame, requester: str, signature: str) -> Draft:
    lines: list[str] = []
    step = 0
    numbered, citations = number_sources(found)
    for piece, number in zip(found.pieces, numbered, strict=True):
        step = step + 1 if piece.group else 0
        prefix = f"{step}. " if piece.group else ""
        lines.append(f"{prefix}{piece.text} [{number}]")
    body = "\n".join(lines)
    text = f"{frame.greet(requester)}\n\n{body}\n\n{frame.close(signature)}"
    return Draft(text, frame.language, citations, found.confidence)


def number_sources(found: Selection) -> tuple[list[int], tuple[Citation, ...]]:
    """Return the source number of each piece, and the sources with what is quoted of them."""
    numbers: dict[tuple[str, int, str], int] = {}
    quotes: dict[int, list[str]] = {}
    marks: list[int] = []
    for piece in found.pieces:
        number = numbers.setdefault(source_key(found.sources[piece.source]), len(numbers) + 1)
        quotes.setdefault(number, []).append(piece.text)
        marks.append(number)
    titles = {source_key(source): source.title for source in found.sources}
    citations = tuple(
        Citation(number, key[0], key[1], titles[key], " ".join(quotes[number]), key[2])
        for key, number in numbers.items()
    )
    return marks, citations


def source_key(source: Passage) -> tuple[str, int, str]:
    """What counts as one source: a ticket, an article, a page of a document."""
    return source.kind, source.object_id, source.place
