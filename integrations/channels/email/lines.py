"""What kind of line each line of a mail body is: text, quote, header of older mail, signature.

Every test looks at one line, or at a window of at most `MAX_WINDOW` lines, clipped to
`MAX_LINE` characters: the whole costs linear time whatever the body.
"""

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

from integrations.channels.email import phrases
from integrations.channels.email.html import ATTRIBUTION, CUT, Line

MAX_LINE: Final = 400
MAX_WINDOW: Final = 6
MAX_BLOCK: Final = 16


class Kind(Enum):
    """See `classify`."""

    EMPTY = "empty"
    TEXT = "text"
    CODE = "code"
    QUOTE = "quote"
    ATTRIBUTION = "attribution"  # "On <date>, <name> wrote:", all its lines
    ORIGINAL = "original"  # "-----Original Message-----", "Reply above this line", a client's mark
    HEADER = "header"  # a From/Sent/To/Subject block, all its lines
    MOBILE = "mobile"  # "Sent from my phone"
    DELIMITER = "delimiter"  # "-- " and its relatives
    RULE = "rule"  # a longer line of dashes, underscores, ...


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


# Zero-width characters, direction marks and the byte-order mark.
_INVISIBLE: Final = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF]
)
_SPACES: Final = re.compile(r"\s+")
QUOTE_MARK: Final = re.compile(r"^[ \t]{0,3}(?:[>＞][ \t]?)+")
_BAR_MARK: Final = re.compile(r"^[ \t]*\|")
_FENCE: Final = re.compile(r"^[ \t]{0,3}(?:```|~~~)")
_DELIMITER: Final = re.compile(r"^[ \t]*(?:--|[–—―⸺]|__|ᐧ|\.{3}--)[ \t]*$")
_RULE: Final = re.compile(r"^[ \t]*([-_=*~#+—–─━•·])(?:[ \t]?\1){2,}[ \t]*$")

_WROTE: Final = re.compile(
    rf"(?<![^\W\d_])(?:{_any(phrases.WROTE)})(?![^\W\d_])|(?:{_any(phrases.WROTE_JOINED)})",
    re.IGNORECASE,
)
_WHEN: Final = re.compile(
    r"(?<!\d)(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|(?:19|20)\d\d|\d{1,2}[:.h]\d\d)(?!\d)"
    r"|\d{1,2}\s?[月월]"
)
_DAY: Final = re.compile(r"(?<!\d)\d{1,2}(?!\d)|(?<!\d)\d{4}(?!\d)|\d{1,4}[./-]\d{1,2}")
_ADDRESS: Final = re.compile(r"[^\s<>\"'()\[\],;:]+@[^\s<>\"'()\[\],;:]+\w", re.IGNORECASE)
_ON: Final = re.compile(rf"^\W{{0,3}}(?:(?:{_any(phrases.ON)})\s|[在於于])", re.IGNORECASE)
_FIRST_DATE: Final = 48
_ENDS: Final = re.compile(r"[:：]\W{0,4}$")
_ADDRESS_LAST: Final = re.compile(r"@[^\s<>]+>?\)?\W{0,3}$")

_ORIGINAL_WORDS: Final = re.compile(
    rf"^[\W_]*(?:{_any(phrases.ORIGINAL)})(?![^\W\d_])", re.IGNORECASE
)
_BARE_ORIGINAL: Final = re.compile(
    r"^[-_=]{3,}\s*(?:original|forward(?:ed)?|replied message|reply|quote)\s*[-_=]{3,}$",
    re.IGNORECASE,
)
_DASHED: Final = re.compile(r"^[\W_]*[-_=*]{2,}[^\n]{3,90}$")
_ABOVE: Final = re.compile(rf"(?:{_any(phrases.REPLY_ABOVE)})", re.IGNORECASE)

_LABEL_OF: Final = {word: kind for kind, words in phrases.LABELS.items() for word in words}
_LABEL: Final = re.compile(r"^[ \t>|*_]{0,8}([^\W\d_][^:：\n]{0,24}?)[ \t*_]*[:：][ \t*_]*(.*)$")

# Scripts without spaces may stand right before the word; alphabets may not.
_NO_LETTER: Final = "(?<![A-Za-z\u00c0-\u024f\u0370-\u052f])"
_SENT: Final = re.compile(rf"{_NO_LETTER}(?:{_any(phrases.SENT)})", re.IGNORECASE)
_DEVICE: Final = re.compile(rf"{_NO_LETTER}(?:{_any(phrases.DEVICE)})", re.IGNORECASE)
_WITH: Final = re.compile(
    r"^[\s:]*(?:from|with|via|using|by|through|on|von|vom|mit|über|aus|depuis|avec|à partir|de|"
    r"du|par|desde|con|dal|da|do|a partir|com|pelo|vanaf|van|met|från|med|fra|via|z|ze|s|pomocí|"
    r"с|со|из|з|із|от|via|din|de pe|cu|από|το|từ)(?!\w)",
    re.IGNORECASE,
)
_FROM_MY: Final = re.compile(
    r"^\W*(?:\w+\s){0,2}from (?:my |a |mobile)(?:\s?(?:mobile|i?phone|ipad|android|cell|"
    r"blackberry|tablet)\b.{0,15})?\W*$|^\W*sent from (?:my|a|an) \S",
    re.IGNORECASE,
)
_GET_OUTLOOK: Final = re.compile(r"\boutlook\b.{0,40}\b(?:ios|android|mac)", re.IGNORECASE)
_LINK: Final = re.compile(r"<?https?://[^\s<>()]+>?|<?\baka\.ms/\S+")


def visible(text: str) -> str:
    """`text` without direction marks and zero-width characters, clipped, spaces made plain."""
    return text[:MAX_LINE].translate(_INVISIBLE).replace("\xa0", " ").rstrip()


def unquoted(text: str) -> str:
    """`text` without its quote marks."""
    return QUOTE_MARK.sub("", text)


def classify(lines: Sequence[Line]) -> list[Kind]:
    """The kind of every line; a marker that spans lines gives all of them its kind."""
    texts = [visible(line.text) for line in lines]
    kinds = _single_lines(texts)
    _mark_hints(lines, kinds)
    _mark_header_blocks(texts, kinds)
    _mark_attributions(texts, kinds)
    return kinds


def _single_lines(texts: Sequence[str]) -> list[Kind]:
    kinds: list[Kind] = []
    fences = [index for index, text in enumerate(texts) if _FENCE.match(text)]
    if len(fences) % 2:  # an unclosed fence would hide the rest of the mail
        fences.pop()
    inside = False
    for index, text in enumerate(texts):
        if fences and index == fences[0]:
            fences.pop(0)
            inside = not inside
            kinds.append(Kind.CODE)
        else:
            kinds.append(Kind.CODE if inside else _kind_of(text))
    return kinds


def _kind_of(text: str) -> Kind:
    bare = text.strip()
    if not bare:
        return Kind.EMPTY
    if QUOTE_MARK.match(text):
        return Kind.QUOTE
    if _DELIMITER.match(text):
        return Kind.DELIMITER
    if _RULE.match(text):
        return Kind.RULE
    if is_original(bare):
        return Kind.ORIGINAL
    return Kind.MOBILE if is_mobile_signature(bare) else Kind.TEXT


def is_original(text: str) -> bool:
    """Whether the line announces that older or forwarded mail follows."""
    if len(text) > 160:
        return False
    if _ABOVE.search(text) or _BARE_ORIGINAL.match(text):
        return True
    found = _ORIGINAL_WORDS.match(text)
    if found is None:
        return False
    rest = text[found.end() :].strip()
    return bool(_DASHED.match(text)) or rest in {":", "："} or (not rest and text[:1] in "-_*=[")


def is_mobile_signature(text: str) -> bool:
    """Whether the line is what a phone or program adds by itself ("Sent from my phone")."""
    plain = _LINK.sub(" ", text)
    words = len(plain.split())
    if len(plain) > 110 or words > 16 or plain.endswith("?"):
        return False
    if words <= 8 and (_FROM_MY.match(plain) or _GET_OUTLOOK.search(plain)):
        return True
    if _FROM_MY.match(plain):
        return True
    sent = _SENT.search(plain)
    if sent is None or not _DEVICE.search(plain):
        return False
    before, after = plain[: sent.start()].split(), plain[sent.end() :]
    first = len(before) <= 1 or (len(before) <= 4 and words <= 8)
    if first and (_WITH.match(after) or words <= 4):
        return True
    last = len(after.strip(" .!)>]")) <= 2
    return last and (words <= 6 or bool(_WITH.search(plain)) or _PASSIVE.match(plain) is not None)


_PASSIVE: Final = re.compile(
    r"^\W*(?:diese (?:nachricht|e-mail|mail)|this (?:message|e-?mail)|dit bericht|"
    r"ce (?:message|mail|courriel)|este (?:mensaje|correo|e-mail)|esta mensagem|questo messaggio)",
    re.IGNORECASE,
)


def _mark_hints(lines: Sequence[Line], kinds: list[Kind]) -> None:
    for index, line in enumerate(lines):
        if line.hint == CUT and kinds[index] is not Kind.QUOTE:
            kinds[index] = Kind.ORIGINAL
        elif line.hint == ATTRIBUTION and kinds[index] in {Kind.TEXT, Kind.ORIGINAL}:
            kinds[index] = Kind.ATTRIBUTION


def label(text: str) -> tuple[str, str]:
    """(kind, value) of a header line such as `Gesendet: Montag`; ('', '') for other lines."""
    found = _LABEL.match(text)
    if found is None:
        return "", ""
    return _LABEL_OF.get(found.group(1).strip().casefold(), ""), found.group(2)


def _mark_header_blocks(texts: Sequence[str], kinds: list[Kind]) -> None:
    index = 0
    while index < len(texts):
        length = 0
        if kinds[index] is Kind.TEXT:
            length = header_block(texts[index : index + MAX_BLOCK])
        for offset in range(length):
            kinds[index + offset] = Kind.HEADER
        index += max(length, 1)


def header_block(texts: Sequence[str]) -> int:
    """How many lines from the first on are a quoted header block; 0 where they are none."""
    seen: set[str] = set()
    values: list[str] = []
    last = gap = 0
    for index, text in enumerate(texts):
        kind, value = label(text)
        if kind:
            seen.add(kind)
            values.append(value)
            last, gap = index + 1, 0
            continue
        if index == 0:
            return 0
        gap += 1
        # One blank line between fields (HTML paragraphs), or up to three folded value lines.
        if gap > (1 if not text.strip() else 3) or (text.strip() and not _folded(texts, index)):
            break
        values.append(text)
    if len(seen) < 2 or not seen & {"from", "sent", "date"} or seen <= {"from", "to", "other"}:
        return 0
    return last if _looks_mailed(seen, " ".join(values)) else 0


def _folded(texts: Sequence[str], index: int) -> bool:
    # A continuation of a long To: or Subject: line; another label must still follow.
    ahead = texts[index + 1 : index + 4]
    before = texts[index - 1].strip() if index else ""
    return bool(before) and any(label(text)[0] for text in ahead)


def _looks_mailed(seen: set[str], values: str) -> bool:
    # "From: Berlin / To: Munich / Date: 5 May" is a travel request, no quoted mail; neither is
    # "Subject: new laptop / Date: 5 May / To: Dana".
    if "from" not in seen and not _ADDRESS.search(values):
        return False
    if _ADDRESS.search(values) or ("subject" in seen and len(seen) >= 3):
        return True
    return bool("subject" in seen and _WHEN.search(values)) or ("sent" in seen and "from" in seen)


def _mark_attributions(texts: Sequence[str], kinds: list[Kind]) -> None:
    for index in range(len(texts)):
        if _closes_address(texts, kinds, index):
            kinds[index] = Kind.TEXT
    for index, text in enumerate(texts):
        if kinds[index] is not Kind.TEXT:
            continue
        weak = _next_is_quote(kinds, index)
        if not (_ENDS.search(text) or _WROTE.search(text) or weak):
            continue
        start = attribution_start(texts, kinds, index, before_quote=weak)
        if start is not None:
            for one in range(start, index + 1):
                kinds[one] = Kind.ATTRIBUTION


def _closes_address(texts: Sequence[str], kinds: Sequence[Kind], index: int) -> bool:
    # The ">" of an address that was broken over lines ("<", "jo@example.org", "> wrote:").
    if kinds[index] is not Kind.QUOTE or index == 0 or kinds[index - 1] is not Kind.TEXT:
        return False
    above = " ".join(texts[max(index - 3, 0) : index])
    opens = above.count("<") > above.count(">")
    return opens and len(texts[index]) < 60 and bool(_ENDS.search(texts[index]))


def _next_is_quote(kinds: Sequence[Kind], index: int) -> bool:
    for kind in kinds[index + 1 : index + 4]:
        if kind is not Kind.EMPTY:
            return kind is Kind.QUOTE
    return False


def attribution_start(
    texts: Sequence[str], kinds: Sequence[Kind], end: int, *, before_quote: bool
) -> int | None:
    """The first line of the attribution that ends in line `end`, or None where none does."""
    fallback: int | None = None
    for start in range(end, max(end - MAX_WINDOW, -1), -1):
        if kinds[start] not in {Kind.TEXT, Kind.EMPTY}:
            break
        if kinds[start] is Kind.EMPTY:
            if end - start > 1 and not _open_address(texts[start + 1]):
                break
            continue
        joined = _SPACES.sub(" ", " ".join(texts[start : end + 1])).strip()
        if not is_attribution(joined, before_quote=before_quote):
            continue
        if _starts_dated(texts[start]):
            return start
        if fallback is None and not _continues(texts, start):
            fallback = start
    return fallback


def _open_address(text: str) -> bool:
    return text.lstrip()[:1] in {"<", "("} or text.lstrip().startswith("mailto:")


def _continues(texts: Sequence[str], start: int) -> bool:
    return start > 0 and texts[start - 1].rstrip()[-1:] in {"<", "(", '"', ","}


def _starts_dated(text: str) -> bool:
    head = unquoted(text).strip(" \t*_-")[:_FIRST_DATE]
    if head[:1].isdigit():
        return bool(_WHEN.search(head) or _DAY.match(head))
    return bool((_ON.match(head) or _WEEKDAY.match(head)) and _DAY.search(head))


_WEEKDAY: Final = re.compile(r"^\W{0,3}[^\W\d_]{1,12}[.,]{0,2}\s\W?(?:[^\W\d_]{1,12}[.,]?\s)?\d")


def is_attribution(text: str, *, before_quote: bool = False) -> bool:
    """Whether the (joined) line says who wrote what follows.

    `before_quote`: a line with a quote mark comes next, so less evidence will do.
    """
    if len(text) > MAX_LINE:
        return False
    text = text.strip(" *_-")
    wrote = _WROTE.search(text)
    address = _ADDRESS.search(text)
    when = _WHEN.search(text)
    dated = _starts_dated(text)
    closes = bool(_ENDS.search(text))
    words = len(text.split())
    if not closes and wrote and text.rstrip(" -*_>").endswith(wrote.group()) and dated:
        return True
    if not closes:
        return bool(before_quote and dated and when and (wrote or _ADDRESS_LAST.search(text)))
    if wrote:
        if address and (when or words <= 12 or before_quote):
            return True
        if dated and when and words <= 24:
            return True
        if (
            words <= 10 and len(_WHEN.findall(text, wrote.end())) >= 2
        ):  # "Jo wrote on <date, time>:"
            return True
        return before_quote and words <= 8
    if dated and when and address:
        return True
    return bool(before_quote and address and words <= (20 if when else 8))
