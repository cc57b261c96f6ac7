"""The whole table of measures over a folder of public data sets, each with its anchor and goal.

Sets that are not in the folder are skipped. Splits are random with a fixed seed; nothing here
knows more of a set than its files, columns and the figures others reached on it.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ai.engine import metrics
from ai.engine.embed import Encoder, Vectors
from ai.engine.evaluate import (
    ClassificationReport,
    Progress,
    embed_all,
    run_classification,
    run_retrieval,
)
from ai.engine.evaluate_io import Entry, Table, read_table
from ai.engine.retrieve import Retriever, ticket_points, ticket_text
from ai.engine.store_edge import EdgeStore

SEED = 42
HELD_SHARE = 5
FEW = (200, 1_000, 5_000)
ASKED = 1_000
ORGANIZATION = 1
# Bytes of a text's fingerprint.
KEY = 16
# Rows of one set that are measured unless all of them are wanted: minutes instead of an hour.
ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; anchor and goal are "" where nobody published or set one."""

    name: str
    figure: float
    anchor: str = ""
    goal: str = ""


class Cached:
    """An `Encoder` that keeps vectors in a folder, so that no run computes one a second time.

    Each call that met new texts adds a file of vectors and one of their texts' fingerprints.
    """

    def __init__(self, encoder: Encoder, name: str, folder: Path) -> None:
        self._encoder, self._name, self._folder = encoder, name, folder
        self._known: dict[bytes, Vectors] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.keys")):
            keys = path.read_bytes()
            rows: Vectors = np.load(path.with_suffix(".npy"), allow_pickle=False)
            for number, row in enumerate(rows):
                self._known[keys[number * KEY : (number + 1) * KEY]] = row

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return self._encoder.dimension

    def encode(self, texts: list[str]) -> Vectors:
        """See `Encoder.encode`."""
        keys = [self._key(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True)
                   if key not in self._known}  # fmt: skip
        if missing:
            vectors = self._encoder.encode(list(missing.values()))
            self._known.update(zip(missing, vectors, strict=True))
            self._keep(b"".join(missing), vectors)
        return np.stack([self._known[key] for key in keys])

    def _keep(self, keys: bytes, vectors: Vectors) -> None:
        path = self._folder / f"{hashlib.blake2b(keys, digest_size=KEY).hexdigest()}.npy"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, vectors)
        part.replace(path)
        # Last: a file of vectors without one of keys is not read.
        path.with_suffix(".keys").write_bytes(keys)

    def _key(self, text: str) -> bytes:
        words = f"{self._name}\0{text}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(words, digest_size=KEY).digest()


def run_all(
    folder: Path, encoder: Encoder, tell: Progress, rows: int | None = None
) -> Iterator[Line | str]:
    """Yield the lines of the table as they are known; a sentence for each set that is missing.

    rows: no more of a set than so many random ones (None: all); a sentence says so.
    """
    sets: dict[str, Callable[[Path, Encoder, Progress], Iterator[Line | str]]] = {
        "it_service_tickets.train.csv.gz": partial(_categories, rows=rows),
        "it_assignment.train.csv.gz": _teams,
        "stackfaq.dev.json": _threads,
    }
    for name, measure in sets.items():
        path = folder / name
        if path.exists():
            yield from measure(path, encoder, tell)
        else:
            yield f"{name} is not in {folder.name}: skipped."


def neighbours(
    texts: Sequence[str], labels: Sequence[str], encoder: Encoder, tell: Progress
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return (first right, share right of five) of the product's search and of cosines alone.

    Each of up to `ASKED` random tickets asks for the others like it; right is the same label.
    """
    vectors = embed_all(encoder, texts, lambda share: tell("Embedding tickets", share))
    # A ticket is embedded without the blanks around it.
    stored = (ticket_text("", text) for text in texts)
    known = _Known(encoder.dimension, dict(zip(stored, vectors, strict=True)))
    asked = np.random.default_rng(SEED).permutation(len(texts))[:ASKED]
    ours, alone = [], []
    with tempfile.TemporaryDirectory(prefix="omnidesk-evaluate-") as folder:
        store = EdgeStore(Path(folder) / "vectors", dimension=encoder.dimension)
        try:
            for start in range(0, len(texts), 1_000):
                rows = range(start, min(start + 1_000, len(texts)))
                points = [
                    ticket_points(known, ORGANIZATION, row, subject="", description=texts[row])
                    for row in rows
                ]
                store.upsert([point for found in points for point in found])
            store.optimize()
            retriever = Retriever(encoder, store)
            for number, row in enumerate(asked, 1):
                hits = retriever.similar_tickets(
                    texts[row],
                    organizations=[ORGANIZATION],
                    limit=5,
                    floor=-1.0,
                    exclude_ticket=int(row),
                    vector=vectors[row],
                )
                ours.append([labels[hit.object_id] == labels[row] for hit in hits])
                cosines = vectors @ vectors[row]
                cosines[row] = -2.0
                nearest = np.argsort(-cosines, kind="stable")[:5]
                alone.append([labels[other] == labels[row] for other in nearest])
                tell("Asking for neighbours", number / len(asked))
        finally:
            store.close()
    return _first_and_five(ours), _first_and_five(alone)


def _categories(
    path: Path, encoder: Encoder, tell: Progress, rows: int | None
) -> Iterator[Line | str]:
    training, test = _split(read_table(path, "Document", "Topic_group"))
    if rows is not None and rows < len(training.texts) + len(test.texts):
        held = rows // HELD_SHARE
        whole, training, test = training, _first(training, rows - held), _first(test, held)
        yield (
            f"{path.name}: {len(training.texts):,} tickets learnt, {held:,} predicted; anchors and "
            f"goals are those of all {len(whole.texts):,}, so measure all (--full) to compare."
        )
    report, _ = run_classification(training, test, encoder, progress=tell)
    name = f"8 categories, {report.train_rows:,} learnt"
    yield Line(f"{name}: macro-F1", report.macro_f1, ".863 TF-IDF, .8725 DistilBERT", ".885")
    yield from _sure(name, report, (".990", ".942"), (".993", ".955"))
    yield Line(f"{name}: training, seconds", report.train_seconds, "", "180")
    for few_rows, anchor, goal in zip(
        FEW, (".637", ".784", ".838"), (".70", ".80", ".85"), strict=True
    ):
        few, _ = run_classification(training, test, encoder, limit_train=few_rows, progress=tell)
        yield Line(f"8 categories, {few_rows:,} learnt: macro-F1", few.macro_f1, anchor, goal)


def _teams(path: Path, encoder: Encoder, tell: Progress) -> Iterator[Line]:
    table = read_table(path, "text", "group")
    training, test = _split(table)
    report, _ = run_classification(training, test, encoder, progress=tell)
    name = "48 teams, raw tickets"
    yield Line(f"{name}: accuracy", report.accuracy, ".722", ".75")
    yield Line(f"{name}: macro-F1", report.macro_f1, ".442", ".50")
    yield Line(f"{name}: among the first three", report.top3, ".884", ".91")
    yield from _sure(name, report, (".906", ".802"), (".93", ".84"))
    ours, alone = neighbours(table.texts, table.labels, encoder, tell)
    yield Line(
        "Nearest ticket has the same team", ours[0], f"{alone[0]:.4f} MiniLM alone", "better"
    )
    yield Line("Share of the nearest five", ours[1], f"{alone[1]:.4f} MiniLM alone", "better")


def _threads(path: Path, encoder: Encoder, tell: Progress) -> Iterator[Line]:
    threads = json.loads(path.read_text(encoding="utf-8"))
    corpus = [
        Entry(str(number), "\n\n".join(thread["a"]), thread["q"])
        for number, thread in enumerate(threads)
    ]
    asked = [(text, str(number)) for number, thread in enumerate(threads) for text in thread["r"]]
    queries = [Entry(f"q{n}", text, relevant=(label,)) for n, (text, label) in enumerate(asked)]
    report, _ = run_retrieval(corpus, queries, encoder, progress=tell)
    yield Line("Knowledge: first right", report.precision_at_1 or 0.0, ".954 MiniLM alone", ".96")
    yield Line("Knowledge: reciprocal rank", report.mrr or 0.0, ".974 MiniLM alone", ".98")
    ours, alone = neighbours([t for t, _ in asked], [label for _, label in asked], encoder, tell)
    yield Line("Similar tickets: first right", ours[0], f"{alone[0]:.4f} MiniLM alone", ".995")
    yield Line("Similar tickets: right of five", ours[1], f"{alone[1]:.4f} MiniLM alone", ".96")


def _sure(
    name: str, report: ClassificationReport, anchors: tuple[str, str], goals: tuple[str, str]
) -> Iterator[Line]:
    yield Line(f"{name}: surest 50 %", report.accuracy_sure_50, anchors[0], goals[0])
    yield Line(f"{name}: surest 80 %", report.accuracy_sure_80, anchors[1], goals[1])
    yield Line(f"{name}: calibration error", report.calibration_error, "", "at most .03")


def _first(table: Table, rows: int) -> Table:
    return Table(table.texts[:rows], table.labels[:rows])


def _split(table: Table) -> tuple[Table, Table]:
    """Four fifths to learn from, one to predict."""
    order = np.random.default_rng(SEED).permutation(len(table.texts))
    held = len(order) // HELD_SHARE
    test, training = (
        Table([table.texts[row] for row in rows], [table.labels[row] for row in rows])
        for rows in (order[:held], order[held:])
    )
    return training, test


@dataclass(frozen=True, slots=True)
class _Known:
    """An `Encoder` of texts embedded before."""

    dimension: int
    vectors: dict[str, Vectors]

    def encode(self, texts: list[str]) -> Vectors:
        return np.stack([self.vectors[text] for text in texts])


def _first_and_five(rows: Sequence[Sequence[bool]]) -> tuple[float, float]:
    first = metrics.mean([metrics.precision_at(row, 1) for row in rows])
    return first, metrics.mean([metrics.precision_at(row, 5) for row in rows])
