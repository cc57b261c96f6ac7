"""The local classifier: what a desk learns from its own closed tickets.

Members of the vote: two linear machines over words, pieces of words and sentence
embeddings; the nearest known tickets; a small net where there is history enough; and,
so that a new desk has answers on its first day, the similarity to each category's name
and description. The weights of the vote are fitted on tickets the members had not seen,
so probabilities are honest and the descriptions fade as history grows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ai.engine.archive import pack, unpack
from ai.engine.calibrate import Confidence, apply_confidence, signs_of
from ai.engine.clean import as_written, words_written
from ai.engine.embed import Encoder
from ai.engine.features import FeatureSpace, words_read
from ai.engine.members import (
    RECIPES,
    Floats,
    Ints,
    LinearMember,
    neighbour_votes,
)
from ai.engine.net import NetMember
from ai.engine.types import EngineError, Evidence, Label
from ai.engine.vote import alone, decide, softmax, spoken

FORM = "omnidesk-classifier-4"
# Models of earlier releases still answer. The third read a Chinese sentence as one word; the
# second had one weight a member and no net; the first neither cleaned texts nor leaned to rare
# labels.
FORMS = (FORM, *(f"omnidesk-classifier-{number}" for number in (3, 2, 1)))
# Places of the members in the vote: the linear machines first, in the order of their recipes.
NEIGHBOURS, DESCRIPTIONS, NET = 2, 3, 4


def nothing() -> Floats:
    """No number at all: the bias and the lean of a model that has none."""
    return np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, slots=True, repr=False)
class Classifier:
    """A trained (or cold) classifier. Immutable; safe from several threads.

    classes: sorted labels. weights: (members, voices). prototypes: (classes,
    dimension), zero rows where a label has no description. rows: tickets learnt from.
    bias: (classes,) is added to the sum of votes; empty: nothing is.
    lean: (classes,) what is taken off a label's log probability before deciding.
    """

    classes: tuple[str, ...]
    dimension: int
    weights: Floats
    prototypes: Floats
    rows: int = 0
    bias: Floats = field(default_factory=nothing)
    confidence: Confidence = field(default_factory=Confidence)
    lean: Floats = field(default_factory=nothing)
    space: FeatureSpace | None = None
    linear: tuple[LinearMember, ...] = ()
    net: NetMember | None = None
    known: Floats = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    known_targets: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def probabilities(self, texts: Sequence[str], embeddings: Floats | None = None) -> Floats:
        """Return calibrated probabilities, shape (len(texts), len(classes)).

        The largest of a row is the label decided for.
        """
        vectors = checked(embeddings, len(texts), self.dimension)
        evidence, words = self._evidence(list(texts), vectors)
        summed = evidence.sum(axis=0)
        table = softmax(summed + self.bias if len(self.bias) else summed)
        if table.shape[1] < 2:
            return table
        chosen = decide(table, self.lean)
        signs = signs_of(evidence, table, chosen, words)
        sure = self.confidence.of(table[np.arange(len(table)), chosen], signs)
        return apply_confidence(table, sure, chosen)

    def _evidence(self, texts: list[str], vectors: Floats) -> tuple[Floats, Ints]:
        """What each member adds to the vote (members, rows, classes), and the known words a row."""
        votes = np.zeros((len(self.weights), len(texts), len(self.classes)), dtype=np.float32)
        words = np.zeros(len(texts), dtype=np.int64)
        if self.space is not None:
            features = self.space.transform(texts)
            words = words_read(features, self.space.word_count)
            for number, member in enumerate(self.linear):
                votes[number] = member.margins(features, vectors)
            votes[NEIGHBOURS] = neighbour_votes(
                vectors, self.known, self.known_targets, classes=len(self.classes)
            )
            if self.net is not None:
                votes[NET] = self.net.margins(features, vectors)
        votes[DESCRIPTIONS] = centred(vectors @ self.prototypes.T)
        return spoken(votes, self.weights), words

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
            pull += weight[0] * (rows[:, column] - rows.mean(axis=1)) * features.data
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
            "bias": self.bias,
            "calibration": self.confidence.base,
            "signs": self.confidence.signs,
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
        if self.net is not None:
            arrays |= self.net.arrays()
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
        weights, signs = arrays["weights"], arrays.get("signs")
        if weights.ndim == 1:
            weights = alone(weights)
        base = arrays["calibration"]
        return cls(
            classes=tuple(meta["classes"]),
            dimension=int(meta["dimension"]),
            weights=weights,
            bias=arrays.get("bias", nothing()),
            confidence=Confidence(base) if signs is None else Confidence(base, signs),
            lean=arrays.get("lean", nothing()),
            prototypes=arrays["prototypes"].astype(np.float32),
            rows=int(meta["rows"]),
            space=space,
            linear=tuple(_load_member(arrays, n) for n in range(len(RECIPES) if space else 0)),
            net=NetMember.rebuilt(arrays) if "net_first" in arrays else None,
            known=known / np.maximum(np.linalg.norm(known, axis=1, keepdims=True), 1e-9),
            known_targets=arrays["known_targets"].astype(np.int64),
        )


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


def _load_member(arrays: Mapping[str, NDArray[Any]], number: int) -> LinearMember:
    return LinearMember(
        weights=arrays[f"linear{number}_weights"].astype(np.float32),
        dense=arrays[f"linear{number}_dense"].astype(np.float32),
        bias=arrays[f"linear{number}_bias"],
    )


def checked(embeddings: Floats | None, rows: int, dimension: int) -> Floats:
    """Return float32 (rows, dimension), zeros for None; `EngineError` on another shape."""
    if embeddings is None:
        return np.zeros((rows, dimension), dtype=np.float32)
    if embeddings.shape != (rows, dimension):
        message = f"The embeddings have shape {embeddings.shape}, not {(rows, dimension)}."
        raise EngineError(message, permanent=True)
    return np.asarray(embeddings, dtype=np.float32)


def centred(similarity: Floats) -> Floats:
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
