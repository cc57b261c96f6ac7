"""The local classifier, from its first day to a desk with history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from ai.engine import training
from ai.engine.archive import pack, unpack
from ai.engine.classify import FORMS, Classifier, describe_prototypes
from ai.engine.embed import Embedder
from ai.engine.members import RECIPES, train_linear
from ai.engine.training import train
from ai.engine.types import EngineError
from ai.engine.vote import VOICES

STORIES = {
    "Hardware": ["{} monitor flickers", "laptop battery of {} swells", "{} keyboard is broken",
                 "docking station of {} has no power", "new mouse for {} please"],
    "Access": ["{} cannot sign in", "reset the password of {}", "unlock the account of {}",
               "{} needs permission for the shared folder", "two-factor code of {} is refused"],
    "Network": ["wifi is slow for {}", "vpn of {} disconnects", "no internet at the desk of {}",
                "network drive unreachable for {}", "{} gets a dns error"],
}  # fmt: skip
PEOPLE = ["Ada", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal"]
DESCRIPTIONS = {
    "Hardware": ["Hardware: laptops, monitors, keyboards, docking stations and other devices"],
    "Access": ["Access: accounts, passwords, sign-in and permissions"],
    "Network": ["Network: internet, wifi, VPN and network drives"],
}


def history(people: list[str]) -> tuple[list[str], list[str]]:
    rows = [
        (story.format(person), label)
        for person in people
        for label, stories in STORIES.items()
        for story in stories
    ]
    return [text for text, _ in rows], [label for _, label in rows]


@pytest.fixture(scope="module")
def trained(embedder: Embedder) -> Classifier:
    texts, labels = history(PEOPLE[:6])
    return train(texts, labels, embedder.encode(texts))


def test_a_trained_desk_recognises_new_tickets(trained: Classifier, embedder: Embedder) -> None:
    texts = ["the monitor of Zoe stays black", "Zoe forgot her password", "Zoe has no wifi"]
    found = trained.predict(texts, embedder.encode(texts))
    assert [labels[0].value for labels in found] == ["Hardware", "Access", "Network"]
    for labels in found:
        assert labels[0].confidence >= labels[1].confidence >= labels[2].confidence
        assert 0 < sum(label.confidence for label in labels) <= 1.001


def test_a_new_desk_answers_from_its_descriptions(embedder: Embedder) -> None:
    cold = train([], [], prototypes=describe_prototypes(embedder, DESCRIPTIONS))
    texts = ["my account is locked", "the wifi is slow today", "keyboard broken"]
    found = cold.predict(texts, embedder.encode(texts))
    assert [labels[0].value for labels in found] == ["Access", "Network", "Hardware"]
    assert cold.rows == 0
    assert cold.explain("my account is locked", "Access") == []


def test_a_label_without_history_can_win_by_its_description(embedder: Embedder) -> None:
    texts, labels = history(PEOPLE[:1])
    prototypes = describe_prototypes(
        embedder, {**DESCRIPTIONS, "Coffee": ["Coffee: coffee machine, beans and milk"]}
    )
    young = train(texts, labels, embedder.encode(texts), prototypes=prototypes)
    asked = ["the coffee machine is out of beans"]
    assert young.predict(asked, embedder.encode(asked))[0][0].value == "Coffee"


def test_words_that_spoke_for_a_label_are_named(trained: Classifier) -> None:
    evidence = trained.explain("hello, Zoe cannot sign in, her password is refused", "Access")
    assert evidence
    assert {word for item in evidence for word in item.text.split()} & {"password", "sign"}
    assert all(item.kind == "word" and 0 < item.weight <= 1 for item in evidence)
    assert trained.explain("x", "No such label") == []


def test_a_text_of_another_world_is_told_from_a_familiar_one(trained: Classifier) -> None:
    texts, _ = history(["Ana"])
    assert trained.familiarity(texts[0]) > 0.6
    assert trained.familiarity("Na štriku se suši šosić, nikad više") < 0.2
    assert trained.familiarity("") == 1.0, "nothing strange in an empty text"


def test_a_classifier_survives_storage(trained: Classifier, embedder: Embedder) -> None:
    texts = ["Zoe forgot her password", "monitor broken", "", "打印机"]
    vectors = embedder.encode(texts)
    again = Classifier.loads(trained.dumps())
    assert again.classes == trained.classes
    assert again.rows == trained.rows
    before, after = trained.probabilities(texts, vectors), again.probabilities(texts, vectors)
    assert np.allclose(before, after, atol=0.02)


@pytest.mark.parametrize("blob", [b"", b"PK\x03\x04broken", b"\x80\x04K\x01.", b"x" * 5000])
def test_a_damaged_blob_is_refused(blob: bytes) -> None:
    with pytest.raises(EngineError, match="damaged") as caught:
        Classifier.loads(blob)
    assert caught.value.permanent


def test_a_blob_of_another_form_is_refused(trained: Classifier) -> None:
    with pytest.raises(EngineError, match="another form"):
        Classifier.loads(pack({"form": "something-else"}, {}))


def test_a_model_of_the_first_release_still_answers(
    trained: Classifier, embedder: Embedder
) -> None:
    assert trained.space is not None
    meta, arrays = unpack(trained.dumps(), forms=FORMS)
    for name in ("lean", "bias", "signs"):
        del arrays[name]
    del meta["space"]["cleans"], meta["space"]["spaces"]
    arrays["weights"] = np.array([1.6, 1.6, 0.7, 0.0], dtype=np.float32)
    old = Classifier.loads(pack({**meta, "form": FORMS[3]}, arrays))
    assert old.space is not None
    assert (old.space.cleans, old.space.spaces, len(old.lean)) == (False, False, 0)
    texts = ["the monitor of Zoe stays black", "Zoe forgot her password"]
    found = old.predict(texts, embedder.encode(texts))
    assert [labels[0].value for labels in found] == ["Hardware", "Access"]


def test_a_model_with_one_weight_a_member_still_answers(
    trained: Classifier, embedder: Embedder
) -> None:
    meta, arrays = unpack(trained.dumps(), forms=FORMS)
    del arrays["bias"], arrays["signs"]
    arrays["weights"] = np.array([1.6, 1.6, 0.7, 0.3], dtype=np.float32)
    old = Classifier.loads(pack({**meta, "form": FORMS[2]}, arrays))
    assert old.weights.shape == (4, VOICES)
    texts = ["the monitor of Zoe stays black", "Zoe forgot her password"]
    found = old.predict(texts, embedder.encode(texts))
    assert [labels[0].value for labels in found] == ["Hardware", "Access"]
    assert old.explain(texts[1], "Access")


def test_a_long_history_is_learned_by_a_net_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "ENOUGH_FOR_NET", 100)
    texts, labels = history(PEOPLE)
    seen: list[float] = []
    model = train(texts, labels, progress=seen.append)
    assert model.net is not None
    assert seen[-1] == pytest.approx(1.0)
    again = Classifier.loads(model.dumps())
    asked = ["reset my password", "the wifi is slow"]
    assert np.allclose(model.probabilities(asked), again.probabilities(asked), atol=0.02)
    assert [labels[0].value for labels in again.predict(asked)] == ["Access", "Network"]


def test_a_doubtful_ticket_is_not_always_the_biggest_teams(trained: Classifier) -> None:
    few = train(["printer jam", "no toner", "paper jam"] * 4, ["Big"] * 11 + ["Small"])
    assert few.lean[0] > 0 > few.lean[1], "a frequent label loses, a rare one gains"
    text = ["the monitor of Zoe stays black"]
    plain = replace(trained, lean=np.zeros(0, dtype=np.float32)).probabilities(text)[0]
    first, second = np.argsort(-plain)[:2]
    lean = np.zeros(len(plain), dtype=np.float32)
    lean[first] = np.log(plain[first] / plain[second]) + 0.1
    decided = replace(trained, lean=lean).probabilities(text)[0]
    assert decided.argmax() == second
    assert decided[second] <= plain[first], "the confidence is the decided label's own"
    assert decided.sum() <= 1.001


def test_confidence_on_unseen_tickets_is_honest(embedder: Embedder) -> None:
    texts, labels = history(PEOPLE)
    rng = np.random.default_rng(1)
    noisy = [str(rng.choice(list(STORIES))) if rng.random() < 0.3 else label for label in labels]
    model = train(texts, noisy, embedder.encode(texts))
    held_texts, held_labels = history(["Uma", "Vic", "Wim", "Xia"])
    held = [
        str(rng.choice(list(STORIES))) if rng.random() < 0.3 else label for label in held_labels
    ]
    found = model.predict(held_texts, embedder.encode(held_texts), top=1)
    confidence = np.mean([labels[0].confidence for labels in found])
    right = np.mean([labels[0].value == truth for labels, truth in zip(found, held, strict=True)])
    assert abs(confidence - right) < 0.15


@pytest.mark.parametrize("rows", [1, 2, 5, 59, 61])
def test_any_amount_of_history_trains(rows: int, embedder: Embedder) -> None:
    texts, labels = history(PEOPLE)
    texts, labels = texts[:rows], labels[:rows]
    model = train(texts, labels, embedder.encode(texts))
    assert model.predict(texts, embedder.encode(texts))[0][0].value in STORIES


def test_words_alone_are_enough_where_there_is_no_embedding() -> None:
    texts, labels = history(PEOPLE)
    model = train(texts, labels)
    assert model.predict(["reset my password"])[0][0].value == "Access"


def test_strange_texts_and_labels_are_survived(embedder: Embedder) -> None:
    texts = ["", "\x00", "🙂🙂", "x" * 100_000, "   ", "\ud800"]
    labels = ["a", "b", "a", "b", "a", "b"]
    model = train(texts, labels, embedder.encode(texts))
    assert len(Classifier.loads(model.dumps()).predict(texts, embedder.encode(texts))) == 6
    assert model.predict([], None) == []


def test_wrong_shapes_are_refused(trained: Classifier) -> None:
    with pytest.raises(EngineError, match="one label"):
        train(["a"], [])
    with pytest.raises(EngineError, match="shape"):
        trained.predict(["a"], np.zeros((1, 3), dtype=np.float32))


def test_training_reports_its_progress() -> None:
    seen: list[float] = []
    texts, labels = history(PEOPLE)
    train(texts, labels, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(("trust", "label"), [(3.0, "right"), (0.3, "wrong")])
def test_what_counts_more_wins_over_what_contradicts_it(trust: float, label: str) -> None:
    said = sp.csr_matrix(np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    targets = np.array([0, 1, 1, 0])
    member = train_linear(
        RECIPES[0], said, np.zeros((4, 0), dtype=np.float32), targets, classes=2, word_count=2,
        trust=np.array([trust * 2, 1.0, 1.0, 1.0], dtype=np.float32),
    )  # fmt: skip
    margins = member.margins(said[:1], np.zeros((1, 0), dtype=np.float32))
    assert ["right", "wrong"][int(margins.argmax())] == label


def test_words_of_a_language_without_blanks_are_found_and_shown() -> None:
    printing = ["打印机不能使用", "我的打印机坏了", "请修打印机谢谢"]
    password = ["我忘记了密码", "请重置密码", "密码不能登录"]
    learned = train(printing + password, ["Printing"] * 3 + ["Access"] * 3)
    text = "三楼的打印机没有反应"
    assert learned.predict([text])[0][0].value == "Printing"
    shown = [found.text for found in learned.explain(text, "Printing")]
    assert set(shown) <= {"打印", "印机", "打", "印", "机"}
    assert shown
    assert 0.3 < learned.familiarity(text) < 0.9
    again = Classifier.loads(learned.dumps())
    assert np.allclose(again.probabilities([text]), learned.probabilities([text]), atol=0.02)
