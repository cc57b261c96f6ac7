"""Mask personal data and secrets, so that text can leave the house and come back.

Every finding becomes a token such as [EMAIL_1]; the same value gets the same token,
so a model can still tell two addresses apart. `Redacted.restore` puts the values
back. What looks like data is checked (Luhn, mod 97, address syntax) before it is
masked: a ticket is worth little with its serial numbers gone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ai.engine.redact_rules import FINDERS, Finder

# What nobody needs to read again in an answer, whoever asks for it.
GUARDED = frozenset(["SECRET", "CARD", "IBAN", "ID"])
# A part of a name that is masked by itself; shorter ones are words of many languages.
SHORTEST_NAME = 3
_TOKEN = re.compile(r"\[[A-Z]{2,10}_\d{1,6}\]")


@dataclass(frozen=True, slots=True)
class Redacted:
    """A masked text; `mapping` (token -> value) stays here and is never sent."""

    text: str
    mapping: dict[str, str] = field(default_factory=dict)

    def restore(self, text: str, *, hide: Collection[str] = ()) -> str:
        """Return `text` (an answer about the masked one) with the values put back.

        hide: kinds ("SECRET", "CARD") whose tokens stay as they are.
        """

        def value(match: re.Match[str]) -> str:
            token = match.group()
            is_hidden = token[1:].rsplit("_", 1)[0] in hide
            return token if is_hidden else self.mapping.get(token, token)

        return _TOKEN.sub(value, text)

    def counts(self) -> dict[str, int]:
        """Return how many different values of each kind were masked."""
        return dict(Counter(token[1:].rsplit("_", 1)[0] for token in self.mapping))


def redact(text: str) -> Redacted:
    """Mask mail and IP addresses, phone, bank, card and identity numbers, passwords and keys."""
    masker = _Masker(taken=set(_TOKEN.findall(text)))
    for kind, find in FINDERS:
        text = masker.mask(kind, text, find)
    return Redacted(text, masker.mapping())


def without_names(hidden: Redacted, names: Sequence[str]) -> Redacted:
    """Mask the names of people as well; any part of three letters or more."""
    mapping, text = dict(hidden.mapping), hidden.text
    for number, name in enumerate(names, 1):
        parts = [part for part in re.findall(r"\w+", name) if len(part) >= SHORTEST_NAME]
        if not parts:
            continue
        any_part = "|".join(re.escape(part) for part in parts)
        pattern = rf"(?<!\w)(?:{any_part})(?:\s+(?:{any_part}))*(?!\w)"
        text, count = re.subn(pattern, f"[PERSON_{number}]", text, flags=re.IGNORECASE)
        if count:
            mapping[f"[PERSON_{number}]"] = name
    return Redacted(text, mapping)


def apart(hidden: Sequence[Redacted]) -> list[Redacted]:
    """The same masked texts, no token standing for something in two of them.

    For texts that leave together: an answer about one then never names what another one hides.
    """
    taken = {
        token for one in hidden for token in _TOKEN.findall(one.text) if token not in one.mapping
    }
    numbers: Counter[str] = Counter()

    def fresh(token: str) -> str:
        kind = token[1:].rsplit("_", 1)[0]
        while True:
            numbers[kind] += 1
            found = f"[{kind}_{numbers[kind]}]"
            if found not in taken:
                return found

    return [_renamed(one, {token: fresh(token) for token in one.mapping}) for one in hidden]


def _renamed(hidden: Redacted, new: Mapping[str, str]) -> Redacted:
    text = _TOKEN.sub(lambda match: new.get(match.group(), match.group()), hidden.text)
    return Redacted(text, {new[token]: value for token, value in hidden.mapping.items()})


def count_tokens(text: str) -> int:
    """How many different values are masked in `text`."""
    return len(set(_TOKEN.findall(text)))


def contains_personal_data(text: str) -> bool:
    """Tell whether `redact` would mask anything."""
    return any(next(find(text), None) is not None for _, find in FINDERS)


class _Masker:
    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._tokens: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()

    def mask(self, kind: str, text: str, find: Finder) -> str:
        parts: list[str] = []
        end = 0
        for start, stop in find(text):
            if start < end or _TOKEN.match(text, start):
                continue
            parts += [text[end:start], self._token(kind, text[start:stop])]
            end = stop
        return "".join([*parts, text[end:]])

    def mapping(self) -> dict[str, str]:
        return {token: value for (_, value), token in self._tokens.items()}

    def _token(self, kind: str, value: str) -> str:
        token = self._tokens.get((kind, value))
        while token is None:
            self._numbers[kind] += 1
            candidate = f"[{kind}_{self._numbers[kind]}]"
            # A text that already says [EMAIL_1] must come back as it was.
            token = None if candidate in self._taken else candidate
        self._tokens[kind, value] = token
        return token
