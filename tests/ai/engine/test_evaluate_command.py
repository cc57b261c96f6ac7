"""`manage.py evaluate`, from files to a table, JSON and predictions."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command("evaluate", *(str(argument) for argument in arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def tickets(tmp_path: Path) -> tuple[Path, Path]:
    rows = [(f"printer {n} is jammed", "Printing") for n in range(12)]
    rows += [(f"account {n} is locked", "Accounts") for n in range(12)]
    paths = tmp_path / "train.csv", tmp_path / "test.csv"
    for path, part in zip(paths, (rows[::2], rows[1::2]), strict=True):
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("body", "group"), *part])
    return paths


def test_classification_prints_json_and_writes_predictions(
    tickets: tuple[Path, Path], tmp_path: Path
) -> None:
    train, test = tickets
    out = tmp_path / "out.csv"
    options = ("--text", "body", "--label", "group", "--predictions", out, "--json")
    report = json.loads(run("classification", "--train", train, "--test", test, *options))
    assert report["accuracy"] == 1.0
    assert report["test_rows"] == 12
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["row", "label", "confidence", "top3"]
    assert [row["row"] for row in rows] == [str(n) for n in range(12)]
    assert rows[0]["label"] == "Printing"
    assert set(rows[0]["top3"].split("|")) == {"Printing", "Accounts"}


def test_classification_prints_a_table_for_people(tickets: tuple[Path, Path]) -> None:
    train, test = tickets
    shown = run(
        "classification", "--train", train, "--test", test, "--text", "body", "--label", "group",
        "--limit-train", 10, "--seed", 1,
    )  # fmt: skip
    assert "Macro-F1" in shown
    assert "Tickets learnt from" in shown
    assert "10" in shown


def test_fine_tuning_a_few_tickets_leaves_the_usual_vote(tickets: tuple[Path, Path]) -> None:
    train, test = tickets
    options = ("--text", "body", "--label", "group", "--fine-tune=cpu", "--json")
    report = json.loads(run("classification", "--train", train, "--test", test, *options))
    assert report["accuracy"] == 1.0


def test_retrieval_writes_its_hits(tmp_path: Path) -> None:
    corpus, queries, out = (tmp_path / name for name in ("c.jsonl", "q.jsonl", "out.jsonl"))
    corpus.write_text(
        '{"id": "a", "title": "Set up the VPN", "text": "Install the client."}\n'
        '{"id": "b", "title": "Add a printer", "text": "Open the settings."}\n'
    )
    queries.write_text('{"id": 7, "text": "how do I get VPN", "relevant": ["a"]}\n')
    options = ("--top", 1, "--predictions", out, "--json")
    report = json.loads(run("retrieval", "--corpus", corpus, "--queries", queries, *options))
    assert report["precision_at_1"] == 1.0
    line = json.loads(out.read_text())
    assert line["query"] == "7"
    assert [hit["id"] for hit in line["hits"]] == ["a"]


@pytest.mark.parametrize(
    ("extra", "reason"),
    [(("--text", "nope"), "no column nope"), (("--limit-train", 0), "at least 1")],
)
def test_a_wrong_call_ends_in_one_sentence(
    extra: tuple[object, ...], reason: str, tickets: tuple[Path, Path]
) -> None:
    train, test = tickets
    with pytest.raises(CommandError, match=reason):
        run(
            "classification", "--train", train, "--test", test,
            "--text", "body", "--label", "group", *extra,
        )  # fmt: skip
