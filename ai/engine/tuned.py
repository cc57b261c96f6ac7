"""The sentence model tuned to a desk's labels: one more member of the classifier's vote.

The packaged MiniLM with a linear head. Its word vectors and lower layers stay as published, so a
tuned model is its upper layers and the head: some 11 MB in half precision. Importing this module is
cheap; learning and the first answer load torch.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ai.engine.archive import pack, unpack
from ai.engine.calibrate import Confidence, apply_confidence, fit_confidence
from ai.engine.classify import Classifier
from ai.engine.embed import MAX_CHARACTERS, packaged_model_path
from ai.engine.members import Floats, Ints
from ai.engine.types import EngineError
from ai.engine.vote import fit_weights, softmax

FORM = "omnidesk-tuned-1"
PREFIX = "tuned_"
# What the usual vote and the tuned model count before there is anything to fit it to.
DEFAULT_MIX = np.array([1.0, 0.3], dtype=np.float32)
# Fewer tickets than this leave too few to judge the tuned model by.
FEWEST = 300
JUDGES = 5
GPU, CPU = "gpu", "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How long and how strongly; `most_steps` 0: as many as the epochs take."""

    epochs: int = 3
    batch: int = 32
    rate: float = 5e-5
    head_rate: float = 2e-3
    most_steps: int = 0


class TunedModel:
    """What was learned; safe from several threads. `arrays`: name -> weights."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.arrays = dict(arrays)
        self._lock = threading.Lock()
        self._net: Any = None

    def margins(self, texts: Sequence[str]) -> Floats:
        """Return log probabilities (rows, classes); the first call loads the model."""
        with self._lock:
            if self._net is None:
                self._net = _backend().load(str(packaged_model_path()), self.arrays)
            found: Floats = self._net.margins(_plain(texts))
        return found

    def dump(self) -> dict[str, NDArray[Any]]:
        """The arrays as a blob keeps them."""
        return {f"{PREFIX}{name}": array for name, array in self.arrays.items()}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> TunedModel:
        """The tuned model of a blob."""
        own = {
            name.removeprefix(PREFIX): array
            for name, array in arrays.items()
            if name.startswith(PREFIX)
        }
        return cls(own)


# (texts, targets, number of classes) -> what was learned from them.
Tuner = Callable[[Sequence[str], Ints, int], TunedModel]


@dataclass(frozen=True, slots=True, repr=False)
class TunedClassifier(Classifier):
    """A classifier with one more voice. `mix`: (2,) what the usual vote and the tuned model count,
    fitted to tickets that neither had seen, as `mixed`, the calibration of both together."""

    tuned: TunedModel = field(default_factory=lambda: TunedModel({}))
    mix: Floats = field(default_factory=DEFAULT_MIX.copy)
    mixed: Confidence = field(default_factory=Confidence)

    def probabilities(self, texts: Sequence[str], embeddings: Floats | None = None) -> Floats:
        """See `Classifier.probabilities`."""
        usual = Classifier.probabilities(self, texts, embeddings)
        if not len(texts):
            return usual
        table = softmax(np.tensordot(self.mix, _votes(usual, self.tuned.margins(texts)), axes=1))
        chosen = table.argmax(axis=1)
        sure = self.mixed.of(table[np.arange(len(table)), chosen], _no_signs(table))
        return apply_confidence(table, sure, chosen)

    def dumps(self) -> bytes:
        """Return one blob for `load_classifier`."""
        base = np.frombuffer(Classifier.dumps(self), dtype=np.uint8)
        own: dict[str, NDArray[Any]] = {"base": base, "mix": self.mix, "mixed": self.mixed.base}
        return pack({"form": FORM}, own | self.tuned.dump())


def load_classifier(blob: bytes) -> Classifier:
    """Rebuild a classifier, tuned or not; raises a permanent `EngineError` on a broken blob."""
    try:
        return Classifier.loads(blob)
    except EngineError:
        _meta, arrays = unpack(blob, forms=(FORM,))
    base = Classifier.loads(arrays["base"].tobytes())
    return _joined(base, TunedModel.load(arrays), arrays["mix"], Confidence(arrays["mixed"]))


def tune(
    base: Classifier,
    tuner: Tuner,
    texts: Sequence[str],
    labels: Sequence[str],
    vectors: Floats,
    train_on: Callable[[Ints], Classifier],
) -> Classifier:
    """`base` with a tuned model beside it; as it is where there are too few tickets for that.

    train_on: trains the usual classifier on some of the rows; a fifth of them is left out, to see
    what either is worth on tickets it does not know.
    """
    if len(texts) < FEWEST:
        return base
    targets = np.array([base.classes.index(label) for label in labels], dtype=np.int64)
    order = np.random.default_rng(0).permutation(len(texts))
    held, used = np.sort(order[: len(order) // JUDGES]), np.sort(order[len(order) // JUDGES :])
    unseen = [texts[row] for row in held]
    first = train_on(used)
    usual = np.full((len(held), len(base.classes)), 1e-6, dtype=np.float32)
    usual[:, [base.classes.index(name) for name in first.classes]] = first.probabilities(
        unseen, vectors[held]
    )
    judged = tuner([texts[row] for row in used], targets[used], len(base.classes))
    votes = _votes(usual, judged.margins(unseen))
    mix = fit_weights(votes, targets[held], DEFAULT_MIX)
    table = softmax(np.tensordot(mix, votes, axes=1))
    chosen = table.argmax(axis=1)
    sure = table[np.arange(len(table)), chosen]
    mixed = fit_confidence(sure, chosen == targets[held], _no_signs(table))
    return _joined(base, tuner(texts, targets, len(base.classes)), mix, mixed)


def _joined(base: Classifier, tuned: TunedModel, mix: Floats, mixed: Confidence) -> TunedClassifier:
    own = {one.name: getattr(base, one.name) for one in fields(Classifier)}
    return TunedClassifier(**own, tuned=tuned, mix=mix, mixed=mixed)


def _no_signs(table: Floats) -> Floats:
    return np.zeros((len(table), 0), dtype=np.float32)


def _votes(usual: Floats, tuned: Floats) -> Floats:
    return np.stack([np.log(np.maximum(usual, 1e-6)), np.maximum(tuned, np.log(1e-6))])


def tuner(where: str, recipe: Recipe | None = None) -> Tuner | None:
    """What tunes on "gpu" or, against all advice, on "cpu"; None for any other word.

    Raises a permanent `EngineError` where there is no GPU to tune on.
    """
    if where not in (GPU, CPU):
        return None
    if where == GPU and not _backend().has_gpu():
        message = "Fine-tuning needs a GPU and this machine has none (cpu forces it, slowly)."
        raise EngineError(message, permanent=True)
    return partial(_tune, where=where, recipe=recipe or Recipe())


def _tune(
    texts: Sequence[str], targets: Ints, classes: int, *, where: str, recipe: Recipe
) -> TunedModel:
    backend = _backend()
    arrays = backend.fit(
        str(packaged_model_path()), _plain(texts), targets, classes, where=where, recipe=recipe
    )
    return TunedModel(arrays)


def _plain(texts: Sequence[str]) -> list[str]:
    # A lone surrogate (from broken mail) is no text to the tokenizer.
    return [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]


def _backend() -> Any:
    return importlib.import_module("ai.engine._tuning")
