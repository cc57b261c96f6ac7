"""Cut a file's text into passages by its own structure, each with its place and heading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ai.engine.chunk import split_passages
from ai.engine.documents.pieces import TOO_LONG, Refused, Section

MOST_PIECES = 3_000
LONGEST_HEADING = 200
_HEADING = re.compile(r"^#{1,6}[ \t]+(\S.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """One passage; `heading` is the one it stands under, which its text may not repeat."""

    place: str
    heading: str
    text: str


def cut(sections: Sequence[Section]) -> list[Piece]:
    """Passages in reading order. Raises `Refused` where there are more than anybody indexes."""
    pieces: list[Piece] = []
    heading = ""
    for section in sections:
        for text in split_passages(section.text, most=MOST_PIECES + 1):
            found = _HEADING.findall(text)
            if found and text.startswith("#"):
                heading = _short(found[0])
            pieces.append(Piece(section.place, heading, text))
            if found:
                heading = _short(found[-1])
        if len(pieces) > MOST_PIECES:
            raise Refused(TOO_LONG)
    return pieces


def _short(heading: str) -> str:
    return " ".join(heading.split())[:LONGEST_HEADING]
