"""Small files for demo tickets, made on the spot: logs as text, screenshots as PNG."""

from __future__ import annotations

import struct
import zlib
from datetime import datetime, timedelta
from random import Random

from omnidesk.demo.types import DemoAttachment

_Rgb = tuple[int, int, int]
_WIDTH, _HEIGHT = 240, 140
_LOG_LINES = (
    "INFO  tunnel up, gateway vpn1, mtu 1452",
    "INFO  rekey ok",
    "WARN  no answer to keepalive, try 1 of 3",
    "WARN  no answer to keepalive, try 3 of 3",
    "ERROR tunnel down, reason 4 (peer not reachable)",
    "INFO  reconnect in 8 s",
)
_CRASH_LINES = (
    "Exception code     0xC0000005",
    "Faulting module    renderer.dll, version 31.0.15.4",
    "Memory in use      14.2 GB of 31.8 GB",
    "Open documents     3",
    "Last action        open assembly",
)


def attachment(name: str, *, rng: Random, at: datetime, device: str) -> DemoAttachment:
    """The file of that name: `*.png` is a drawn window, anything else a short text."""
    if name.endswith(".png"):
        return DemoAttachment(name, "image/png", _window(rng))
    lines = _LOG_LINES if name.endswith(".log") else _CRASH_LINES
    return DemoAttachment(name, "text/plain", _text(lines, rng=rng, at=at, device=device))


def _text(lines: tuple[str, ...], *, rng: Random, at: datetime, device: str) -> bytes:
    moment = at - timedelta(minutes=rng.randint(20, 90))
    rows = [f"# device {device}"]
    for _ in range(rng.randint(2, 4)):
        for line in lines:
            rows.append(f"{moment:%Y-%m-%d %H:%M:%S} {line}")
            moment += timedelta(seconds=rng.randint(1, 140))
    return ("\n".join(rows) + "\n").encode()


def _window(rng: Random) -> bytes:
    """An error window: title bar, a red disc, lines where text would be, one button."""
    wall: _Rgb = rng.choice([(214, 222, 235), (222, 229, 220), (228, 222, 232)])
    rows = [[wall] * _WIDTH for _ in range(_HEIGHT)]
    _fill(rows, (24, 20, 216, 120), (250, 250, 251))
    _fill(rows, (24, 20, 216, 36), (58, 74, 112))
    for y in range(50, 75):
        for x in range(38, 63):
            if (x - 50) ** 2 + (y - 62) ** 2 <= 144:
                rows[y][x] = (200, 48, 44)
    for line in range(4):
        end = rng.randint(130, 204)
        _fill(rows, (76, 50 + line * 10, end, 54 + line * 10), (150, 154, 162))
    _fill(rows, (160, 98, 206, 112), (58, 98, 196))
    return _png(rows)


def _fill(rows: list[list[_Rgb]], box: tuple[int, int, int, int], colour: _Rgb) -> None:
    left, top, right, bottom = box
    for y in range(top, bottom):
        rows[y][left:right] = [colour] * (right - left)


def _png(rows: list[list[_Rgb]]) -> bytes:
    """Encode 8-bit RGB rows as PNG."""
    raw = b"".join(b"\0" + bytes(part for pixel in row for part in pixel) for row in rows)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(raw, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
