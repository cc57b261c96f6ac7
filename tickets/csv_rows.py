"""Reads tickets out of a CSV file, row by row, forgiving what real exports get wrong.

Pure: no database. A bad row is yielded as `BadRow` with its line number and never ends the
reading; a file that cannot be read at all raises `UnreadableFile` with one sentence.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, cast

from omnidesk.core.text import clean_text, one_line
from tickets.field_texts import from_text
from tickets.fields import FieldError, FieldRule, check_values

LONGEST_FIELD = 10 * 2**20
LONGEST_DESCRIPTION = 200_000
SUBJECT_LENGTH = 80
_BLOCK = 2**20


class UnreadableFile(Exception):
    """The file as a whole cannot be imported; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column holds what; subject and description may be the same one."""

    subject: str
    description: str
    category: str = ""
    team: str = ""
    # Custom field -> column.
    fields: tuple[tuple[str, str], ...] = ()

    def names(self) -> list[str]:
        """The columns that have to be in the file."""
        wanted = [self.subject, self.description, self.category, self.team]
        wanted += [column for _key, column in self.fields]
        return list(dict.fromkeys(name for name in wanted if name))


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodRow:
    """One ticket to be. `occurrence` tells equal rows of one file apart (0, 1, ...)."""

    line: int
    subject: str
    description: str
    category: str
    team: str
    occurrence: int
    # Custom fields as the file has them, and as they are stored once they are checked.
    fields: tuple[tuple[str, str], ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def fingerprint(self, organization_id: int) -> str:
        """64 hex digits that are the same whenever this row of this organization comes again."""
        parts = (
            str(organization_id), self.subject, self.description, self.category, self.team,
            str(self.occurrence), *(part for pair in self.fields for part in pair),
        )  # fmt: skip
        # Length before each part, so that no two different rows spell the same bytes.
        encoded = "".join(f"{len(part)}:{part}" for part in parts)
        return sha256(encoded.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot become a ticket, and why."""

    line: int
    reason: str


def read_rows(
    path: Path, columns: Columns, *, tell: Callable[[int], None] | None = None
) -> Iterator[GoodRow | BadRow]:
    """All rows of the file, in order. `tell` hears how many bytes of it have been read.

    Raises `UnreadableFile` for a missing file, a broken archive or an absent column.
    """
    with _opened(path, find_encoding(path), tell) as lines:
        reader = csv.reader(lines)
        names = _header(reader, columns)
        seen: Counter[tuple[str, ...]] = Counter()
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(line, f"not valid CSV ({error})")
                continue
            if fields:
                yield _row(line, fields, names, columns, seen)


def with_values(
    rows: Iterable[GoodRow | BadRow],
    rules: Sequence[FieldRule],
    is_person: Callable[[str], bool],
) -> Iterator[GoodRow | BadRow]:
    """The rows with their custom fields checked; one that does not fit becomes a bad row."""
    known = {rule.key: rule for rule in rules}
    for row in rows:
        if isinstance(row, BadRow) or not row.fields:
            yield row
            continue
        given: dict[str, Any] = {}
        try:
            for key, text in row.fields:
                given[key] = from_text(known[key], text) if key in known else text
        except FieldError as error:
            yield BadRow(row.line, f"{key}: {error}")
            continue
        facts = {"category": [row.category] if row.category else []}
        checked = check_values(rules, given, facts=facts, is_person=is_person)
        wrong = [f"{key}: {text}" for key, text in checked.errors.items()]
        yield BadRow(row.line, " ".join(wrong)) if wrong else replace(row, values=checked.values)


def find_encoding(path: Path) -> str:
    """`utf-8-sig` if the whole file is UTF-8, else `cp1252`, which old spreadsheets write."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with _binary(path) as (file, _):
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


@contextmanager
def _binary(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The file's bytes, unpacked and as they lie on disk; failures become one sentence."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            yield (cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw), raw
    except FileNotFoundError:
        raise UnreadableFile(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise UnreadableFile(f"{path} is a folder, not a file.") from None
    except PermissionError:
        raise UnreadableFile(f"{path} may not be read.") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableFile(f"{path} is a damaged archive: {error}.") from None


@contextmanager
def _opened(
    path: Path, encoding: str, tell: Callable[[int], None] | None
) -> Iterator[Iterator[str]]:
    csv.field_size_limit(LONGEST_FIELD)
    with _binary(path) as (file, raw):
        text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
        yield _told(text, raw, tell) if tell else text


def _told(text: IO[str], raw: IO[bytes], tell: Callable[[int], None]) -> Iterator[str]:
    for line in text:
        tell(raw.tell())
        yield line


def _header(reader: Iterator[list[str]], columns: Columns) -> list[str]:
    try:
        names = [name.strip() for name in next(reader)]
    except (StopIteration, csv.Error):
        raise UnreadableFile("The file is empty.") from None
    for name in columns.names():
        if name not in names:
            known = ", ".join(filter(None, names)) or "none"
            raise UnreadableFile(f"There is no column “{name}”. The file has: {known}.")
    return names


def _row(
    line: int,
    fields: list[str],
    names: list[str],
    columns: Columns,
    seen: Counter[tuple[str, ...]],
) -> GoodRow | BadRow:
    if len(fields) != len(names):
        return BadRow(line, f"{len(fields)} fields where the first line has {len(names)}")
    values = dict(zip(names, fields, strict=True))
    description = clean_text(values[columns.description], LONGEST_DESCRIPTION).strip()
    subject = one_line(values[columns.subject])
    if not description and not subject:
        return BadRow(line, "neither subject nor description")
    if columns.subject == columns.description or not subject:
        subject = shortened(description)
    category = one_line(values.get(columns.category, ""), 80)
    team = one_line(values.get(columns.team, ""), 80)
    extra = tuple((k, text) for k, column in columns.fields if (text := values[column].strip()))
    content = (
        subject,
        description or subject,
        category,
        team,
        *(t for pair in extra for t in pair),
    )
    seen[content] += 1
    return GoodRow(
        line=line,
        subject=subject,
        description=description or subject,
        category=category,
        team=team,
        occurrence=seen[content] - 1,
        fields=extra,
    )


def shortened(text: str, length: int = SUBJECT_LENGTH) -> str:
    """The first `length` characters of `text` on one line, cut at a word where there is one."""
    line = one_line(text, 4 * length)
    if len(line) <= length:
        return line
    head = line[: length - 1]
    cut = head.rfind(" ")
    return (head[:cut] if cut > length // 2 else head).rstrip(" ,;:-") + "…"
