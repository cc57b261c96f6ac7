"""What the sender newly wrote: the body without older mail, signatures and machine lines.

The rules, in order:
1. Older mail that carries no quote marks (a header block, "Original Message", "Reply above this
   line", or an attribution without quoted lines below) ends the reply, if text stands above it.
   With nothing above, the mail is a forward without comment, and is kept.
2. A signature delimiter ends the reply; a lone program line ("Sent from my phone") goes away.
3. Quoted lines go away, unless the sender answers between them: then question and answer stay.
Sign-offs ("Thanks, Alex") are the sender's words and stay.
"""

import re
from collections.abc import Sequence
from itertools import groupby, takewhile
from typing import Final

from integrations.channels.email.html import Line, html_to_lines
from integrations.channels.email.lines import (
    Kind,
    classify,
    header_block,
    is_attribution,
    unquoted,
    visible,
)

MAX_LINES: Final = 20_000
_WRITTEN: Final = {Kind.TEXT, Kind.CODE}
_OLDER: Final = {Kind.ORIGINAL, Kind.HEADER, Kind.ATTRIBUTION}
_WRAPPED: Final = 55  # a quoted line this long may have spilled over into the next line
_SIGNATURE_LINES: Final = 10
MAX_HEAD: Final = 320
_FOOTER_LINES: Final = 4
_AHEAD: Final = 40  # lines looked ahead, so that the cost stays linear
_CONTACT: Final = re.compile(
    r"@|https?://|www\.|\+?\d[\d ()/.-]{6,}\d|\b(?:tel|phone|fax|mobile|mob|gmbh|ltd|inc|llc|b\.v|"
    r"s\.a|ag|ceo|cto|unsubscribe|confidential|vertraulich|confidentiel|disclaimer)\b",
    re.IGNORECASE,
)


def strip_text(text: str) -> str:
    """The newly written part of a plain-text body."""
    return strip_lines([Line(one) for one in _split(text)])


def strip_html(markup: str) -> str:
    """The newly written part of an HTML body, as text."""
    return strip_lines(html_to_lines(markup))


def _split(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def strip_lines(lines: Sequence[Line]) -> str:
    """The newly written part of a body given as lines with the hints of its HTML."""
    head = _inline_attributions(lines[:MAX_LINES])
    kinds = classify(head)
    _mark_bars(head, kinds)
    _mark_spill(head, kinds)
    end = _first_cut(head, kinds)
    keep = _without_program_lines(kinds[:end])
    keep = _fold_quotes(head, kinds, keep)
    rest = lines[MAX_LINES:] if end == len(head) else []
    return _join([head[index] for index in keep] + list(rest))


_SAME_LINE: Final = re.compile(r"^(.{10,300}?>\s*[^\W\d_][^:<>()]{1,20}:)\s+(\S.*)$", re.DOTALL)


def _inline_attributions(lines: Sequence[Line]) -> list[Line]:
    """Some phones put the first quoted words behind "wrote:" on the same line: split there."""
    out: list[Line] = []
    for line in lines:
        head, rest = _parted(line.text)
        out += [Line(head, line.hint), Line(rest)] if rest else [line]
    return out


def _parted(text: str) -> tuple[str, str]:
    if "@" not in text[:MAX_HEAD] or text.lstrip().startswith(">"):
        return text, ""
    found = _SAME_LINE.match(text)
    if found and is_attribution(visible(found.group(1))):
        return found.group(1), found.group(2)
    return text, ""


def _mark_bars(lines: Sequence[Line], kinds: list[Kind]) -> None:
    """`|` marks a quote only below an attribution; elsewhere it is a table."""
    quoting = False
    for index, kind in enumerate(kinds):
        if kind is Kind.ATTRIBUTION:
            quoting = True
        elif kind in _WRITTEN | {Kind.RULE}:
            if quoting and lines[index].text.lstrip().startswith("|"):
                kinds[index] = Kind.QUOTE
            else:
                quoting = _dated_above_bar(lines, kinds, index)
                if quoting:
                    kinds[index] = Kind.ATTRIBUTION


def _dated_above_bar(lines: Sequence[Line], kinds: Sequence[Kind], index: int) -> bool:
    for below in range(index + 1, min(index + 3, len(kinds))):
        if kinds[below] is not Kind.EMPTY:
            return lines[below].text.lstrip().startswith("|") and is_attribution(
                visible(lines[index].text), before_quote=True
            )
    return False


def _mark_spill(lines: Sequence[Line], kinds: list[Kind]) -> None:
    """Words that a mail gateway wrapped out of a long quoted line belong to the quote."""
    for index in range(1, len(kinds) - 1):
        if kinds[index] is not Kind.TEXT or kinds[index - 1] is not Kind.QUOTE:
            continue
        before, text = lines[index - 1].text, lines[index].text.strip()
        if len(before) >= _WRAPPED and kinds[index + 1] is Kind.QUOTE and len(text) < len(before):
            kinds[index] = Kind.QUOTE


def _first_cut(lines: Sequence[Line], kinds: list[Kind]) -> int:
    """Index of the first line that no longer belongs to the reply."""
    written = False
    for index, kind in enumerate(kinds):
        if kind in _WRITTEN:
            written = True
        elif written and _ends_reply(lines, kinds, index):
            return index
    return len(kinds)


def _ends_reply(lines: Sequence[Line], kinds: Sequence[Kind], index: int) -> bool:
    kind = kinds[index]
    if kind is Kind.RULE:
        return _ends_at_rule(lines, kinds, index)
    if kind is Kind.ATTRIBUTION:
        return not _quote_follows(kinds, index)
    return kind in _OLDER or kind is Kind.DELIMITER


def _quote_follows(kinds: Sequence[Kind], index: int) -> bool:
    for kind in kinds[index : index + _AHEAD]:
        if kind not in {Kind.ATTRIBUTION, Kind.EMPTY}:
            return kind is Kind.QUOTE
    return False


def _ends_at_rule(lines: Sequence[Line], kinds: Sequence[Kind], index: int) -> bool:
    """Whether a line of dashes opens older mail or a signature, rather than divide the text."""
    tail = [
        (kind, visible(lines[index + 1 + offset].text).strip())
        for offset, kind in enumerate(kinds[index + 1 : index + 1 + _AHEAD])
        if kind is not Kind.EMPTY
    ]
    if not tail or tail[0][0] in _OLDER | {Kind.MOBILE, Kind.DELIMITER}:
        return True
    near = kinds[max(index - _AHEAD, 0) : index]
    if Kind.RULE in near or any(kind is Kind.RULE for kind, _ in tail):
        return False  # one of several dividers: of a longer text, or of a table
    own = [text for _, text in takewhile(lambda one: one[0] not in _OLDER | {Kind.QUOTE}, tail)]
    contact = any(_CONTACT.search(text) for text in own)
    rule = visible(lines[index].text).strip()
    if kinds[index - 1] in _WRITTEN and not rule.startswith("__"):
        # Right below text it may be the underline of a heading.
        return contact and len(own) <= _SIGNATURE_LINES and rule[0] in "-–—"
    if len(own) <= _FOOTER_LINES:
        return True
    return len(own) <= _SIGNATURE_LINES and (contact or rule.startswith("__"))


def _without_program_lines(kinds: Sequence[Kind]) -> list[int]:
    return [index for index, kind in enumerate(kinds) if kind is not Kind.MOBILE]


def _fold_quotes(lines: Sequence[Line], kinds: Sequence[Kind], keep: list[int]) -> list[int]:
    runs = _runs(kinds, keep)
    quotes = [position for position, (kind, _) in enumerate(runs) if kind is Kind.QUOTE]
    if not quotes:
        return [index for index in keep if kinds[index] is not Kind.ATTRIBUTION]
    last_text = max((p for p, (kind, _) in enumerate(runs) if kind is Kind.TEXT), default=-1)
    answered = {p for p in quotes if p < last_text}
    attributed = {p for p in quotes if _is_attributed(lines, kinds, runs, p)}
    above = any(kind is Kind.TEXT for kind, _ in runs[: quotes[0]])
    if not answered and not above:  # nothing but quotes
        return [] if attributed else keep
    conversation = len(answered) >= 2
    dropped: set[int] = set()
    for position in quotes:
        if position not in answered or (position in attributed and not conversation):
            dropped.update(runs[position][1])
    return [
        index for index in keep if index not in dropped and kinds[index] is not Kind.ATTRIBUTION
    ]


def _runs(kinds: Sequence[Kind], keep: Sequence[int]) -> list[tuple[Kind, list[int]]]:
    """Runs of written and of quoted lines; blank lines and the rest join the run above."""
    shown: list[tuple[Kind, int]] = []
    current = Kind.EMPTY
    for index in keep:
        if kinds[index] in {Kind.QUOTE, Kind.ATTRIBUTION}:
            current = kinds[index]
        elif kinds[index] is not Kind.EMPTY:
            current = Kind.TEXT
        shown.append((current, index))
    return [
        (kind, [index for _, index in group]) for kind, group in groupby(shown, lambda one: one[0])
    ]


def _is_attributed(
    lines: Sequence[Line],
    kinds: Sequence[Kind],
    runs: Sequence[tuple[Kind, list[int]]],
    position: int,
) -> bool:
    if position and runs[position - 1][0] is Kind.ATTRIBUTION:
        return True
    inner = [
        visible(unquoted(lines[i].text)) for i in runs[position][1][:8] if kinds[i] is Kind.QUOTE
    ]
    while inner and not inner[0].strip():
        inner.pop(0)
    joined = (inner[0], " ".join(inner[:2]), " ".join(inner[:3])) if inner else ()
    return any(is_attribution(one) for one in joined) or header_block(inner) >= 2


def _join(lines: Sequence[Line]) -> str:
    out: list[str] = []
    for line in lines:
        text = line.text.rstrip()
        if text or (out and out[-1]):
            out.append(text)
    return "\n".join(out).strip("\n").rstrip()
