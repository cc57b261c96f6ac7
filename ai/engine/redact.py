"""Mask personal data and secrets, so that text can leave the house and come back.

Every finding becomes a token such as [EMAIL_1]; the same value gets the same token,
so a model can still tell two addresses apart. `Redacted.restore` puts the values
back. What looks like data is checked (Luhn, mod 97, address syntax) before it is
masked: a ticket is worth little with its serial numbers gone.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# Every pattern starts at a boundary and has bounded repetition, so that a hostile
# megabyte costs a pass over it and no more.
_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])", re.IGNORECASE
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.,:/+-])(?:\+|\(0|00?)[\d ()./-]{6,22}\d(?![\w-])")
_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")
_SPOKEN_SECRET = re.compile(
    r"(?<!\w)(?:password|passwort|kennwort|mot de passe|contraseña|clave|passcode|passphrase|"
    r"pwd|pin|otp|secret|token|api[ _-]?key|access[ _-]?key|client[ _-]?secret)"
    r"(?:[ \t]{1,3}(?:is|was|ist|lautet|est|es))?[ \t]{0,3}[:= ][ \t]{0,3}[\"'`]?"
    r"(?P<value>[^\s\"'`,;<>]{3,200})",
    re.IGNORECASE,
)
_SPOKEN_MARK = re.compile(r"[:=]|(?<!\w)(?:is|was|ist|lautet|est|es)(?!\w)", re.IGNORECASE)
_KNOWN_SECRET = re.compile(
    r"(?<![\w-])(?:sk-[\w-]{16,200}|gh[pousr]_\w{20,200}|github_pat_\w{20,200}|"
    r"glpat-[\w-]{16,100}|xox[abeprs]-[\w-]{10,200}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,60}|"
    r"eyJ[\w-]{8,2000}\.[\w-]{8,2000}\.[\w-]{4,2000}|SG\.[\w-]{16,64}\.[\w-]{16,64}|"
    r"od_[A-Za-z0-9]{20,100})(?![\w-])"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s]{0,20000}"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
_LONG_WORD = re.compile(r"(?<![\w+/=.-])[\w+/=-]{20,200}(?![\w+/=-])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TOKEN = re.compile(r"\[[A-Z]{2,10}_\d{1,6}\]")
# Bits per character: words and paths stay below 3.6, random keys above 4.
SECRET_ENTROPY = 3.8


@dataclass(frozen=True, slots=True)
class Redacted:
    """A masked text; `mapping` (token -> value) stays here and is never sent."""

    text: str
    mapping: dict[str, str] = field(default_factory=dict)

    def restore(self, text: str) -> str:
        """Return `text` (an answer about the masked one) with the values put back."""
        return _TOKEN.sub(lambda m: self.mapping.get(m.group(), m.group()), text)

    def counts(self) -> dict[str, int]:
        """Return how many different values of each kind were masked."""
        return dict(Counter(token[1:].rsplit("_", 1)[0] for token in self.mapping))


def redact(text: str) -> Redacted:
    """Mask e-mail, phone, IBAN, card and IP numbers, passwords, keys and tokens."""
    masker = _Masker(taken=set(_TOKEN.findall(text)))
    for kind, find in _FINDERS:
        text = masker.mask(kind, text, find)
    return Redacted(text, masker.mapping())


def contains_personal_data(text: str) -> bool:
    """Tell whether `redact` would mask anything."""
    return any(next(find(text), None) is not None for _, find in _FINDERS)


Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]


class _Masker:
    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._tokens: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()

    def mask(self, kind: str, text: str, find: Finder) -> str:
        parts: list[str] = []
        end = 0
        for start, stop in find(text):
            if start < end or _TOKEN.fullmatch(text[start:stop]):
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


def _spans(pattern: re.Pattern[str], accept: Callable[[str], bool] = bool) -> Finder:
    def find(text: str) -> Iterator[Span]:
        return (match.span() for match in pattern.finditer(text) if accept(match.group()))

    return find


def _spoken(text: str) -> Iterator[Span]:
    for match in _SPOKEN_SECRET.finditer(text):
        value = match["value"]
        said = _SPOKEN_MARK.search(match.group()[: match.start("value") - match.start()])
        # "password reset" names a topic; "password: reset1" and "password hunter2!" a secret.
        if said or (any(c.isdigit() for c in value) and any(c.isalpha() for c in value)):
            yield match.start("value"), match.start("value") + len(value.rstrip(".!?)"))


def _is_iban(value: str) -> bool:
    compact = value.replace(" ", "")
    if not 15 <= len(compact) <= 34:
        return False
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def _is_card(value: str) -> bool:
    digits = [int(c) for c in value if c.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [d if n % 2 == 0 else d * 2 - 9 * (d > 4) for n, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _is_address(value: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _is_phone(value: str) -> bool:
    digits = sum(c.isdigit() for c in value)
    return 8 <= digits <= 15 and not _DATE.fullmatch(value.strip())


def _is_random(value: str) -> bool:
    if _UUID.fullmatch(value) or "--" in value or "__" in value:
        return False
    kinds = (str.isdigit, str.islower, str.isupper)
    if not all(any(test(c) for c in value) for test in kinds):
        return False
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares) >= SECRET_ENTROPY


_FINDERS: tuple[tuple[str, Finder], ...] = (
    ("SECRET", _spans(_PRIVATE_KEY)),
    ("SECRET", _spans(_KNOWN_SECRET)),
    ("EMAIL", _spans(_EMAIL)),
    ("SECRET", _spoken),
    ("IBAN", _spans(_IBAN, _is_iban)),
    ("CARD", _spans(_CARD, _is_card)),
    ("IP", _spans(_IPV4, _is_address)),
    ("IP", _spans(_IPV6, _is_address)),
    ("PHONE", _spans(_PHONE, _is_phone)),
    ("SECRET", _spans(_LONG_WORD, _is_random)),
)
