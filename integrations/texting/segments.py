"""How many messages a text is billed as, and how a long one is cut. Pure.

GSM-7: 160 septets in one, 153 each when joined; some characters cost two. Any other character
switches the whole text to UCS-2: 70 units in one, 67 each when joined. The page counts the same
way (`static/js/segments.js`); `tests/channels/sms/test_segments.py` holds both to one table.
"""

from dataclasses import dataclass
from typing import Final

LIMIT: Final = 1600  # characters a provider takes in one call
GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_DOUBLE: Final = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True, slots=True)
class Count:
    """`units` of the encoding (gsm or ucs2) and the `segments` they need."""

    encoding: str
    units: int
    segments: int


def count(text: str) -> Count:
    """How `text` will be sent and billed."""
    if all(one in GSM or one in GSM_DOUBLE for one in text):
        costs = [2 if one in GSM_DOUBLE else 1 for one in text]
        return Count("gsm", sum(costs), _segments(costs, 160, 153))
    costs = [2 if ord(one) > 0xFFFF else 1 for one in text]
    return Count("ucs2", sum(costs), _segments(costs, 70, 67))


def _segments(costs: list[int], single: int, joined: int) -> int:
    if sum(costs) <= single:
        return 1
    used, segments = 0, 1
    for cost in costs:
        # A character of two units is never torn apart between two segments.
        if used + cost > joined:
            segments, used = segments + 1, 0
        used += cost
    return segments


def split(text: str, limit: int = LIMIT) -> list[str]:
    """`text` in parts of at most `limit` UTF-16 units, cut between words where that is possible."""
    parts: list[str] = []
    rest = text.strip()
    while _length(rest) > limit:
        end = _fitting(rest, limit)
        gap = max(rest.rfind(" ", 0, end + 1), rest.rfind("\n", 0, end + 1))
        cut = gap if gap > limit // 2 else end
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest or not parts else parts


def _length(text: str) -> int:
    return sum(2 if ord(one) > 0xFFFF else 1 for one in text)


def _fitting(text: str, limit: int) -> int:
    used = 0
    for position, one in enumerate(text):
        used += 2 if ord(one) > 0xFFFF else 1
        if used > limit:
            return position
    return len(text)
