"""Cut articles and documents into passages that one vector can stand for."""

from __future__ import annotations

import re

# MiniLM reads 256 word pieces: about 180 words of prose.
PASSAGE_WORDS = 180
OVERLAP_WORDS = 30
MAX_PASSAGES = 400

_HEADING = re.compile(r"^#{1,6}[ \t]+\S")
_BLANK = re.compile(r"\n[ \t]*\n")


def split_passages(
    text: str, *, words: int = PASSAGE_WORDS, overlap: int = OVERLAP_WORDS, most: int = MAX_PASSAGES
) -> list[str]:
    """Return at most `most` passages of at most `words` words, cut at headings, then paragraphs.

    A heading stays with what follows it. A paragraph too long for one passage is cut
    by words with `overlap` words said twice, so that no sentence is lost at the seam.
    """
    passages: list[str] = []
    current: list[str] = []
    length = 0
    for block in _blocks(text):
        size = len(block.split())
        starts_section = bool(_HEADING.match(block))
        only_headings = all(_HEADING.match(part) for part in current)
        if current and (length + size > words or starts_section) and not only_headings:
            passages.append("\n\n".join(current))
            current, length = [], 0
        if size > words:
            heading = "\n\n".join(current)
            passages.extend(
                f"{heading}\n\n{part}".strip() for part in _windows(block, words, overlap)
            )
            current, length = [], 0
        else:
            current.append(block)
            length += size
    if current:
        passages.append("\n\n".join(current))
    return passages[:most]


def _blocks(text: str) -> list[str]:
    blocks: list[str] = []
    for paragraph in _BLANK.split(text.replace("\r\n", "\n")):
        lines: list[str] = []
        for line in paragraph.strip().split("\n"):
            if _HEADING.match(line) and lines:
                blocks.append("\n".join(lines))
                lines = []
            lines.append(line.rstrip())
        blocks.append("\n".join(lines))
    return [block for block in blocks if block.strip()]


def _windows(block: str, words: int, overlap: int) -> list[str]:
    parts = block.split()
    step = max(1, words - overlap)
    last = max(1, len(parts) - overlap)
    return [" ".join(parts[start : start + words]) for start in range(0, last, step)]
