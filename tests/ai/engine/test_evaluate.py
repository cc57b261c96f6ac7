"""The measures by hand-counted cases, the runs on small data, the files on broken ones."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from sklearn.metrics import accuracy_score, f1_score

from ai.engine import metrics
from ai.engine.embed import Embedder
from ai.engine.evaluate import run_classification, run_retrieval
from ai.engine.evaluate_io import Entry, Table, read_entries, read_table, write_lines, write_rows
from ai.engine.types import EngineError

TRUTH = ["a", "b", "b", "c", "a", "c"]
GUESS = ["a", "b", "a", "d", "a", "c"]


def test_accuracy_and_macro_f1_agree_with_scikit_learn() -> None:
    assert metrics.accuracy(TRUTH, GUESS) == pytest.approx(accuracy_score(TRUTH, GUESS))
    wanted = f1_score(TRUTH, GUESS, average="macro")
    assert metrics.macro_f1(TRUTH, GUESS) == pytest.approx(wanted)


def test_the_other_measures_by_hand() -> None:
    assert metrics.top_k(["a", "b"], [["x", "a"], ["x", "y"]]) == 0.5
    right, sure = [True, False, True, True], [0.9, 0.2, 0.8, 0.4]
    assert metrics.accuracy_at_coverage(right, sure, 0.5) == 1.0
    assert metrics.accuracy_at_coverage(right, sure, 1.0) == 0.75
    assert metrics.calibration_error([True, False], [0.5, 0.5]) == 0.0
    assert metrics.calibration_error([True, True], [0.6, 0.6]) == pytest.approx(0.4)
    assert metrics.calibration_error([True], [1.0]) == 0.0
    assert metrics.precision_at([True, False, True], 2) == 0.5
    assert metrics.reciprocal_rank([False, True]) == 0.5
    assert metrics.reciprocal_rank([False]) == 0.0


def test_nothing_measures_as_nothing() -> None:
    assert metrics.accuracy([], []) == metrics.macro_f1([], []) == metrics.mean([]) == 0.0
    assert metrics.calibration_error([], []) == metrics.accuracy_at_coverage([], [], 0.5) == 0.0


def test_classification_trains_on_a_sample_and_reports(embedder: Embedder) -> None:
    printers = [f"printer {n} is jammed" for n in range(20)]
    accounts = [f"account {n} is locked" for n in range(20)]
    training = Table(printers + accounts, ["P"] * 20 + ["A"] * 20)
    test = Table(["the printer is out of paper", "my account is locked again"], ["P", "A"])
    seen: list[str] = []
    report, found = run_classification(
        training, test, embedder, limit_train=30, progress=lambda what, _: seen.append(what)
    )
    assert report.train_rows == 30
    assert report.accuracy == report.macro_f1 == report.top3 == 1.0
    assert [row[0].value for row in found] == ["P", "A"]
    assert list(dict.fromkeys(seen)) == [
        "Embedding history", "Embedding tickets", "Training", "Predicting",
    ]  # fmt: skip
    assert json.dumps(report.as_dict())


def test_retrieval_ranks_as_the_product_does(embedder: Embedder) -> None:
    corpus = [
        Entry("vpn", "Install the client and sign in.", "Set up the VPN"),
        Entry("pw", "Choose Forgot password.", "Reset a password"),
        Entry("empty", "", ""),
    ]
    queries = [
        Entry("1", "how to connect to the VPN", relevant=("vpn",)),
        Entry("2", "I forgot my password", relevant=("pw",)),
        Entry("3", ""),
    ]
    report, answers = run_retrieval(corpus, queries, embedder, top=2)
    assert report.precision_at_1 == report.mrr == 1.0
    assert report.judged == 2
    assert answers[0].hits[0][0] == "vpn"
    assert answers[2].hits == ()


def test_without_known_answers_nothing_is_judged(embedder: Embedder) -> None:
    report, _ = run_retrieval([Entry("a", "x y z")], [Entry("1", "x")], embedder)
    assert report.precision_at_1 is None
    assert report.as_dict()["mrr"] is None


def test_tables_are_read_plain_or_packed(tmp_path: Path) -> None:
    text = 'body,group\n"one\nline",G1\ntwo,G2\n'
    (tmp_path / "a.csv").write_text("\ufeff" + text, encoding="utf-8")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("a.csv", "a.csv.gz"):
        table = read_table(tmp_path / name, "body", "group")
        assert table == Table(["one\nline", "two"], ["G1", "G2"])


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [("a.csv", b"x,y\n1,2\n", "no column"), ("a.csv", b"body,group\n", "no rows"),
     ("a.csv", b"", "no column"), ("a.csv", b"body,group\n\xff\xfe,1\n", "cannot be read"),
     ("a.csv.gz", b"no gzip", "cannot be read")],
)  # fmt: skip
def test_a_broken_table_is_named(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(EngineError, match=reason):
        read_table(tmp_path / name, "body", "group")


def test_broken_lines_are_named(tmp_path: Path) -> None:
    for line in ("{", "[]", '{"text": "x"}', "3"):
        (tmp_path / "c.jsonl").write_text('{"id": 1, "text": "x"}\n' + line + "\n")
        with pytest.raises(EngineError, match="line 2"):
            read_entries(tmp_path / "c.jsonl")
    with pytest.raises(EngineError, match="cannot be opened"):
        read_entries(tmp_path / "missing")
    (tmp_path / "c.jsonl").write_text("\n")
    with pytest.raises(EngineError, match="no lines"):
        read_entries(tmp_path / "c.jsonl")


def test_predictions_are_written(tmp_path: Path) -> None:
    write_rows(tmp_path / "o.csv", ["row", "label"], [["0", "a,b"]])
    assert (tmp_path / "o.csv").read_text() == 'row,label\n0,"a,b"\n'
    write_lines(tmp_path / "o.jsonl", [{"query": "é"}])
    assert json.loads((tmp_path / "o.jsonl").read_text(encoding="utf-8")) == {"query": "é"}
