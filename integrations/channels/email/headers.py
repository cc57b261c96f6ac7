"""Reading header fields: encoded words, addresses, message ids, dates, file names."""

import binascii
import re
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from functools import partial
from inspect import signature
from itertools import islice
from typing import Final
from urllib.parse import unquote_to_bytes

from integrations.base import EmailAddress
from integrations.channels.email.charsets import decode
from integrations.channels.email.mime import decode_base64

MAX_VALUE: Final = 64_000
MAX_ADDRESSES: Final = 500
MAX_FIELDS: Final = 200  # of one mail, and characters of each, that rules look at
MAX_FIELD: Final = 1_000
_ENCODED_WORD: Final = re.compile(r"=\?([^?\s=]{1,60})\?([bBqQ])\?([^?]*)\?=")
_FOLD: Final = re.compile(r"\r?\n[ \t]*")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{1,500})>")
_DMARC: Final = re.compile(r"(?:^|[\s;])dmarc\s*=\s*pass\b", re.IGNORECASE)
_EMAIL: Final = re.compile(r"[^\s<>\"'(),;:\[\]]{1,200}@[^\s<>\"'(),;:\[\]]{1,200}")


# Strict parsing (new in later micro releases) drops the whole field at the first oddity.
_ADDRESS_PAIRS: Final = (
    partial(getaddresses, strict=False)
    if "strict" in signature(getaddresses).parameters
    else getaddresses
)


def raw_values(headers: Message, name: str) -> list[str]:
    """All values of a field, undecoded, 8-bit bytes read as UTF-8 or Windows-1252."""
    wanted = name.lower()
    return [
        _as_text(str(value))[:MAX_VALUE]
        for key, value in headers.raw_items()
        if key.lower() == wanted
    ]


def first(headers: Message, name: str) -> str:
    """The first value of a field, decoded, on one line; '' where it is missing."""
    values = raw_values(headers, name)
    return decode_words(values[0]) if values else ""


def decode_words(value: str) -> str:
    """RFC 2047 text of a header value; characters split over two words are joined first."""
    value = _FOLD.sub(" ", value[:MAX_VALUE])
    out: list[str] = []
    pending = b""
    pending_charset = ""
    position = 0
    for word in _ENCODED_WORD.finditer(value):
        between = value[position : word.start()]
        charset = word.group(1).split("*", 1)[0].lower()
        adjacent = bool(pending_charset) and not between.strip()
        if pending_charset and not (adjacent and charset == pending_charset):
            out.append(decode(pending, pending_charset))
            pending = b""
        if not adjacent:
            out.append(between)
        pending += _word_bytes(word.group(2), word.group(3))
        pending_charset = charset
        position = word.end()
    if pending_charset:
        out.append(decode(pending, pending_charset))
    out.append(value[position:])
    return _CONTROLS.sub(" ", "".join(out))


def all_fields(headers: Message) -> tuple[tuple[str, str], ...]:
    """The header fields as (name in lower case, decoded value), bounded in number and length."""
    return tuple(
        (str(name).lower()[:80], decode_words(_as_text(str(value))[:MAX_FIELD]).strip())
        for name, value in islice(headers.raw_items(), MAX_FIELDS)
    )


def subject(headers: Message) -> str:
    """The decoded subject; '' where it is missing."""
    return first(headers, "Subject").lstrip()


def addresses(headers: Message, *names: str) -> tuple[EmailAddress, ...]:
    """All mailboxes of the named fields; groups are opened, empty entries dropped."""
    found: list[EmailAddress] = []
    for name in names:
        for value in raw_values(headers, name):
            found.extend(parse_addresses(value))
    return tuple(found[:MAX_ADDRESSES])


def parse_addresses(value: str) -> list[EmailAddress]:
    """Mailboxes of one header value, however odd its form."""
    value = _CONTROLS.sub(" ", _FOLD.sub(" ", value[:MAX_VALUE]))
    try:
        pairs = _ADDRESS_PAIRS([value])
    except (ValueError, IndexError, RecursionError):
        pairs = []
    out = [_mailbox(name, email) for name, email in pairs[:MAX_ADDRESSES]]
    out = [box for box in out if box.email]
    if out:
        return out
    words = decode_words(value).strip()
    loose = _EMAIL.findall(words[:2000])
    if loose:
        return [EmailAddress(email=email.strip(".").lower()) for email in loose[:MAX_ADDRESSES]]
    return []


def sender(headers: Message) -> EmailAddress:
    """From, or Sender, or Reply-To, or the envelope's Return-Path; empty where none is there."""
    for name in ("From", "Sender", "Reply-To", "Return-Path"):
        found = addresses(headers, name)
        if found:
            return found[0]
    return EmailAddress(name=first(headers, "From").strip("<> \"'")[:200])


def message_ids(headers: Message, name: str) -> tuple[str, ...]:
    """Message ids of a field without angle brackets, in order, each once."""
    seen: dict[str, None] = {}
    for value in raw_values(headers, name):
        ids = _MESSAGE_ID.findall(_FOLD.sub("", value)) or _MESSAGE_ID.findall(value)
        if not ids:
            ids = [word for word in value.split() if "@" in word and len(word) <= 500]
        seen.update(dict.fromkeys(one.strip("<>,;") for one in ids))
    return tuple(seen)


def vouchers(headers: Message) -> tuple[str, ...]:
    """Names of the servers whose Authentication-Results (RFC 8601) say `dmarc=pass`."""
    found: dict[str, None] = {}
    for value in raw_values(headers, "Authentication-Results")[:20]:
        server, _, results = _FOLD.sub(" ", value).partition(";")
        if _DMARC.search(results) and server.split():
            found[server.split()[0].lower()] = None
    return tuple(found)


def date(headers: Message) -> datetime | None:
    """The Date field as an aware datetime, or None where it makes no sense."""
    for value in raw_values(headers, "Date")[:1]:
        try:
            when = parsedate_to_datetime(value[:200])
            return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return None


def file_name(headers: Message) -> str:
    """The file name of a part (RFC 2231, RFC 2047 and plain 8-bit forms); '' where none."""
    for field, key in (("Content-Disposition", "filename"), ("Content-Type", "name")):
        for value in raw_values(headers, field)[:1]:
            name = _parameter(_parameters(value), key)
            if name:
                return name
    return ""


def _parameters(value: str) -> list[tuple[str, str]]:
    """`key=value` pairs behind the first `;`, quotes undone, in order. Linear scan."""
    value = _FOLD.sub(" ", value)
    pieces: list[str] = []
    start, quoted, escaped = 0, False, False
    for index, char in enumerate(value):
        if escaped:
            escaped = False
        elif char == "\\" and quoted:
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            pieces.append(value[start:index])
            start = index + 1
    pieces.append(value[start:])
    pairs: list[tuple[str, str]] = []
    for piece in pieces[1:]:
        key, equals, text = piece.partition("=")
        if equals:
            pairs.append((key.strip().lower(), _unquote(text.strip())))
        elif pairs and piece.strip():  # an unquoted name with a semicolon in it
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]};{piece}")
    return pairs


def _parameter(pairs: list[tuple[str, str]], key: str) -> str:
    for name, value in pairs:
        if name == f"{key}*":
            return _safe_name(_extended(value))
    sections = sorted(
        (int(number), name.endswith("*"), value)
        for name, value in pairs
        if name.startswith(f"{key}*")
        for number in [name[len(key) + 1 :].rstrip("*")]
        if number.isascii() and number.isdigit() and len(number) < 5
    )
    if sections:
        return _safe_name(_joined_sections(sections))
    for name, value in pairs:
        if name == key:
            return _safe_name(decode_words(value))
    return ""


def _joined_sections(sections: list[tuple[int, bool, str]]) -> str:
    charset, data = "", b""
    for position, (_, encoded, value) in enumerate(sections):
        if encoded and position == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        data += unquote_to_bytes(value) if encoded else value.encode("utf-8", "surrogateescape")
    text = decode(data, charset or "utf-8")
    return decode_words(text) if "=?" in text else text


def _extended(value: str) -> str:
    charset = "utf-8"
    if value.count("'") >= 2:
        charset, _, value = value.split("'", 2)
    return decode(unquote_to_bytes(value), charset or "utf-8")


def _safe_name(name: str) -> str:
    # A path in a file name is either a mistake or an attack: only its last piece counts.
    name = _CONTROLS.sub("", name).replace("\\", "/").rsplit("/", 1)[-1].strip()
    return "" if name in {".", ".."} else name[:200]


def _unquote(text: str) -> str:
    if text[:1] != '"':
        return text
    text = text[1:]
    end = re.search(r'(?<!\\)"', text)
    text = text[: end.start()] if end else text
    # Only quotes and backslashes: old Windows programs send whole paths unescaped.
    return re.sub(r'\\(["\\])', r"\1", text)


def _mailbox(name: str, email: str) -> EmailAddress:
    email = decode_words(email).strip().strip("<>'\"")
    name = decode_words(name).strip().strip("'\"").strip()
    if "@" not in email or any(char.isspace() for char in email) or len(email) > 320:
        loose = _EMAIL.search(f"{email[:400]} {name[:400]}")
        if loose is None:
            return EmailAddress()
        email = loose.group()
    local, _, domain = email.rpartition("@")
    return EmailAddress(name=name[:200], email=f"{local}@{domain.lower()}")


def _word_bytes(kind: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "surrogateescape")
    if kind in "bB":
        return decode_base64(data)
    return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)


def _as_text(value: str) -> str:
    try:
        value.encode("ascii")
    except UnicodeEncodeError:
        return decode(value.encode("utf-8", "surrogateescape"))
    return value
