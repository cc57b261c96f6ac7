"""A small neural net as a member of the vote: telling words and the embedding, one hidden layer.

It sees what no linear machine sees, that two words together mean another thing than each alone,
and errs elsewhere. Plain NumPy: learning 30,000 tickets takes half a minute, and a web process
that merely reads a model needs no torch. The same rows give the same net.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import logsumexp

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# How often each row is seen: few rows oftener, so that there are steps enough to learn anything.
SEEN_ROWS = 160_000
FEWEST_EPOCHS, MOST_EPOCHS = 8, 30
# The embedding beside the words, as in the linear machines; chosen on held-out rows.
EMBEDDING_SCALE = np.float32(2.0)
# Shares of the input and of the hidden layer that each step does not see.
BLIND_INPUT, BLIND_HIDDEN = 0.3, 0.5
SHRINKAGE = 1e-5
# No label is less likely than this to the net (log), so that no single member has a veto.
FLOOR = -9.0
# Rare classes count more than their rows, less so than in the linear machines: the vote leans.
BALANCE = 0.25


@dataclass(frozen=True, slots=True)
class Size:
    """How many columns a net reads (those that differ most between labels), how wide its hidden
    layer is, how many rows a step sees and how far it goes."""

    columns: int
    hidden: int
    batch: int
    rate: float


# Few rows have nothing to tell a larger net; many fill it. (8 categories, 30,616 rows: accuracy
# alone .861 -> .867, of the vote's surest 80 % .954 -> .956. Larger steps make it as quick.)
SMALL = Size(columns=8_000, hidden=64, batch=64, rate=4e-3)
LARGE = Size(columns=8_000, hidden=128, batch=128, rate=6e-3)


@dataclass(frozen=True, slots=True)
class NetMember:
    """columns (k,) of the features, first (k, hidden), dense (dimension, hidden), middle (hidden,),
    second (hidden, classes), bias (classes,)."""

    columns: Ints
    first: Floats
    dense: Floats
    middle: Floats
    second: Floats
    bias: Floats

    def margins(self, features: sp.csr_matrix, embeddings: Floats) -> Floats:
        """Return log probabilities (rows, classes), none below `FLOOR`."""
        seen = features[:, self.columns] @ self.first
        hidden = np.maximum(seen + embeddings @ self.dense + self.middle, 0)
        logits = hidden @ self.second + self.bias
        logs: Floats = logits - logsumexp(logits, axis=1, keepdims=True)
        return np.maximum(logs, FLOOR).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `NetMember.rebuilt` needs, in half precision."""
        halves = {name: getattr(self, name).astype(np.float16) for name in _HALVES}
        return {"net_columns": self.columns.astype(np.int32)} | {
            f"net_{name}": values for name, values in halves.items()
        }

    @classmethod
    def rebuilt(cls, arrays: dict[str, NDArray[Any]]) -> NetMember:
        """Rebuild what `arrays` took apart."""
        weights = {name: arrays[f"net_{name}"].astype(np.float32) for name in _HALVES}
        return cls(columns=arrays["net_columns"].astype(np.int64), **weights)


_HALVES = ("first", "dense", "middle", "second", "bias")


def train_net(
    features: sp.csr_matrix,
    embeddings: Floats,
    targets: Ints,
    *,
    classes: int,
    size: Size = SMALL,
    trust: Floats | None = None,
) -> NetMember:
    """Fit one net. Shapes: features (rows, columns), embeddings (rows, dimension).

    trust: (rows,) how much an error on each row costs; None: all alike.
    """
    rows = len(targets)
    columns = telling_columns(features, targets, classes=classes, most=size.columns)
    weights = _row_weights(targets, classes, trust)
    rng = np.random.default_rng(0)
    learner = _Learner(rng, (len(columns), embeddings.shape[1], size.hidden, classes))
    inputs = features[:, columns].tocsr()
    scaled = embeddings * EMBEDDING_SCALE
    epochs = int(np.clip(SEEN_ROWS // rows, FEWEST_EPOCHS, MOST_EPOCHS))
    steps, step = epochs * -(-rows // size.batch), 0
    for _ in range(epochs):
        order = rng.permutation(rows)
        for start in range(0, rows, size.batch):
            some = order[start : start + size.batch]
            step += 1
            # Warm up over the first tenth, then come to rest.
            rate = size.rate * min(1.0, 10 * step / steps) * max(0.02, 1 - step / steps)
            learner.learn(inputs[some], scaled[some], targets[some], weights[some], rate)
    first, dense, *others = learner.weights
    return NetMember(columns, first, dense * EMBEDDING_SCALE, *others)


def telling_columns(features: sp.csr_matrix, targets: Ints, *, classes: int, most: int) -> Ints:
    """Return the `most` columns whose weight differs most between the classes (chi squared)."""
    rows = len(targets)
    member = sp.csr_matrix((np.ones(rows, np.float32), (targets, np.arange(rows))), (classes, rows))
    found = (member @ features).toarray()
    share = np.bincount(targets, minlength=classes)[:, None] / rows
    expected = share * found.sum(axis=0)
    spread = ((found - expected) ** 2 / np.maximum(expected, 1e-9)).sum(axis=0)
    best: Ints = np.sort(np.argsort(-spread, kind="stable")[:most])
    return best


class _Learner:
    """The weights on their way: forward, backward, one step of Adam."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, int, int, int]) -> None:
        """shape: columns, dimension of the embeddings, hidden, classes."""
        columns, dimension, hidden, classes = shape

        def drawn(rows: int, width: int, scale: float) -> Floats:
            return (rng.standard_normal((rows, width)) * scale).astype(np.float32)

        self._rng, self._step = rng, 0
        self.weights: list[Floats] = [
            drawn(columns, hidden, 0.1),
            drawn(dimension, hidden, 0.1),
            np.zeros(hidden, np.float32),
            drawn(hidden, classes, 0.3 * (2 / hidden) ** 0.5),
            np.zeros(classes, np.float32),
        ]
        self._mean = [np.zeros_like(weights) for weights in self.weights]
        self._square = [np.zeros_like(weights) for weights in self.weights]
        self._place: Ints = np.zeros(columns, np.int64)

    def learn(
        self, inputs: sp.csr_matrix, embeddings: Floats, targets: Ints, weights: Floats, rate: float
    ) -> None:
        """One step. Of the columns only those move that stand in `inputs`: a quarter of them."""
        touched, inputs = _touched(inputs, self._place)
        inputs.data = inputs.data * self._kept(inputs.data.shape, BLIND_INPUT)
        first, (_, dense, middle, second, bias) = self.weights[0][touched], self.weights
        embeddings = embeddings * self._kept(embeddings.shape, BLIND_INPUT)
        before = inputs @ first + embeddings @ dense + middle
        gate = (before > 0) * self._kept(before.shape, BLIND_HIDDEN)
        hidden = before * gate
        logits = hidden @ second + bias
        error = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
        error[np.arange(len(targets)), targets] -= 1
        error = (error * (weights / len(targets))[:, None]).astype(np.float32)
        back = (error @ second.T) * gate
        self._move(
            [
                np.asarray(inputs.T @ back) + SHRINKAGE * first,
                embeddings.T @ back + SHRINKAGE * dense,
                back.sum(axis=0),
                hidden.T @ error + SHRINKAGE * second,
                error.sum(axis=0),
            ],
            rate,
            touched,
        )

    def _kept(self, shape: tuple[int, ...], blind: float) -> Floats:
        kept = self._rng.random(shape, dtype=np.float32) >= blind
        return kept.astype(np.float32) / np.float32(1 - blind)

    def _move(self, gradients: list[Floats], rate: float, touched: Ints) -> None:
        self._step += 1
        scale = np.float32(rate * (1 - 0.999**self._step) ** 0.5 / (1 - 0.9**self._step))
        weights, mean, square = (kept[0] for kept in (self.weights, self._mean, self._square))
        own = weights[touched], mean[touched], square[touched]
        _adam(*own, gradients[0], scale)
        weights[touched], mean[touched], square[touched] = own
        others = (self.weights[1:], self._mean[1:], self._square[1:], gradients[1:])
        for weights, mean, square, gradient in zip(*others, strict=True):
            _adam(weights, mean, square, gradient, scale)


def _touched(inputs: sp.csr_matrix, place: Ints) -> tuple[Ints, sp.csr_matrix]:
    """Return the columns that stand in `inputs`, and the inputs of these alone.

    place: (columns,) room to note each column's new place in.
    """
    place[inputs.indices] = -1
    touched: Ints = np.flatnonzero(place < 0)
    place[touched] = np.arange(len(touched))
    shape = (inputs.shape[0], len(touched))
    return touched, sp.csr_matrix((inputs.data, place[inputs.indices], inputs.indptr), shape=shape)


def _adam(
    weights: Floats, mean: Floats, square: Floats, gradient: Floats, scale: np.float32
) -> None:
    """One step of Adam, in place: the large arrays are walked as seldom as possible."""
    mean *= np.float32(0.9)
    mean += np.float32(0.1) * gradient
    square *= np.float32(0.999)
    np.multiply(gradient, gradient, out=gradient)
    gradient *= np.float32(0.001)
    square += gradient
    np.sqrt(square, out=gradient)
    gradient += np.float32(1e-8)
    np.divide(mean, gradient, out=gradient)
    gradient *= scale
    weights -= gradient


def _row_weights(targets: Ints, classes: int, trust: Floats | None) -> Floats:
    counts = np.bincount(targets, minlength=classes)
    mean = len(targets) / max(1, int(np.count_nonzero(counts)))
    weights = (mean / counts[targets]) ** BALANCE
    if trust is not None:
        weights = weights * trust
    result: Floats = (weights / weights.mean()).astype(np.float32)
    return result
