"""What the members of the vote say together, the net among them, and how sure that is."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from ai.engine.calibrate import Confidence, fit_confidence, signs_of
from ai.engine.net import FLOOR, NetMember, Size, train_net
from ai.engine.vote import VOICES, alone, fit_voices, fit_weights, sizes, softmax, spoken

LABELS = 4


def said(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two members and the truth: the first is right where its lead is large, the second seldom."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, LABELS, rows)
    votes = rng.normal(0, 0.3, (2, rows, LABELS)).astype(np.float32)
    sure = rng.random(rows) < 0.5
    votes[0, sure, targets[sure]] += 2.0
    votes[1, np.arange(rows), rng.integers(0, LABELS, rows)] += 0.5
    return votes, targets


def likelihood(table: np.ndarray, targets: np.ndarray) -> float:
    return float(np.log(table[np.arange(len(targets)), targets]).mean())


def test_voices_make_unseen_rows_likelier_than_one_weight_a_member() -> None:
    votes, targets = said(600)
    default = np.ones(2, dtype=np.float32)
    plain = fit_weights(votes, targets, default)
    weights, bias = fit_voices(votes, targets, plain, sizes(targets, LABELS))
    assert (weights.shape, bias.shape) == ((2, VOICES), (LABELS,))
    others, truth = said(600, seed=1)
    before = likelihood(softmax(np.tensordot(plain, others, axes=1)), truth)
    after = likelihood(softmax(spoken(others, weights).sum(axis=0) + bias), truth)
    assert after > before


def test_a_member_that_says_its_evidence_alone_is_only_weighed() -> None:
    votes, _ = said(5)
    evidence = spoken(votes, alone(np.array([2.0, 0.5], dtype=np.float32)))
    assert np.allclose(evidence, votes * np.array([2.0, 0.5])[:, None, None])


def test_a_label_without_history_is_neither_frequent_nor_rare() -> None:
    assert np.allclose(sizes(np.array([0, 0, 0, 1]), 3), [np.log(1.5), np.log(0.5), 0])


def test_members_that_agree_are_surer_than_one_that_is_as_likely() -> None:
    rng = np.random.default_rng(2)
    rows = 800
    chosen = np.zeros(rows, dtype=np.int64)
    agree = rng.random(rows) < 0.5
    evidence = np.zeros((2, rows, 2), dtype=np.float32)
    evidence[0, :, 0] = np.where(agree, 0.5, 1.5)
    evidence[1, :, 0] = np.where(agree, 0.5, -0.5)
    table = softmax(evidence.sum(axis=0))
    words = np.full(rows, 10)
    right = rng.random(rows) < np.where(agree, 0.9, 0.5)
    signs = signs_of(evidence, table, chosen, words)
    fitted = fit_confidence(table[:, 0], right, signs)
    sure = fitted.of(table[:, 0], signs)
    assert np.ptp(table[:, 0]) < 1e-6, "alone, their probabilities say nothing"
    assert abs(sure[agree].mean() - 0.9) < 0.05
    assert abs(sure[~agree].mean() - 0.5) < 0.06


def test_a_sign_far_out_of_the_usual_says_no_more_than_an_unusual_one() -> None:
    signs = np.array([[2.0], [0.0], [1.0]], dtype=np.float32)
    one = Confidence(signs=signs)
    probability = np.full(2, 0.5, dtype=np.float32)
    far, further = one.of(probability, np.array([[3.0], [900.0]], dtype=np.float32))
    assert far == further < 1


def two_words(rows: int) -> tuple[sp.csr_matrix, np.ndarray]:
    """Rows of two words of four; what they are about is which of them stand together."""
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 2, rows), rng.integers(0, 2, rows)
    columns = np.column_stack([first, 2 + second]).ravel()
    values = np.ones(2 * rows, dtype=np.float32)
    features = sp.csr_matrix((values, columns, np.arange(0, 2 * rows + 1, 2)), (rows, 4))
    return features, first ^ second


def test_the_net_learns_what_only_two_words_together_say() -> None:
    features, targets = two_words(400)
    vectors = np.zeros((400, 3), dtype=np.float32)
    net = train_net(features, vectors, targets, classes=3)
    logs = net.margins(features, vectors)
    assert (logs.argmax(axis=1) == targets).mean() > 0.95
    assert logs[:, 2].max() < -2, "a label without rows"
    assert logs.min() >= FLOOR
    again = train_net(features, vectors, targets, classes=3)
    assert np.array_equal(again.margins(features, vectors), logs), "the same rows, the same net"
    kept = NetMember.rebuilt(net.arrays())
    assert np.allclose(kept.margins(features, vectors), logs, atol=0.05)


def test_a_net_of_another_size_reads_the_most_telling_columns_alone() -> None:
    features, targets = two_words(200)
    told = sp.hstack([features, sp.csr_matrix(np.eye(2, dtype=np.float32)[targets])], format="csr")
    vectors = np.zeros((200, 3), dtype=np.float32)
    size = Size(columns=2, hidden=16, batch=32, rate=0.02)
    net = train_net(told, vectors, targets, classes=2, size=size)
    assert net.columns.tolist() == [4, 5]
    assert net.first.shape == (2, 16)
    kept = NetMember.rebuilt(net.arrays()).margins(told, vectors)
    assert (kept.argmax(axis=1) == targets).all()


def test_what_counts_more_weighs_more_in_the_net() -> None:
    features = sp.csr_matrix(np.ones((60, 1), dtype=np.float32))
    targets = np.array([0, 1, 1] * 20)
    trust = np.where(targets == 0, 5.0, 1.0).astype(np.float32)
    net = train_net(features, np.zeros((60, 0), np.float32), targets, classes=2, trust=trust)
    assert net.margins(features[:1], np.zeros((1, 0), np.float32)).argmax() == 0
