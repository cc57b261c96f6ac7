"""Learning from closed tickets: the members, and the weights of their votes.

Features are made once; members are learned per fold, to say what they would of tickets they
have not seen, and on everything, to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ai.engine.calibrate import Confidence, fit_confidence, signs_of
from ai.engine.classify import DESCRIPTIONS, NEIGHBOURS, NET, Classifier, centred, checked, nothing
from ai.engine.features import FeatureSpace, words_read
from ai.engine.members import (
    RECIPES,
    Floats,
    Ints,
    LinearMember,
    neighbour_votes,
    train_linear,
)
from ai.engine.net import LARGE, SMALL, NetMember, train_net
from ai.engine.types import EngineError
from ai.engine.vote import LEAN, alone, decide, fit_voices, fit_weights, sizes, softmax, spoken

# Weights before there is anything to fit them to.
DEFAULT_WEIGHTS = np.array([1.6, 1.6, 0.7, 0.0, 0.5], dtype=np.float32)
COLD_PROTOTYPE_WEIGHT = 14.0
# History worth as much as the descriptions, in tickets.
COLD_ROWS = 25
# Fewer tickets than this leave nothing to hold out.
MINIMUM_TO_FIT = 60
MAX_NEIGHBOUR_ROWS = 40_000
# From so many tickets on a net has something to learn that the machines do not know.
ENOUGH_FOR_NET = 1_000
# From so many tickets on, one held-out fifth is enough to fit the few weights to, and a larger net
# has enough to learn from.
MANY_TO_FIT = 10_000

Progress = Callable[[float], None]


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
    vectors = checked(embeddings, len(texts), dimension)
    table = np.zeros((len(classes), dimension), dtype=np.float32)
    for label, vector in described.items():
        table[classes.index(label)] = vector
    if not texts:
        weights = np.zeros(len(DEFAULT_WEIGHTS), dtype=np.float32)
        weights[DESCRIPTIONS] = COLD_PROTOTYPE_WEIGHT
        return Classifier(classes, dimension, alone(weights), table)
    position = {label: number for number, label in enumerate(classes)}
    targets = np.array([position[label] for label in labels], dtype=np.int64)
    counts = np.array(trust, dtype=np.float32) if trust else None
    trainer = _Trainer(list(texts), targets, vectors, table, progress or (lambda _: None), counts)
    trainer.most_known = MAX_NEIGHBOUR_ROWS if neighbours else 0
    return trainer.run(classes)


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
        self._has_net = self.count > 1 and len(texts) >= ENOUGH_FOR_NET
        learned = len(RECIPES) + self._has_net
        self._steps, self._done = (len(self._held) + 1) * learned + 1, 0
        self._tick()

    def run(self, classes: tuple[str, ...]) -> Classifier:
        weights, bias, confidence = self._vote()
        everything = np.arange(len(self.targets))
        recent = everything[max(0, len(everything) - self.most_known) :]
        linear, net = self._members(self.features, everything)
        return Classifier(
            classes=classes,
            dimension=self.vectors.shape[1],
            weights=weights,
            bias=bias,
            confidence=confidence,
            lean=LEAN * sizes(self.targets, self.count),
            prototypes=self.prototypes,
            rows=len(self.targets),
            space=self.space,
            linear=linear,
            net=net,
            known=self.vectors[recent],
            known_targets=self.targets[recent],
        )

    def _members(
        self, features: sp.csr_matrix, rows: Ints
    ) -> tuple[tuple[LinearMember, ...], NetMember | None]:
        """The machines and the net, side by side: the machines leave the interpreter to others."""
        with ThreadPoolExecutor(max_workers=1) as aside:
            linear = aside.submit(self._linear, features, rows)
            net = self._net(features, rows)
            machines = linear.result()
        # Told from here and not from the machines' thread: who listens may write to a database.
        for _ in machines:
            self._tick()
        return machines, net

    def _linear(self, features: sp.csr_matrix, rows: Ints) -> tuple[LinearMember, ...]:
        return tuple(
            train_linear(
                recipe,
                features[rows],
                self.vectors[rows],
                self.targets[rows],
                classes=self.count,
                word_count=self.space.word_count,
                trust=self._trusted(rows),
            )
            for recipe in RECIPES
        )

    def _net(self, features: sp.csr_matrix, rows: Ints) -> NetMember | None:
        if not self._has_net:
            return None
        net = train_net(
            features[rows],
            self.vectors[rows],
            self.targets[rows],
            classes=self.count,
            # By the whole history: what is judged must be built as what answers.
            size=LARGE if len(self.targets) >= MANY_TO_FIT else SMALL,
            trust=self._trusted(rows),
        )
        self._tick()
        return net

    def _trusted(self, rows: Ints) -> Floats | None:
        return None if self._trust is None else self._trust[rows]

    def _vote(self) -> tuple[Floats, Floats, Confidence]:
        """The weights (members, voices), the bias (classes,), and how sure the vote is."""
        rows = len(self.targets)
        trust = rows / (rows + COLD_ROWS) if self.prototypes.any() else 1.0
        default = DEFAULT_WEIGHTS * trust
        default[DESCRIPTIONS] = COLD_PROTOTYPE_WEIGHT * (1 - trust)
        default[NET] *= self._has_net
        if not self._held:
            return alone(default), nothing(), Confidence()
        votes, words = self._unseen(len(default))
        seen = np.concatenate(self._held)
        votes, words, targets = votes[:, seen], words[seen], self.targets[seen]
        size = sizes(self.targets, self.count)
        plain = fit_weights(votes, targets, default)
        weights, bias = fit_voices(votes, targets, plain, size)
        evidence = spoken(votes, weights)
        table = softmax(evidence.sum(axis=0) + bias)
        chosen = decide(table, LEAN * size)
        signs = signs_of(evidence, table, chosen, words)
        probability = table[np.arange(len(table)), chosen]
        return weights, bias, fit_confidence(probability, chosen == targets, signs)

    def _unseen(self, members: int) -> tuple[Floats, Ints]:
        """What the members say (members, rows, classes) of held-out rows, and words known there."""
        rows = len(self.targets)
        votes = np.zeros((members, rows, self.count), dtype=np.float32)
        words = np.zeros(rows, dtype=np.int64)
        for held in self._held:
            used = np.setdiff1d(np.arange(rows), held)
            features = self.space.as_if_fitted_on(self.features, used)
            words[held] = words_read(features[held], self.space.word_count)
            linear, net = self._members(features, used)
            for index, member in enumerate(linear):
                votes[index, held] = member.margins(features[held], self.vectors[held])
            known = used if self.most_known else used[:0]
            votes[NEIGHBOURS, held] = neighbour_votes(
                self.vectors[held], self.vectors[known], self.targets[known], classes=self.count
            )
            if net is not None:
                votes[NET, held] = net.margins(features[held], self.vectors[held])
        votes[DESCRIPTIONS] = centred(self.vectors @ self.prototypes.T)
        return votes, words

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


def _dimension(embeddings: Floats | None, prototypes: Mapping[str, NDArray[np.float32]]) -> int:
    if embeddings is not None:
        return int(embeddings.shape[1])
    return next((len(vector) for vector in prototypes.values()), 0)
