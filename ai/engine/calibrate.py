"""Turn the vote's probabilities into honest confidences.

The softmax that makes held-out tickets likeliest still says 95 % too often where
there are many classes. Beta calibration maps the best label's probability to the
share of held-out tickets on which it was right: sigmoid(a ln p - b ln(1-p) + c),
monotone for a, b >= 0, so no ranking changes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

IDENTITY: Floats = np.array([1.0, 1.0, 0.0], dtype=np.float32)
_EDGE = 1e-4
# Rows that the identity counts for: few tickets barely bend the curve.
_PULL = 20.0


def fit_confidence(confidence: Floats, right: NDArray[np.bool_]) -> Floats:
    """Return (a, b, c) from held-out confidences (rows,) and whether they were right."""
    terms = _terms(confidence)
    truth = right.astype(np.float64)
    pull = _PULL / len(truth)

    def loss(shape: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        guess = np.clip(expit(terms @ shape), 1e-9, 1 - 1e-9)
        likelihood = truth * np.log(guess) + (1 - truth) * np.log(1 - guess)
        away = shape - IDENTITY
        gradient = terms.T @ (guess - truth) / len(truth) + 2 * pull * away
        return -float(likelihood.mean()) + pull * float(away @ away), gradient

    bounds = [(0.0, None), (0.0, None), (None, None)]
    start = IDENTITY.astype(np.float64)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    result: Floats = np.asarray(found.x, dtype=np.float32)
    return result


def apply_confidence(probabilities: Floats, shape: Floats, chosen: Ints) -> Floats:
    """Return probabilities (rows, classes) with the chosen label's confidence mapped.

    chosen: (rows,) the label decided for, not always the likeliest. The others share what is
    left in proportion, none above it.
    """
    if probabilities.shape[1] < 2:
        return probabilities
    rows = np.arange(len(probabilities))
    before = probabilities[rows, chosen]
    after = before if np.array_equal(shape, IDENTITY) else expit(_terms(before) @ shape)
    others = probabilities.copy()
    others[rows, chosen] = 0.0
    left = (1 - after) / np.maximum(1 - before, _EDGE)
    most = after * (1 - _EDGE) / np.maximum(others.max(axis=1), _EDGE)
    calibrated: Floats = (others * np.minimum(left, most)[:, None]).astype(np.float32)
    calibrated[rows, chosen] = after
    return calibrated


def _terms(confidence: Floats) -> NDArray[np.float64]:
    clipped = np.clip(confidence.astype(np.float64), _EDGE, 1 - _EDGE)
    return np.column_stack([np.log(clipped), -np.log(1 - clipped), np.ones(len(clipped))])
