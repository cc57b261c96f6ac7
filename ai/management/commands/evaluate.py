"""Measure the engine: `manage.py evaluate classification`, `evaluate retrieval`, `evaluate all`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable

from ai.engine.benchmark import ROWS, Cached, run_all
from ai.engine.embed import Embedder
from ai.engine.evaluate import Answer, run_classification, run_retrieval
from ai.engine.evaluate_io import Table, read_entries, read_table, write_lines, write_rows
from ai.engine.tuned import CPU, GPU, tuner
from ai.engine.types import EngineError, Label

Report = Mapping[str, Any]


class Command(BaseCommand):
    """Needs no database: files in, a table (or JSON) out."""

    help = "Measure the local classifier or the search on your own data"
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the three sub-commands."""
        kinds = parser.add_subparsers(dest="what", required=True)
        _add_classification(kinds.add_parser("classification", help="Train, predict and score"))
        _add_retrieval(kinds.add_parser("retrieval", help="Index, search and score"))
        _add_all(kinds.add_parser("all", help="Every measure over a folder of public data sets"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Run one of them; a wrong file ends in one sentence."""
        if options["what"] == "all":
            self._all(options)
            return
        run = _classification if options["what"] == "classification" else _retrieval
        try:
            report = run(options)
        except EngineError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        if options["json"]:
            self.stdout.write(json.dumps(report))
        else:
            self._print(report)

    def _all(self, options: Mapping[str, Any]) -> None:
        folder: Path = options["data"]
        if not folder.is_dir():
            self.stdout.write(f"Nothing is measured: there is no folder {str(folder)!r}.")
            return
        embedder = Embedder(settings.EMBEDDING_MODEL)
        encoder = (
            Cached(embedder, embedder.name, options["cache"]) if options["cache"] else embedder
        )
        table = RichTable("measure", "figure", "anchor", "goal")
        notes = []
        try:
            with _progress() as tell:
                for line in run_all(folder, encoder, tell, None if options["full"] else ROWS):
                    if isinstance(line, str):
                        notes.append(line)
                    else:
                        figure = f"{line.figure:.4f}" if line.figure <= 1 else f"{line.figure:.0f}"
                        table.add_row(line.name, figure, line.anchor, line.goal)
        except EngineError as error:
            raise CommandError(error.message) from error
        finally:
            # Also where a later measure failed: an hour's work is not lost.
            Console(file=self.stdout, width=120).print(table)  # type: ignore[arg-type]
            for note in notes:
                self.stdout.write(note)

    def _print(self, report: Report) -> None:
        table = RichTable(show_header=False)
        table.add_column(justify="left")
        table.add_column(justify="right")
        for key, value in report.items():
            table.add_row(str(NAMES.get(key, key)), _shown(key, value))
        # Written through self.stdout, so that call_command can catch it.
        console = Console(file=self.stdout)  # type: ignore[arg-type]
        console.print(table)


NAMES = {
    "train_rows": gettext_lazy("Tickets learnt from"),
    "test_rows": gettext_lazy("Tickets predicted"),
    "labels": gettext_lazy("Labels"),
    "accuracy": gettext_lazy("Accuracy"),
    "macro_f1": gettext_lazy("Macro-F1"),
    "top3": gettext_lazy("Right label among the first three"),
    "accuracy_sure_50": gettext_lazy("Accuracy of the surest 50 %"),
    "accuracy_sure_80": gettext_lazy("Accuracy of the surest 80 %"),
    "calibration_error": gettext_lazy("Expected calibration error"),
    "embed_seconds": gettext_lazy("Embedding, seconds"),
    "train_seconds": gettext_lazy("Training, seconds"),
    "predict_seconds": gettext_lazy("Predicting, seconds"),
    "documents": gettext_lazy("Documents"),
    "points": gettext_lazy("Indexed passages"),
    "queries": gettext_lazy("Queries"),
    "judged": gettext_lazy("Queries with known answers"),
    "precision_at_1": gettext_lazy("First result right"),
    "precision_at_5": gettext_lazy("Right among the first five"),
    "mrr": gettext_lazy("Mean reciprocal rank"),
    "index_seconds": gettext_lazy("Indexing, seconds"),
    "query_milliseconds": gettext_lazy("A query, milliseconds"),
}


def _add_classification(parser: ArgumentParser) -> None:
    parser.add_argument("--train", type=Path, required=True, help="CSV or CSV.gz of past tickets")
    parser.add_argument("--test", type=Path, required=True, help="CSV or CSV.gz to predict")
    parser.add_argument("--text", required=True, help="Column with the ticket's text")
    parser.add_argument("--label", required=True, help="Column with the category or team")
    parser.add_argument("--limit-train", type=int, help="Learn from so many random rows")
    parser.add_argument("--seed", type=int, default=42, help="Seed of that choice")
    parser.add_argument(
        "--fine-tune", nargs="?", const=GPU, default="", choices=(GPU, CPU),
        help="Tune the sentence model too, as one more voice; needs a GPU (cpu: without one)",
    )  # fmt: skip
    parser.add_argument("--predictions", type=Path, help="Write row,label,confidence,top3 here")
    parser.add_argument("--json", action="store_true", help="Print JSON instead of a table")


def _add_retrieval(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--corpus", type=Path, required=True, help='JSON lines: "id", "title", "text"'
    )
    parser.add_argument(
        "--queries", type=Path, required=True, help='JSON lines: "id", "text", maybe "relevant"'
    )
    parser.add_argument("--top", type=int, default=10, help="Results per query")
    parser.add_argument("--predictions", type=Path, help="Write JSON lines of hits here")
    parser.add_argument("--json", action="store_true", help="Print JSON instead of a table")


def _add_all(parser: ArgumentParser) -> None:
    parser.add_argument(
        "data", type=Path, help="Folder with the data sets; missing ones are skipped"
    )
    parser.add_argument("--cache", type=Path, help="Keep computed vectors in this folder")
    parser.add_argument(
        "--full", action="store_true", help=f"Measure all rows, not {ROWS:,} of a large set"
    )


def _classification(options: Mapping[str, Any]) -> Report:
    if options["limit_train"] is not None and options["limit_train"] < 1:
        raise CommandError(_("--limit-train must be at least 1."))
    training = read_table(options["train"], options["text"], options["label"])
    test = read_table(options["test"], options["text"], options["label"])
    with _progress() as tell:
        report, found = run_classification(
            training,
            test,
            Embedder(settings.EMBEDDING_MODEL),
            limit_train=options["limit_train"],
            seed=options["seed"],
            tuner=tuner(options["fine_tune"]),
            progress=tell,
        )
    if options["predictions"]:
        header = ["row", "label", "confidence", "top3"]
        write_rows(options["predictions"], header, _prediction_rows(test, found))
    return report.as_dict()


def _prediction_rows(test: Table, found: list[list[Label]]) -> Iterator[list[str]]:
    for row in range(len(test.texts)):
        best = found[row][0]
        top3 = "|".join(label.value for label in found[row])
        yield [str(row), best.value, f"{best.confidence:.6f}", top3]


def _retrieval(options: Mapping[str, Any]) -> Report:
    if options["top"] < 1:
        raise CommandError(_("--top must be at least 1."))
    corpus, queries = read_entries(options["corpus"]), read_entries(options["queries"])
    with _progress() as tell:
        encoder = Embedder(settings.EMBEDDING_MODEL)
        report, answers = run_retrieval(corpus, queries, encoder, top=options["top"], progress=tell)
    if options["predictions"]:
        write_lines(options["predictions"], (_prediction_line(answer) for answer in answers))
    return report.as_dict()


def _prediction_line(answer: Answer) -> dict[str, Any]:
    return {
        "query": answer.query,
        "hits": [{"id": key, "score": score} for key, score in answer.hits],
    }


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """Show a bar per step on stderr; nothing where stderr is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    console = Console(file=sys.stderr)
    bar = Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
    steps: dict[str, Any] = {}
    with bar:

        def tell(what: str, share: float) -> None:
            if what not in steps:
                steps[what] = bar.add_task(what, total=1.0)
            bar.update(steps[what], completed=share)

        yield tell


def _shown(key: str, value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.1f}" if key.endswith(("seconds",)) else f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
