"""Answers to questions: every sentence with its source, or an honest "not known".

Extractive answers quote sources word for word. Generated ones are checked sentence by sentence:
what no source backs is left out, and where nothing is left there is no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ai.engine.draft import number_sources, select, source_key, unsupported_sentences
from ai.engine.embed import Encoder, Vectors
from ai.engine.llm import MAX_PASSAGES, DraftAnswer
from ai.engine.types import Citation, NoDraft, Passage

GENERATED_CONFIDENCE = 0.6


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


def from_sources(
    question: str,
    passages: Sequence[Passage],
    encoder: Encoder,
    *,
    language: str,
    vector: Vectors | None = None,
) -> Answer | NoDraft:
    """Quote what answers the question; passages best first, `score` their cosine with it."""
    found = select(question, passages, encoder, language=language, vector=vector)
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
