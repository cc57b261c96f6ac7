"""`evaluate all`: the table over a folder of data sets, and what is missing from it."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import numpy as np
from django.core.management import call_command

from ai.engine.benchmark import Cached, neighbours, run_all
from ai.engine.embed import Embedder

TOPICS = {
    "Printing": ["printer jam", "toner is empty", "prints blank pages", "print queue is stuck"],
    "Access": ["password forgotten", "account locked", "cannot sign in", "login is refused"],
}


def test_a_missing_folder_ends_in_one_sentence(tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("evaluate", "all", str(tmp_path / "none"), stdout=out)
    assert out.getvalue().startswith("Nothing is measured: there is no folder")
    assert len(out.getvalue().splitlines()) == 1


def test_what_is_there_is_measured_and_what_is_not_is_named(tmp_path: Path) -> None:
    threads = [
        {"q": "How do I clear a paper jam in the printer?", "a": ["Open the lid."],
         "r": ["printer has a paper jam", "paper is stuck in the printer", "clear a printer jam",
               "jammed paper printer", "the printer jams", "how to remove a paper jam"]},
        {"q": "How do I reset my password?", "a": ["Use the portal."],
         "r": ["password reset", "I forgot my password", "how to change a lost password",
               "reset the password", "new password needed", "password forgotten"]},
    ]  # fmt: skip
    (tmp_path / "stackfaq.dev.json").write_text(json.dumps(threads))
    out = io.StringIO()
    call_command("evaluate", "all", str(tmp_path), "--cache", str(tmp_path / "c"), stdout=out)
    text = out.getvalue()
    assert text.count("skipped.") == 2
    for name in ("Knowledge: first right", "Similar tickets: right of five"):
        line = next(line for line in text.splitlines() if name in line)
        assert "1.0000" in line
    assert list((tmp_path / "c").glob("*.npy"))


def test_neighbours_leave_the_asking_ticket_out(embedder: Embedder) -> None:
    texts = [text for stories in TOPICS.values() for text in stories]
    labels = [label for label, stories in TOPICS.items() for _ in stories]
    texts = [f" {texts[0]}\n", *texts[1:]]
    ours, alone = neighbours(texts, labels, embedder, lambda what, share: None)
    assert ours[0] >= 0.75
    assert alone[0] >= 0.75
    assert max(ours[1], alone[1]) <= 3 / 5, "three others at most are right"


def test_cached_vectors_are_the_same_and_not_computed_twice(
    embedder: Embedder, tmp_path: Path
) -> None:
    cached = Cached(embedder, "m", tmp_path)
    first = cached.encode(["one", "two"])
    np.testing.assert_array_equal(first, embedder.encode(["one", "two"]))
    path = next(tmp_path.glob("*.npy"))
    np.save(path, first + 1)
    # Another run, with other texts around them and in another order.
    again = Cached(embedder, "m", tmp_path).encode(["two", "three", "one"])
    np.testing.assert_array_equal(again[[2, 0]], first + 1)
    assert len(list(tmp_path.glob("*.npy"))) == 2
    np.testing.assert_array_equal(Cached(embedder, "n", tmp_path).encode(["one", "two"]), first)


def test_a_large_set_is_measured_in_part_and_says_so(embedder: Embedder, tmp_path: Path) -> None:
    lines = [f'"{topic} {text}",{topic}' for topic, found in TOPICS.items() for text in found]
    with gzip.open(tmp_path / "it_service_tickets.train.csv.gz", "wt") as file:
        file.write("\n".join(["Document,Topic_group", *lines, *lines, *lines]))
    found = list(run_all(tmp_path, embedder, lambda what, share: None, rows=10))
    assert "8 tickets learnt, 2 predicted" in str(found[0])
    assert "8 categories, 8 learnt: macro-F1" in str(found[1])
