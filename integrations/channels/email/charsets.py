"""Bytes to text for mail: whatever the charset label says, and whatever it got wrong."""

import codecs
import re
from typing import Final

_ALIASES: Final = {
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "x-windows-949": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "iso-2022-jp": "iso2022_jp_2004",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "windows-874": "cp874",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "unicode": "utf-16",
    "cp-1252": "cp1252",
    "ansi": "cp1252",
}
# Labels that in practice mean "some Windows or Unix default": the bytes decide.
_WESTERN: Final = {"us-ascii", "ascii", "iso-8859-1", "latin1", "latin-1", "iso8859-1", "8bit", ""}
_ISO_2022_JP: Final = ("iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_ext", "iso2022_jp_3")
# Python codecs that are no mail charsets; some of them take quadratic time.
_REFUSED: Final = {
    "idna",
    "punycode",
    "unicode_escape",
    "raw_unicode_escape",
    "undefined",
    "mbcs",
    "oem",
}
_DAMAGE: Final = "\ufffd"
_SAMPLE: Final = 20_000
_LABEL_NOISE: Final = re.compile(r"[\s\"'<>;,]+")


def codec_for(label: str) -> str | None:
    """The Python codec for a charset label of a mail, or None if nobody knows it."""
    name = _LABEL_NOISE.sub("", label[:60]).split("*", 1)[0].lower()
    name = _ALIASES.get(name, name)
    if not name.isascii() or "\0" in name:
        return None
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        try:
            info = codecs.lookup(name.removeprefix("x-").replace("windows-", "cp"))
        except (LookupError, ValueError):
            return None
    normal = info.name.replace("-", "_")
    if normal in _REFUSED or not getattr(info, "_is_text_encoding", True):
        return None
    return info.name


def decode(data: bytes, label: str = "") -> str:
    """Text of `data`; tries the label, then UTF-8, then Windows-1252. Never raises."""
    key = _LABEL_NOISE.sub("", label[:60]).lower()
    if key in _WESTERN:
        return _decode_western(data)
    codec = codec_for(label)
    if codec is None:
        return _decode_western(data)
    candidates = _ISO_2022_JP if codec.startswith("iso2022_jp") else (codec,)
    for candidate in (*candidates, "utf-8"):
        try:
            return _clean(data.decode(candidate))
        except (UnicodeError, ValueError):
            continue
    try:
        text = data.decode(candidates[0], "replace")
    except (UnicodeError, ValueError):
        return _decode_western(data)
    # More damage than sense: the label is wrong, not the text.
    good = sum(char > "\x7f" and char != _DAMAGE for char in text[:_SAMPLE])
    return _decode_western(data) if text[:_SAMPLE].count(_DAMAGE) > good else _clean(text)


def _decode_western(data: bytes) -> str:
    # An ASCII or Latin-1 label over valid multi-byte UTF-8 is always a wrong label.
    if b"\x1b$" in data or b"\x1b(" in data:
        for codec in _ISO_2022_JP:
            try:
                return _clean(data.decode(codec))
            except (UnicodeError, ValueError):
                continue
    for codec in ("utf-8-sig", "cp1252"):
        try:
            return _clean(data.decode(codec))
        except UnicodeError:
            continue
    return _clean(data.decode("latin-1"))


def _clean(text: str) -> str:
    # PostgreSQL refuses NUL, and lone surrogates cannot be written out as UTF-8.
    text = text.removeprefix("\ufeff").replace("\0", "")
    return text.encode("utf-8", "replace").decode("utf-8") if _has_surrogate(text) else text


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
