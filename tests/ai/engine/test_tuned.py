"""The sentence model tuned to a few labels: real MiniLM, few steps, on the processor."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import numpy as np
import pytest

from ai.engine import tuned
from ai.engine.classify import Classifier
from ai.engine.embed import Embedder
from ai.engine.evaluate import run_classification
from ai.engine.evaluate_io import Table
from ai.engine.members import Ints
from ai.engine.training import train
from ai.engine.tuned import Recipe, TunedClassifier, TunedModel, load_classifier, tune, tuner
from ai.engine.types import EngineError

VPN = ("The tunnel drops", "No connection from home", "Remote access times out")
PRINT = ("Pages stay in the tray", "Toner is low", "The plotter smears")
FEW = Recipe(batch=8, most_steps=10, rate=1e-4, head_rate=1e-2)


@pytest.fixture(scope="module")
def learned() -> TunedModel:
    texts = [*VPN, *PRINT] * 2
    targets = np.array([0, 0, 0, 1, 1, 1] * 2)
    make = tuner("cpu", FEW)
    assert make is not None
    return make(texts, targets, 2)


def test_it_learns_and_comes_back_from_its_blob(learned: TunedModel) -> None:
    asked = ["VPN connection lost at home", "printer out of toner"]
    margins = learned.margins(asked)
    assert margins.shape == (2, 2)
    assert margins.argmax(axis=1).tolist() == [0, 1]
    again = TunedModel.load(learned.dump()).margins(asked)
    assert np.abs(again - margins).max() < 0.05
    assert sum(array.nbytes for array in learned.arrays.values()) < 12_000_000
    assert learned.margins([]).shape == (0, 2)


def test_the_order_and_company_of_texts_changes_nothing(learned: TunedModel) -> None:
    texts = [*VPN, "the plotter on the second floor smears " * 6, *PRINT]
    together = learned.margins(texts)
    alone = np.concatenate([learned.margins([text]) for text in texts])
    assert np.abs(together - alone).max() < 0.01


def test_the_evaluation_tunes_where_it_is_told_to(
    learned: TunedModel, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuned, "FEWEST", 24)
    texts = [f"{text} {n}" for n in range(4) for text in (*VPN, *PRINT)]
    past = Table(texts, ["1", "1", "1", "2", "2", "2"] * 4)
    asked = Table(["the tunnel times out", "toner"], ["1", "2"])
    rows: list[int] = []

    def counting(some: Sequence[str], _targets: Ints, _classes: int) -> TunedModel:
        rows.append(len(some))
        return learned

    report, _ = run_classification(past, asked, embedder, tuner=counting)
    assert report.accuracy == 1.0
    assert rows == [20, 24]


def test_a_machine_without_gpu_refuses_unless_it_is_forced() -> None:
    assert tuner("off") is None
    if not import_module("ai.engine._tuning").has_gpu():
        with pytest.raises(EngineError, match="needs a GPU and this machine has none"):
            tuner("gpu")
    assert tuner("cpu") is not None


def test_it_is_one_more_voice_that_counts_what_it_is_worth(
    learned: TunedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuned, "FEWEST", 24)
    texts = [f"{text} {n}" for n in range(8) for text in (*VPN, *PRINT)]
    labels = ["1", "1", "1", "2", "2", "2"] * 8
    vectors = np.zeros((len(texts), 0), dtype=np.float32)

    def some(rows: Ints) -> Classifier:
        return train([texts[r] for r in rows], [labels[r] for r in rows], vectors[rows])

    def no_training(_texts: object, _targets: Ints, _classes: int) -> TunedModel:
        return learned

    base = some(np.arange(len(texts)))
    found = tune(base, no_training, texts, labels, vectors, some)
    assert isinstance(found, TunedClassifier)
    assert found.mix.shape == (2,)
    assert (found.mix >= 0).all()
    again = load_classifier(found.dumps())
    assert isinstance(again, TunedClassifier)
    for one in (found, again):
        assert one.predict(["the tunnel times out"])[0][0].value == "1"
        assert one.probabilities(["Toner"]).sum() == pytest.approx(1.0, abs=0.02)
        assert one.explain("the tunnel drops", "1")
        assert one.probabilities([]).shape == (0, 2)
    assert load_classifier(base.dumps()).rows == base.rows
    with pytest.raises(EngineError):
        load_classifier(b"nonsense")
    monkeypatch.setattr(tuned, "FEWEST", 1_000)
    assert tune(base, no_training, texts, labels, vectors, some) is base
