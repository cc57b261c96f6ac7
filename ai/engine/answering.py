"""Answers to questions: every sentence with its source, or an honest "not known".

Extractive answers quote sources word for word. Generated ones are checked sentence by sentence:
what no source backs is left out, and where nothing is left there is no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ai.engine.draft import number_sources, select, source_key, unsupported_sentences
from ai.engine.embed import Encoder, Vectors
from ai.engine.lexical import tokens
from ai.engine.llm import MAX_PASSAGES, DraftAnswer
from ai.engine.manner import NORMAL
from ai.engine.retrieve import Found
from ai.engine.types import Citation, NoDraft, Passage

GENERATED_CONFIDENCE = 0.6
# What must be near for a source to answer. Measured on 60 questions to the demo desk, half without
# an answer: by a cosine of 0.5 alone, 14 of 30 got one nevertheless; by this, one, and all others
# theirs (`tests/ai/answer_cases.py`). Cosine below which nothing is quoted; from which it is
# quoted whatever its words; and cosine + share of the question's words that stand in the source.
NEAR_FLOOR = 0.42
NEAR_ENOUGH = 0.75
NEAR_AND_SAID = 1.0
# A longer text is a whole ticket: no source has most of its words, so the cosine decides.
LONG_TERMS = 30
LONG_FLOOR = 0.50
EXACT_CODE = 0.3


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence with the numbers of its sources; `step` counts from 1 inside a list, else 0."""

    text: str
    citations: tuple[int, ...]
    step: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Sentences and the sources they name; `source` is "extractive" or a model's name."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    confidence: float
    source: str = "extractive"


def answers(question: str, found: Found, floor: float | None = None) -> bool:
    """Whether a source that was found is near enough to answer, and not only about the same.

    floor: a cosine that decides alone, to see what another rule would be worth.
    """
    near = found.similarity
    if found.score - near >= EXACT_CODE:
        return True
    if floor is not None:
        return near >= floor
    terms = set(tokens(question))
    if len(terms) > LONG_TERMS:
        return near >= LONG_FLOOR
    if near < NEAR_FLOOR or not terms:
        return False
    source = "\n".join([found.title, *(str(hit.payload.get("text", "")) for hit in found.hits)])
    said = len(terms & set(tokens(source))) / len(terms)
    return near >= NEAR_ENOUGH or near + said >= NEAR_AND_SAID


def from_sources(
    question: str,
    passages: Sequence[Passage],
    encoder: Encoder,
    *,
    language: str,
    vector: Vectors | None = None,
    length: str = NORMAL,
) -> Answer | NoDraft:
    """Quote what answers the question; passages best first, `score` their cosine with it."""
    found = select(question, passages, encoder, language=language, vector=vector, length=length)
    if isinstance(found, NoDraft):
        return found
    numbers, citations = number_sources(found)
    sentences: list[Sentence] = []
    step = 0
    for piece, number in zip(found.pieces, numbers, strict=True):
        step = step + 1 if piece.group else 0
        sentences.append(Sentence(piece.text, (number,), step))
    return Answer(tuple(sentences), citations, found.confidence)


def from_model(
    reply: DraftAnswer, passages: Sequence[Passage], encoder: Encoder, *, language: str
) -> Answer | NoDraft:
    """Keep the sentences of a generated answer that the sources they name back."""
    offered = passages[:MAX_PASSAGES]
    kept = [
        (text, numbers)
        for text, numbers in reply.sentences
        if not unsupported_sentences(
            text, [offered[number - 1] for number in numbers], encoder, language=language
        )
    ]
    if not kept:
        return NoDraft("unsupported", "No answer: the sources do not say what the model wrote.")
    renumbered: dict[tuple[str, int, str], int] = {}
    sentences = []
    for text, numbers in kept:
        keys = [source_key(offered[number - 1]) for number in numbers]
        marks = [renumbered.setdefault(key, len(renumbered) + 1) for key in keys]
        sentences.append(Sentence(text, tuple(dict.fromkeys(marks))))
    sources = {source_key(passage): passage for passage in reversed(offered)}
    citations = tuple(
        Citation(number, key[0], key[1], sources[key].title, sources[key].text[:500], key[2])
        for key, number in renumbered.items()
    )
    return Answer(tuple(sentences), citations, GENERATED_CONFIDENCE, reply.usage.model)
