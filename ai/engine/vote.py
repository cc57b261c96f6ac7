"""How the members' evidence becomes one decision: the weights of the vote, and the lean of doubt.

A member speaks with several voices: its evidence as it is, which label it likes best, by how much,
and how close the others come. The probability is the softmax of all voices' weighted sum, and the
weights are fitted to predictions on rows the members had not seen: one fit both blends and
calibrates. No weight belongs to a label, so that few rows are enough for many labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# How far an unsure decision leans to rare labels, as a power of how rare they are. A desk's big
# team gets every doubtful ticket otherwise. (48 teams: macro-F1 .450 -> .488, accuracy .714 ->
# .718; 8 categories: .848 -> .849. Confidences are those of the label decided for.)
LEAN = 0.15
# Weights of a member: of its evidence, its favourite, its favourite's lead, and closeness to it.
VOICES = 4
CLOSENESS = 2.0
# How strongly voices are held back, in rows.
HELD = 5.0
# Rows times classes that the fit sees: enough for two dozen numbers, and bounded in memory.
MOST_CELLS = 1_000_000


def fit_weights(votes: Floats, targets: Ints, default: Floats) -> Floats:
    """Return the vote weights (members,) that make unseen rows likeliest.

    votes: (members, rows, classes) on rows their members had not seen.
    default: where to start, and where a weak pull (worth 10 rows) keeps few rows.
    """
    rows = np.arange(len(targets))
    pull = 10.0 / (2 * len(targets))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = np.tensordot(weights, votes, axes=1)
        logs = logits - logsumexp(logits, axis=1, keepdims=True)
        residual = np.exp(logs)
        residual[rows, targets] -= 1.0
        gradient = np.einsum("mrc,rc->m", votes, residual) / len(rows)
        away = (weights - default) / np.maximum(default, 0.5)
        value = -float(logs[rows, targets].mean()) + pull * float(away @ away)
        return value, gradient + 2 * pull * away / np.maximum(default, 0.5)

    start = default.astype(np.float64)
    bounds: list[tuple[float, Any]] = [(0.0, None)] * len(default)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    result: Floats = np.asarray(found.x, dtype=np.float32)
    return result


def voices(votes: Floats) -> Floats:
    """Return what each member says (members, VOICES, rows, classes) of votes without VOICES."""
    best = np.sort(votes, axis=2)[:, :, -2:]
    behind = votes - best[:, :, -1:]
    favourite = (behind == 0).astype(np.float32)
    lead = favourite * (best[:, :, -1:] - best[:, :, :1])
    said: Floats = np.stack([votes, favourite, lead, np.exp(behind * CLOSENESS)], axis=1)
    return said


def alone(weights: Floats) -> Floats:
    """Return weights (members, VOICES) by which members (members,) say their evidence alone."""
    result = np.zeros((len(weights), VOICES), dtype=np.float32)
    result[:, 0] = weights
    return result


def spoken(votes: Floats, weights: Floats) -> Floats:
    """Return the evidence of each member (members, rows, classes), weighed by (members, VOICES)."""
    if not weights[:, 1:].any():
        return votes * weights[:, :1, None]
    evidence: Floats = np.einsum("mv,mvrc->mrc", weights, voices(votes))
    return evidence


def fit_voices(
    votes: Floats, targets: Ints, weights: Floats, size: Floats
) -> tuple[Floats, Floats]:
    """Return weights (members, VOICES) and bias (classes,) that make unseen rows likeliest.

    votes, targets: as in `fit_weights`. weights: (members,), where to start from.
    size: (classes,) the logarithm of how frequent each is, by which the bias may go.
    """
    members, _, classes = votes.shape
    some = slice(max(1, MOST_CELLS // classes))
    targets = targets[some]
    said = voices(votes[:, some]).reshape(members * VOICES, len(targets), classes)
    said = np.concatenate([said, np.broadcast_to(size, (1, *said.shape[1:]))])
    # Voices speak in different units: a step counts by what it moves.
    unit = np.maximum(said.std(axis=(1, 2)), 1e-3)
    start = np.zeros(len(said), dtype=np.float32)
    start[: members * VOICES : VOICES] = weights
    rows = np.arange(len(targets))
    flat = said.reshape(len(said), -1)

    def loss(steps: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = ((start + steps / unit).astype(np.float32) @ flat).reshape(said.shape[1:])
        logs = logits - logsumexp(logits, axis=1, keepdims=True)
        residual = np.exp(logs)
        residual[rows, targets] -= 1.0
        value = HELD * float(steps @ steps) - float(logs[rows, targets].sum())
        gradient = flat @ residual.ravel() / unit + 2 * HELD * steps
        return value / len(rows), gradient / len(rows)

    options = {"maxiter": 100}
    found = minimize(loss, np.zeros(len(said)), jac=True, method="L-BFGS-B", options=options)
    moved = (start + found.x / unit).astype(np.float32)
    return moved[:-1].reshape(members, VOICES), moved[-1] * size


def softmax(logits: Floats) -> Floats:
    """Return probabilities (rows, classes)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def decide(table: Floats, lean: Floats) -> Ints:
    """Return the label decided for in each row of probabilities."""
    scores = np.log(np.maximum(table, 1e-9))
    decided: Ints = (scores - lean if len(lean) else scores).argmax(axis=1)
    return decided


def sizes(targets: Ints, count: int) -> Floats:
    """Return how frequent each label is, as a logarithm; 0: as frequent as most, or unknown."""
    counts = np.bincount(targets, minlength=count).astype(np.float64)
    mean = counts.sum() / max(1, np.count_nonzero(counts))
    size: Floats = np.log(np.where(counts > 0, counts, mean) / mean).astype(np.float32)
    return size
