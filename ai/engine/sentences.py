"""Cut text into sentences and steps, and tell content from courtesy."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ai.engine.lexical import tokens

MAX_UNITS = 120

_LIST_ITEM = re.compile(r"^\s{0,8}(?:(?P<number>\d{1,2})[.)]|[-*•–])[ \t]+(?P<text>\S.*)$")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]?\s+(?=[A-ZÀ-ÖØ-Þ¿¡\"'(\[\d])|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:^|\s)(?:e\.g|i\.e|etc|vs|no|nr|z\.B|d\.h|bzw|ca|usw|p\.ex|Mr|Mrs|Ms|Dr|Hr|Fr|Sr|Sra)\.$",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"^\W*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|thanks|thank you|many thanks|"
    r"(?:best|kind|warm)? ?regards|cheers|(?:yours )?sincerely|you're welcome|"
    r"please let (?:me|us) know|hope this helps|let me know|sorry for|"
    r"hallo|guten (?:tag|morgen|abend)|sehr geehrte[rs]?|liebe[rs]?|danke|vielen dank|"
    r"(?:mit )?freundlichen? grüßen?|viele grüße|beste grüße|gruß|"
    r"bonjour|bonsoir|cher|chère|merci|cordialement|bien à (?:vous|toi)|salutations|"
    r"hola|buenos días|buenas tardes|estimad[oa]|gracias|saludos|atentamente)(?!\w)",
    re.IGNORECASE,
)
# Courtesy is short; "Hi, open the settings and choose Reset" says something.
COURTESY_WORDS = 7
_TABLE_ROW = re.compile(r"^\s{0,3}\|.*\|\s*$")
_TABLE_RULE = re.compile(r"^[\s|:-]+$")
_URL_ONLY = re.compile(r"^\W*https?://\S+\W*$")


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence or a step of a list. `group` numbers the list it belongs to (0: none)."""

    text: str
    group: int = 0

    @property
    def is_step(self) -> bool:
        """Whether it stood in a list."""
        return self.group > 0


def split_units(text: str) -> list[Unit]:
    """Return the sentences, list items and table rows of a text, in order, without headings."""
    units: list[Unit] = []
    prose: list[str] = []
    group, in_list = 0, False

    def flush() -> None:
        units.extend(Unit(sentence) for sentence in _sentences(" ".join(prose)))
        prose.clear()

    lines = text.replace("\r\n", "\n").split("\n")
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        item = _LIST_ITEM.match(line)
        if _TABLE_ROW.match(line):
            flush()
            in_list = False
            # The row of headings says nothing by itself, the rule below it nothing at all.
            if not _TABLE_RULE.match(line) and not _TABLE_RULE.match(below or "."):
                units.append(Unit(_row_words(line)))
        elif item:
            flush()
            group += 0 if in_list else 1
            in_list = True
            units.append(Unit(" ".join(item["text"].split()), group))
        elif not line.strip() or _HEADING.match(line):
            flush()
            in_list = in_list and not line.strip()
        elif in_list and line.startswith((" ", "\t")) and units:
            # A wrapped line of the step above.
            units[-1] = Unit(f"{units[-1].text} {' '.join(line.split())}", group)
        else:
            in_list = False
            prose.append(" ".join(line.split()))
            if is_courtesy(line):
                # "Hi Tom," on its own line is no part of the sentence below it.
                flush()
    flush()
    return units[:MAX_UNITS]


def _row_words(line: str) -> str:
    """Return "| 809 | Blocked | Call us |" as "809: Blocked; Call us"."""
    first, *others = [" ".join(cell.split()) for cell in line.strip().strip("|").split("|")]
    return f"{first}: {'; '.join(cell for cell in others if cell)}" if any(others) else first


def is_courtesy(text: str) -> bool:
    """Tell a greeting, thanks or sign-off from a sentence that says something."""
    return bool(_COURTESY.match(text)) and len(text.split()) <= COURTESY_WORDS


def says_something(text: str) -> bool:
    """Tell whether a sentence can stand in an answer at all."""
    words = len(text.split())
    long_enough = words >= 3 or len(text) >= 12
    return long_enough and not is_courtesy(text) and not _URL_ONLY.match(text)


def shared_words(text: str, source: str) -> float:
    """Return the share (0..1) of a text's content words that stand in the source."""
    wanted = {word for word in tokens(text) if not word.endswith("*")}
    if not wanted:
        return 1.0
    return len(wanted & tokens(source).keys()) / len(wanted)


def _sentences(text: str) -> list[str]:
    result: list[str] = []
    for part in _SENTENCE_END.split(text):
        if result and _ABBREVIATION.search(result[-1]):
            result[-1] = f"{result[-1]} {part.strip()}"
        elif part.strip():
            result.append(part.strip())
    return result
