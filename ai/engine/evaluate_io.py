"""Read and write the files of an evaluation; say in one sentence what is wrong with them."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from ai.engine.types import EngineError

# A ticket with its whole mail thread is longer than the csv module's default limit.
MAX_FIELD = 50_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """Texts with their labels, in the order of the file."""

    texts: list[str]
    labels: list[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of a corpus, or a query; `relevant` lists right answers, where known."""

    id: str
    text: str
    title: str = ""
    relevant: tuple[str, ...] = ()


def read_table(path: Path, text_column: str, label_column: str) -> Table:
    """Read two columns of a CSV (or CSV.gz) with a header line."""
    csv.field_size_limit(MAX_FIELD)
    with _readable(path), _open(path) as file:
        reader = csv.DictReader(file)
        missing = {text_column, label_column} - set(reader.fieldnames or ())
        if missing:
            have = ", ".join(reader.fieldnames or ()) or "none"
            wanted = ", ".join(sorted(missing))
            raise EngineError(f"{path.name} has no column {wanted}; it has: {have}.", True)
        rows = [(row[text_column] or "", row[label_column] or "") for row in reader]
    if not rows:
        raise EngineError(f"{path.name} has no rows.", True)
    return Table([text for text, _ in rows], [label for _, label in rows])


def read_entries(path: Path) -> list[Entry]:
    """Read JSON lines with "id" and "text" ("title" and "relevant" where present)."""
    with _readable(path), _open(path) as file:
        entries = [_entry(path, n, line) for n, line in enumerate(file, 1) if line.strip()]
    if not entries:
        raise EngineError(f"{path.name} has no lines.", True)
    return entries


def write_rows(path: Path, header: list[str], rows: Iterable[list[str]]) -> None:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _open(path: Path) -> IO[str]:
    try:
        if path.suffix == ".gz":
            return cast("IO[str]", gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        reason = error.strerror or str(error)
        raise EngineError(f"{path.name} cannot be opened: {reason}.", True) from error


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (csv.Error, UnicodeDecodeError, OSError, EOFError, zlib.error) as error:
        raise EngineError(f"{path.name} cannot be read: {error}", True) from error


def _entry(path: Path, number: int, line: str) -> Entry:
    try:
        record = json.loads(line)
        relevant = tuple(str(item) for item in record.get("relevant") or ())
        text = str(record.get("text") or "")
        return Entry(str(record["id"]), text, str(record.get("title") or ""), relevant)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f'{path.name}, line {number}: not an object with "id" and "text".'
        raise EngineError(message, True) from error
