"""Measure the product's own engine on data it has not seen.

`run_classification` trains the local classifier as a desk would and predicts;
`run_retrieval` indexes into a throw-away store and searches as the product does.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ai.engine import metrics
from ai.engine.classify import Classifier, describe_prototypes
from ai.engine.embed import Encoder, Vectors
from ai.engine.evaluate_io import Entry, Table
from ai.engine.members import Ints
from ai.engine.retrieve import Retriever, knowledge_pieces, knowledge_points
from ai.engine.store import VectorStore
from ai.engine.store_edge import EdgeStore
from ai.engine.training import train
from ai.engine.tuned import Tuner, tune
from ai.engine.types import Label, Point

# Called with (what is being done, share done 0..1).
Progress = Callable[[str, float], None]

BLOCK = 1_024
PREDICT_BLOCK = 2_000
# The only organization in a throw-away store.
ORGANIZATION = 1


@dataclass(frozen=True, slots=True)
class ClassificationReport:
    """Measures (0..1) over the test rows, and how long it took in seconds."""

    train_rows: int
    test_rows: int
    labels: int
    accuracy: float
    macro_f1: float
    top3: float
    accuracy_sure_50: float
    accuracy_sure_80: float
    calibration_error: float
    embed_seconds: float
    train_seconds: float
    predict_seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return _rounded(asdict(self))


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """Sizes and times; measures are None where no query says what is relevant."""

    documents: int
    points: int
    queries: int
    judged: int
    precision_at_1: float | None
    precision_at_5: float | None
    mrr: float | None
    index_seconds: float
    query_milliseconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return _rounded(asdict(self))


@dataclass(frozen=True, slots=True)
class Answer:
    """What one query found: (document id, score), best first."""

    query: str
    hits: tuple[tuple[str, float], ...]


def run_classification(
    training: Table,
    test: Table,
    encoder: Encoder,
    *,
    limit_train: int | None = None,
    seed: int = 42,
    tuner: Tuner | None = None,
    progress: Progress | None = None,
) -> tuple[ClassificationReport, list[list[Label]]]:
    """Train on one table, predict the other; return measures and top-3 labels a row.

    limit_train: use so many random rows of the training table, chosen by `seed`.
    tuner: tunes the sentence model as well, as one more voice.
    """
    tell = progress or _silent
    training = _sample(training, limit_train, seed)
    started = time.perf_counter()
    vectors = embed_all(encoder, training.texts, lambda share: tell("Embedding history", share))
    tested = embed_all(encoder, test.texts, lambda share: tell("Embedding tickets", share))
    embedded = time.perf_counter()
    classifier = _learn(training, vectors, encoder, tuner, tell)
    trained = time.perf_counter()
    found: list[list[Label]] = []
    for start in range(0, len(test.texts), PREDICT_BLOCK):
        rows = slice(start, start + PREDICT_BLOCK)
        found += classifier.predict(test.texts[rows], tested[rows], top=3)
        tell("Predicting", min(1.0, (start + PREDICT_BLOCK) / len(test.texts)))
    predicted = time.perf_counter()
    report = classification_report(
        test.labels,
        found,
        train_rows=len(training.texts),
        labels=len(classifier.classes),
        seconds=(embedded - started, trained - embedded, predicted - trained),
    )
    return report, found


def _learn(
    training: Table, vectors: Vectors, encoder: Encoder, tuner: Tuner | None, tell: Progress
) -> Classifier:
    # A desk's categories have names, whatever else it knows of them.
    names = describe_prototypes(encoder, {label: [label] for label in set(training.labels)})

    def learn(what: str, rows: Ints) -> Classifier:
        texts = [training.texts[row] for row in rows]
        labels = [training.labels[row] for row in rows]
        return train(
            texts, labels, vectors[rows], prototypes=names, progress=lambda share: tell(what, share)
        )

    usual = learn("Training", np.arange(len(training.texts)))
    if tuner is None:
        return usual
    tell("Tuning the sentence model", 0.0)
    judged = partial(learn, "Training on four fifths")
    return tune(usual, tuner, training.texts, training.labels, vectors, judged)


def classification_report(
    truth: Sequence[str],
    found: Sequence[Sequence[Label]],
    *,
    train_rows: int,
    labels: int,
    seconds: tuple[float, float, float],
) -> ClassificationReport:
    """Return the measures of predictions; `seconds` = (embedding, training, predicting)."""
    predicted = [row[0].value for row in found]
    confidence = [row[0].confidence for row in found]
    right = [a == b for a, b in zip(truth, predicted, strict=True)]
    return ClassificationReport(
        train_rows=train_rows,
        test_rows=len(truth),
        labels=labels,
        accuracy=metrics.accuracy(truth, predicted),
        macro_f1=metrics.macro_f1(truth, predicted),
        top3=metrics.top_k(truth, [[label.value for label in row] for row in found]),
        accuracy_sure_50=metrics.accuracy_at_coverage(right, confidence, 0.5),
        accuracy_sure_80=metrics.accuracy_at_coverage(right, confidence, 0.8),
        calibration_error=metrics.calibration_error(right, confidence),
        embed_seconds=seconds[0],
        train_seconds=seconds[1],
        predict_seconds=seconds[2],
    )


def run_retrieval(
    corpus: Sequence[Entry],
    queries: Sequence[Entry],
    encoder: Encoder,
    *,
    top: int = 10,
    progress: Progress | None = None,
) -> tuple[RetrievalReport, list[Answer]]:
    """Index the corpus into a throw-away store and answer each query with `top` hits."""
    tell = progress or _silent
    with tempfile.TemporaryDirectory(prefix="omnidesk-evaluate-") as folder:
        store = EdgeStore(Path(folder) / "vectors", dimension=encoder.dimension)
        try:
            started = time.perf_counter()
            _index(corpus, encoder, store, tell)
            indexed = time.perf_counter()
            points = store.count()
            answers = _ask(corpus, queries, encoder, store, top, tell)
            asked = time.perf_counter()
        finally:
            store.close()
    judged = [
        [key in query.relevant for key, _ in answer.hits]
        for query, answer in zip(queries, answers, strict=True)
        if query.relevant
    ]
    report = RetrievalReport(
        documents=len(corpus),
        points=points,
        queries=len(queries),
        judged=len(judged),
        precision_at_1=_judged(judged, lambda row: metrics.precision_at(row, 1)),
        precision_at_5=_judged(judged, lambda row: metrics.precision_at(row, 5)),
        mrr=_judged(judged, metrics.reciprocal_rank),
        index_seconds=indexed - started,
        query_milliseconds=1000 * (asked - indexed) / max(1, len(queries)),
    )
    return report, answers


def embed_all(encoder: Encoder, texts: Sequence[str], progress: Callable[[float], None]) -> Vectors:
    """Embed many texts, each different one once; float32 (len(texts), dimension)."""
    different = sorted(set(texts), key=len)
    place = {text: number for number, text in enumerate(different)}
    blocks = [np.zeros((0, encoder.dimension), dtype=np.float32)]
    for start in range(0, len(different), BLOCK):
        blocks.append(encoder.encode(different[start : start + BLOCK]))
        progress(min(1.0, (start + BLOCK) / len(different)))
    vectors: Vectors = np.vstack(blocks)[[place[text] for text in texts]]
    return vectors


def _sample(table: Table, limit: int | None, seed: int) -> Table:
    if limit is None or limit >= len(table.texts):
        return table
    rows = np.random.default_rng(seed).permutation(len(table.texts))[:limit]
    return Table([table.texts[row] for row in rows], [table.labels[row] for row in rows])


def _index(corpus: Sequence[Entry], encoder: Encoder, store: VectorStore, tell: Progress) -> None:
    pieces = [text for e in corpus for text, _ in knowledge_pieces(e.title, e.text)]
    # All at once: texts of one length share a batch, and a document alone fills none.
    vectors = embed_all(encoder, pieces, lambda share: tell("Embedding documents", share))
    known = _Known(encoder.dimension, dict(zip(pieces, vectors, strict=True)))
    pending: list[Point] = []
    for number, entry in enumerate(corpus, 1):
        pending += knowledge_points(
            known, ORGANIZATION, "article", number - 1, title=entry.title, body=entry.text
        )
        if len(pending) >= BLOCK or number == len(corpus):
            store.upsert(pending)
            pending = []
            tell("Indexing", number / len(corpus))
    store.optimize()


@dataclass(frozen=True, slots=True)
class _Known:
    """An `Encoder` of texts embedded before."""

    dimension: int
    vectors: dict[str, Vectors]

    def encode(self, texts: list[str]) -> Vectors:
        return np.stack([self.vectors[text] for text in texts])


def _ask(
    corpus: Sequence[Entry],
    queries: Sequence[Entry],
    encoder: Encoder,
    store: VectorStore,
    top: int,
    tell: Progress,
) -> list[Answer]:
    texts = [f"{query.title}\n{query.text}".strip() for query in queries]
    vectors = embed_all(encoder, texts, lambda share: tell("Embedding queries", share))
    retriever = Retriever(encoder, store)
    answers = []
    for number, (query, text, vector) in enumerate(zip(queries, texts, vectors, strict=True), 1):
        found = retriever.search(
            text, organizations=[ORGANIZATION], limit=top, floor=-1.0, vector=vector
        )
        hits = tuple((corpus[item.object_id].id, round(item.score, 6)) for item in found)
        answers.append(Answer(query.id, hits))
        tell("Searching", number / len(queries))
    return answers


def _judged(
    rows: Sequence[Sequence[bool]], measure: Callable[[Sequence[bool]], float]
) -> float | None:
    return metrics.mean([measure(row) for row in rows]) if rows else None


def _rounded(report: dict[str, Any]) -> dict[str, Any]:
    return {
        key: round(value, 4) if isinstance(value, float) else value for key, value in report.items()
    }


def _silent(_what: str, _share: float) -> None:
    pass
