"""What readers give back, and how they say no."""

from __future__ import annotations

from dataclasses import dataclass

# Why a file cannot be read. Words for people belong to the application.
BROKEN = "broken"
ENCRYPTED = "encrypted"
UNKNOWN = "unknown"
BOMB = "bomb"
TOO_LONG = "too_long"
TOO_SLOW = "too_slow"
EMPTY = "empty"
CODES = (BROKEN, ENCRYPTED, UNKNOWN, BOMB, TOO_LONG, TOO_SLOW, EMPTY)

# Characters of one file: some 1,500 pages.
MOST_TEXT = 4_000_000


class Refused(Exception):
    """A file that is not read; `code` is one of `CODES`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Section:
    """Text that stands at one place of a file: "page:3", "sheet:Prices", "slide:2" or "".

    Headings are lines that begin with "#", a row of a table is a paragraph of its own.
    """

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Extracted:
    """All text of a file in reading order; `units` counts its pages, sheets or slides."""

    kind: str
    sections: tuple[Section, ...]
    units: int = 0


def table_rows(rows: list[list[str]]) -> list[str]:
    """Rows as "| first | Heading: value |" lines, each to be understood alone.

    The first row with two filled cells names the columns of those below it.
    """
    names: list[str] = []
    lines: list[str] = []
    for row in rows:
        cells = [" ".join(cell.split()).replace("|", "/") for cell in row]
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        if not names and len(filled) > 1:
            names = cells
            lines.append(f"| {' | '.join(filled)} |")
            continue
        lines.append(_named_row(cells, names))
    return lines


def _named_row(cells: list[str], names: list[str]) -> str:
    said: list[str] = []
    for place, cell in enumerate(cells):
        if not cell:
            continue
        name = names[place] if place < len(names) else ""
        said.append(f"{name}: {cell}" if said and name else cell)
    return f"| {' | '.join(said)} |"
