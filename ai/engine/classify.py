"""The local classifier: what a desk learns from its own closed tickets.

Members of the vote: two linear machines over words, pieces of words and sentence
embeddings; the nearest known tickets; and, so that a new desk has answers on its
first day, the similarity to each category's name and description. The weights of
the vote are fitted on tickets the members had not seen, so probabilities are honest
and the descriptions fade as history grows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ai.engine.archive import pack, unpack
from ai.engine.calibrate import IDENTITY, apply_confidence, fit_confidence
from ai.engine.clean import as_written, words_written
from ai.engine.embed import Encoder
from ai.engine.features import FeatureSpace
from ai.engine.members import (
    RECIPES,
    Floats,
    Ints,
    LinearMember,
    fit_weights,
    neighbour_votes,
    softmax,
    train_linear,
)
from ai.engine.types import EngineError, Evidence, Label

FORM = "omnidesk-classifier-2"
# The first release neither cleaned texts nor leaned to rare labels; its models still answer.
FORMS = (FORM, "omnidesk-classifier-1")
# Weights before there is anything to fit them to; the last is the descriptions'.
DEFAULT_WEIGHTS = np.array([1.6, 1.6, 0.7, 0.0], dtype=np.float32)
COLD_PROTOTYPE_WEIGHT = 14.0
# History worth as much as the descriptions, in tickets.
COLD_ROWS = 25
# How far an unsure decision leans to rare labels, as a power of how rare they are. A desk's big
# team gets every doubtful ticket otherwise. (48 teams: macro-F1 .450 -> .488, accuracy .714 ->
# .718; 8 categories: .848 -> .849. Confidences are those of the label decided for.)
LEAN = 0.3
# Fewer tickets than this leave nothing to hold out.
MINIMUM_TO_FIT = 60
MAX_NEIGHBOUR_ROWS = 40_000
# From so many tickets on, one held-out fifth is enough to fit the few weights to.
MANY_TO_FIT = 10_000

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True, repr=False)
class Classifier:
    """A trained (or cold) classifier. Immutable; safe from several threads.

    classes: sorted labels. weights: (members,) votes. prototypes: (classes,
    dimension), zero rows where a label has no description. rows: tickets learnt from.
    lean: (classes,) what is taken off a label's log probability before deciding.
    """

    classes: tuple[str, ...]
    dimension: int
    weights: Floats
    prototypes: Floats
    rows: int = 0
    calibration: Floats = field(default_factory=IDENTITY.copy)
    lean: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    space: FeatureSpace | None = None
    linear: tuple[LinearMember, ...] = ()
    known: Floats = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    known_targets: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def probabilities(self, texts: Sequence[str], embeddings: Floats | None = None) -> Floats:
        """Return calibrated probabilities, shape (len(texts), len(classes)).

        The largest of a row is the label decided for.
        """
        vectors = _checked(embeddings, len(texts), self.dimension)
        votes = np.zeros((len(self.weights), len(texts), len(self.classes)), dtype=np.float32)
        if self.space is not None:
            features = self.space.transform(list(texts))
            for number, member in enumerate(self.linear):
                votes[number] = member.margins(features, vectors)
            votes[2] = neighbour_votes(
                vectors, self.known, self.known_targets, classes=len(self.classes)
            )
        votes[3] = _centred(vectors @ self.prototypes.T)
        vote = softmax(np.tensordot(self.weights, votes, axes=1))
        return apply_confidence(vote, self.calibration, _decide(vote, self.lean))

    def predict(
        self, texts: Sequence[str], embeddings: Floats | None = None, *, top: int = 3
    ) -> list[list[Label]]:
        """Return the `top` labels of each text, best first; empty lists without classes."""
        if not self.classes or not texts:
            return [[] for _ in texts]
        table = self.probabilities(texts, embeddings)
        best = np.argsort(-table, axis=1, kind="stable")[:, :top]
        return [
            [Label(self.classes[column], float(row[column])) for column in columns]
            for row, columns in zip(table, best, strict=True)
        ]

    def familiarity(self, text: str) -> float:
        """Return the share of the text's words that history taught, 0..1; 1 before there is any."""
        return 1.0 if self.space is None else self.space.known_share(text)

    def explain(self, text: str, label: str, *, limit: int = 5) -> list[Evidence]:
        """Return the words of `text` that spoke for `label`, strongest first.

        Only words the desk's history taught; weights are shares of what spoke for it.
        """
        if self.space is None or label not in self.classes:
            return []
        column = self.classes.index(label)
        features = self.space.transform([text])[:, : self.space.word_count].tocoo()
        pull = np.zeros(features.nnz, dtype=np.float32)
        for weight, member in zip(self.weights, self.linear, strict=False):
            rows = member.weights[features.col]
            pull += weight * (rows[:, column] - rows.mean(axis=1)) * features.data
        words = self.space.words()[features.col]
        total = float(pull[pull > 0].sum())
        order = np.argsort(-pull)
        found = [(str(words[n]), float(pull[n]) / total) for n in order if pull[n] > 0]
        if self.space.cleans:
            written = words_written(text)
            found = [(as_written(written, word), share) for word, share in found]
        return [Evidence("word", word, share) for word, share in _distinct(found)][:limit]

    def dumps(self) -> bytes:
        """Return one blob of bytes (no pickle) for `Classifier.loads`."""
        arrays: dict[str, NDArray[Any]] = {
            "weights": self.weights,
            "calibration": self.calibration,
            "lean": self.lean,
            "prototypes": self.prototypes.astype(np.float16),
            # Cosines lose nothing that matters in eight bits, and the blob two thirds.
            "known": np.round(self.known * 127).astype(np.int8),
            "known_targets": self.known_targets.astype(np.int32),
        }
        meta: dict[str, Any] = {
            "form": FORM,
            "classes": list(self.classes),
            "dimension": self.dimension,
            "rows": self.rows,
            "space": None,
        }
        for number, member in enumerate(self.linear):
            arrays[f"linear{number}_weights"] = member.weights.astype(np.float16)
            arrays[f"linear{number}_dense"] = member.dense.astype(np.float16)
            arrays[f"linear{number}_bias"] = member.bias
        if self.space is not None:
            meta["space"], extra = self.space.dump()
            arrays |= extra
        return pack(meta, arrays)

    @classmethod
    def loads(cls, blob: bytes) -> Classifier:
        """Rebuild a classifier; raises a permanent `EngineError` on a broken blob."""
        meta, arrays = unpack(blob, forms=FORMS)
        space = FeatureSpace.load(meta["space"], arrays) if meta["space"] else None
        known = arrays["known"].astype(np.float32) / 127
        return cls(
            classes=tuple(meta["classes"]),
            dimension=int(meta["dimension"]),
            weights=arrays["weights"],
            calibration=arrays["calibration"],
            lean=arrays.get("lean", np.zeros(0, dtype=np.float32)),
            prototypes=arrays["prototypes"].astype(np.float32),
            rows=int(meta["rows"]),
            space=space,
            linear=tuple(_load_member(arrays, n) for n in range(len(RECIPES) if space else 0)),
            known=known / np.maximum(np.linalg.norm(known, axis=1, keepdims=True), 1e-9),
            known_targets=arrays["known_targets"].astype(np.int64),
        )


def train(
    texts: Sequence[str],
    labels: Sequence[str],
    embeddings: Floats | None = None,
    *,
    prototypes: Mapping[str, NDArray[np.float32]] | None = None,
    trust: Sequence[float] = (),
    neighbours: bool = True,
    progress: Progress | None = None,
) -> Classifier:
    """Learn from closed tickets; with none, answer from the prototypes alone.

    embeddings: float32 (len(texts), dimension), or None to work on words only.
    prototypes: label -> normalised vector of its description (see
    `describe_prototypes`); labels without history become predictable by it.
    trust: how much each text counts, where they do not count alike.
    neighbours: False keeps no known ticket, not even its vector.
    progress: called with 0..1 as the work goes on.
    """
    if len(texts) != len(labels):
        raise EngineError("Each text needs one label.", permanent=True)
    described = prototypes or {}
    labels = [str(label) for label in labels]
    classes = tuple(sorted({*labels, *described}))
    dimension = _dimension(embeddings, described)
    vectors = _checked(embeddings, len(texts), dimension)
    table = np.zeros((len(classes), dimension), dtype=np.float32)
    for label, vector in described.items():
        table[classes.index(label)] = vector
    if not texts:
        weights = np.array([0.0, 0.0, 0.0, COLD_PROTOTYPE_WEIGHT], dtype=np.float32)
        return Classifier(classes, dimension, weights, table)
    position = {label: number for number, label in enumerate(classes)}
    targets = np.array([position[label] for label in labels], dtype=np.int64)
    counts = np.array(trust, dtype=np.float32) if trust else None
    trainer = _Trainer(list(texts), targets, vectors, table, progress or (lambda _: None), counts)
    trainer.most_known = MAX_NEIGHBOUR_ROWS if neighbours else 0
    return trainer.run(classes)


def describe_prototypes(
    encoder: Encoder, descriptions: Mapping[str, Sequence[str]]
) -> dict[str, NDArray[np.float32]]:
    """Return label -> vector from its name, description and example tickets.

    The first text (the name with its description) counts as much as all examples.
    """
    result: dict[str, NDArray[np.float32]] = {}
    for label, texts in descriptions.items():
        vectors = encoder.encode([text for text in texts if text.strip()] or [label])
        mean = vectors[0] + (vectors[1:].mean(axis=0) if len(vectors) > 1 else 0)
        result[label] = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return result


class _Trainer:
    """One training run: features once, members per fold and on everything, then weights."""

    def __init__(
        self,
        texts: list[str],
        targets: Ints,
        vectors: Floats,
        prototypes: Floats,
        progress: Progress,
        trust: Floats | None = None,
    ) -> None:
        self._trust = trust
        self.most_known = MAX_NEIGHBOUR_ROWS
        self.targets, self.vectors, self.prototypes = targets, vectors, prototypes
        self.count = len(prototypes)
        self.space, self.features = FeatureSpace.fit(texts)
        self._report = progress
        self._held = self._held_out()
        self._steps, self._done = (len(self._held) + 1) * len(RECIPES) + 1, 0
        self._tick()

    def run(self, classes: tuple[str, ...]) -> Classifier:
        weights, calibration = self._weights()
        everything = np.arange(len(self.targets))
        recent = everything[max(0, len(everything) - self.most_known) :]
        return Classifier(
            classes=classes,
            dimension=self.vectors.shape[1],
            weights=weights,
            calibration=calibration,
            lean=_lean(self.targets, self.count),
            prototypes=self.prototypes,
            rows=len(self.targets),
            space=self.space,
            linear=self._members(self.features, everything),
            known=self.vectors[recent],
            known_targets=self.targets[recent],
        )

    def _members(self, features: sp.csr_matrix, rows: Ints) -> tuple[LinearMember, ...]:
        members = []
        for recipe in RECIPES:
            member = train_linear(
                recipe,
                features[rows],
                self.vectors[rows],
                self.targets[rows],
                classes=self.count,
                word_count=self.space.word_count,
                trust=None if self._trust is None else self._trust[rows],
            )
            members.append(member)
            self._tick()
        return tuple(members)

    def _weights(self) -> tuple[Floats, Floats]:
        described = bool(self.prototypes.any())
        rows = len(self.targets)
        trust = rows / (rows + COLD_ROWS) if described else 1.0
        default = DEFAULT_WEIGHTS * trust
        default[3] = COLD_PROTOTYPE_WEIGHT * (1 - trust)
        if not self._held:
            return default, IDENTITY
        votes = np.zeros((len(default), rows, self.count), dtype=np.float32)
        for held in self._held:
            used = np.setdiff1d(np.arange(rows), held)
            features = self.space.as_if_fitted_on(self.features, used)
            for index, member in enumerate(self._members(features, used)):
                votes[index, held] = member.margins(features[held], self.vectors[held])
            known = used if self.most_known else used[:0]
            votes[2, held] = neighbour_votes(
                self.vectors[held], self.vectors[known], self.targets[known], classes=self.count
            )
        votes[3] = _centred(self.vectors @ self.prototypes.T)
        seen = np.concatenate(self._held)
        votes, targets = votes[:, seen], self.targets[seen]
        weights = fit_weights(votes, targets, default)
        table = softmax(np.tensordot(weights, votes, axes=1))
        chosen = _decide(table, _lean(self.targets, self.count))
        confidence = table[np.arange(len(table)), chosen]
        return weights, fit_confidence(confidence, chosen == targets)

    def _held_out(self) -> list[Ints]:
        """The parts of the history that each are predicted by what was learnt from the rest."""
        rows = len(self.targets)
        if rows < MINIMUM_TO_FIT or self.count < 2:
            return []
        order = np.random.default_rng(0).permutation(rows)
        parts = np.array_split(order, 3 if 3_000 <= rows < MANY_TO_FIT else 5)
        return parts[:1] if rows >= MANY_TO_FIT else parts

    def _tick(self) -> None:
        self._done += 1
        self._report(min(1.0, self._done / self._steps))


def _decide(table: Floats, lean: Floats) -> Ints:
    """Return the label decided for in each row of probabilities."""
    scores = np.log(np.maximum(table, 1e-9))
    decided: Ints = (scores - lean if len(lean) else scores).argmax(axis=1)
    return decided


def _lean(targets: Ints, count: int) -> Floats:
    """Return what each label loses for being frequent; labels without history lose nothing."""
    counts = np.bincount(targets, minlength=count).astype(np.float64)
    mean = counts.sum() / max(1, np.count_nonzero(counts))
    lean: Floats = (LEAN * np.log(np.where(counts > 0, counts, mean) / mean)).astype(np.float32)
    return lean


def _load_member(arrays: Mapping[str, NDArray[Any]], number: int) -> LinearMember:
    return LinearMember(
        weights=arrays[f"linear{number}_weights"].astype(np.float32),
        dense=arrays[f"linear{number}_dense"].astype(np.float32),
        bias=arrays[f"linear{number}_bias"],
    )


def _dimension(embeddings: Floats | None, prototypes: Mapping[str, NDArray[np.float32]]) -> int:
    if embeddings is not None:
        return int(embeddings.shape[1])
    return next((len(vector) for vector in prototypes.values()), 0)


def _checked(embeddings: Floats | None, rows: int, dimension: int) -> Floats:
    if embeddings is None:
        return np.zeros((rows, dimension), dtype=np.float32)
    if embeddings.shape != (rows, dimension):
        message = f"The embeddings have shape {embeddings.shape}, not {(rows, dimension)}."
        raise EngineError(message, permanent=True)
    return np.asarray(embeddings, dtype=np.float32)


def _centred(similarity: Floats) -> Floats:
    """Only differences between descriptions speak; a chatty text is near all of them."""
    if not similarity.shape[1]:
        return similarity
    centred: Floats = similarity - similarity.mean(axis=1, keepdims=True)
    return centred


def _distinct(found: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Drop a word already said as part of a pair, and the other way round."""
    kept: list[tuple[str, float]] = []
    for words, share in found:
        parts = set(words.split())
        if not any(parts & set(other.split()) for other, _ in kept) and words != "ticket":
            kept.append((words, share))
    return kept
