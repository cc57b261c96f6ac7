"""winmail.dat: the files and the text inside Microsoft's TNEF wrapping (MS-OXTNEF).

Reads what a mail needs and nothing more: attachments with their long names, and the body where
the mail has no other. Bounded and forgiving: damaged bytes end the reading, never raise.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from integrations.channels.email.charsets import decode

SIGNATURE: Final = b"\x78\x9f\x3e\x22"
MAX_FILES: Final = 100
MAX_PROPERTIES: Final = 2_000
_BODY, _TITLE, _DATA, _PROPS, _RENDER, _FILE_PROPS, _CODEPAGE = (
    0x0002800C, 0x00018010, 0x0006800F, 0x00069003, 0x00069002, 0x00069005, 0x00069007,
)  # fmt: skip
_FIXED: Final = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4,
                 0x000B: 4, 0x0014: 8, 0x0040: 8, 0x0048: 16}  # fmt: skip
_LONG_NAME, _SHORT_NAME, _MIME, _CONTENT = 0x3707, 0x3704, 0x370E, 0x3701
_TEXT, _HTML = 0x1000, 0x1013


@dataclass(slots=True)
class Packed:
    """One file inside."""

    name: str = ""
    content_type: str = ""
    content: bytes = b""


@dataclass(slots=True)
class Unpacked:
    """What was inside; `text` and `html` are '' where they were not."""

    text: str = ""
    html: str = ""
    files: list[Packed] = field(default_factory=list[Packed])


def is_tnef(content: bytes) -> bool:
    """Whether the bytes are TNEF."""
    return content[:4] == SIGNATURE


def unpack(content: bytes) -> Unpacked:
    """Files and text. Never raises."""
    out = Unpacked()
    charset = "cp1252"
    for kind, data in _attributes(content):
        if kind == _RENDER:
            if len(out.files) >= MAX_FILES:
                break
            out.files.append(Packed())
        elif kind == _CODEPAGE and len(data) >= 4:
            charset = f"cp{struct.unpack('<I', data[:4])[0] % 100_000}"
        elif kind == _BODY:
            out.text = _text(data, charset)
        elif kind == _PROPS:
            found = dict(_properties(data, charset))
            out.text = out.text or str(found.get(_TEXT, ""))
            html = found.get(_HTML, "")
            out.html = decode(html, charset) if isinstance(html, bytes) else html
        elif out.files:
            _about_file(out.files[-1], kind, data, charset)
    out.files = [one for one in out.files if one.content]
    return out


def _about_file(file: Packed, kind: int, data: bytes, charset: str) -> None:
    if kind == _TITLE:
        file.name = file.name or _text(data, charset)
    elif kind == _DATA:
        file.content = data
    elif kind == _FILE_PROPS:
        found = dict(_properties(data, charset))
        name = found.get(_LONG_NAME) or found.get(_SHORT_NAME)
        file.name = name if isinstance(name, str) and name else file.name
        mime = found.get(_MIME)
        file.content_type = mime if isinstance(mime, str) else file.content_type
        inner = found.get(_CONTENT)
        if isinstance(inner, bytes) and not file.content:
            file.content = inner


def _text(data: bytes, charset: str) -> str:
    return decode(data, charset).rstrip("\x00").replace("\r\n", "\n").strip()


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """(type and id, data) of each attribute: level, id, length, data, checksum."""
    if not is_tnef(content):
        return
    position = 6
    while position + 9 <= len(content):
        kind, length = struct.unpack_from("<II", content, position + 1)
        start = position + 9
        if start + length > len(content):
            return
        yield kind, content[start : start + length]
        position = start + length + 2


def _properties(data: bytes, charset: str) -> Iterator[tuple[int, str | bytes]]:
    """MAPI properties that are text or bytes; the rest is stepped over."""
    try:
        yield from _read_properties(data, charset)
    except (struct.error, IndexError, OverflowError):
        return


def _read_properties(data: bytes, charset: str) -> Iterator[tuple[int, str | bytes]]:
    count = min(struct.unpack_from("<I", data)[0], MAX_PROPERTIES)
    position = 4
    for _number in range(count):
        kind, name = struct.unpack_from("<HH", data, position)
        position += 4
        if name >= 0x8000:
            position = _over_name(data, position)
        many, base = bool(kind & 0x1000), kind & 0x0FFF
        values = 1
        if many or base in {0x000D, 0x001E, 0x001F, 0x0102}:
            values = min(struct.unpack_from("<I", data, position)[0], MAX_PROPERTIES)
            position += 4
        for _value in range(values):
            if base in _FIXED:
                position += _FIXED[base]
                continue
            size = struct.unpack_from("<I", data, position)[0]
            position += 4
            piece = data[position : position + size]
            position += size + (-size % 4)
            if base == 0x001F:
                yield name, piece.decode("utf-16-le", "replace").rstrip("\x00")
            elif base == 0x001E:
                yield name, _text(piece, charset)
            elif base == 0x0102:
                yield name, piece


def _over_name(data: bytes, position: int) -> int:
    """Behind the GUID and the number or name of a named property."""
    kind = struct.unpack_from("<I", data, position + 16)[0]
    if kind == 0:
        return position + 24
    size = struct.unpack_from("<I", data, position + 20)[0]
    return int(position + 24 + size + (-size % 4))
