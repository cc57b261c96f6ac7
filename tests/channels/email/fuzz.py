"""Mutated mails, each made anew from its number, so that a failure can be repeated.

`python -m tests.channels.email.fuzz COUNT [FIRST [PARTS]]` reads COUNT of them in PARTS processes,
says every some seconds how far it is, and ends with 1 if one was not read whole or took more than a
second of CPU. What it has said stands, should it be ended early.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import Pool
from typing import Final

from integrations.base import InboundMessage
from integrations.channels.email.parse import parse
from tests.channels.email.build import FIXTURES, fixture, mail, multipart, part

LONGEST_CPU_SECONDS: Final = 1.0
PIECE: Final = 200
SAY_SECONDS: Final = 10.0
LONGEST_MAIL: Final = 200_000  # bytes; larger ones say nothing that these do not
TOKENS: Final = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\x00", b"\xff\xfe", b"--cut", b"--cut--", b"=?utf-8?B?",
    b"=?utf-8?Q?=C3?=", b"?=", b"=", b"=\r\n", b"<", b">", b'"', b"(", b")", b";", b",", b":",
    b"> ", b">>>>", b"On Monday, Dana wrote:", b"Am 1. Mai schrieb Dana:", b"-- \r\n", b"\xe4",
    b"\x1b$B", b"boundary=", b"charset=utf-7", b"charset=iso-2022-jp", b"base64",
    b"quoted-printable", b"message/rfc822", b"multipart/alternative", b"text/html",
    b"<blockquote>", b"<style>", b"&#0;", b"&#x110000;", b"<div class=gmail_quote>", b"0" * 300,
    b"A" * 2000, b"Content-Type: ", b"From: ", b"References: ", b"filename*0*=",
)  # fmt: skip


def seeds() -> list[bytes]:
    """Mails of every shape that the reader knows."""
    html = '<p>It works.</p><blockquote type="cite">Restart <b>it</b></blockquote>'
    return [
        *(fixture(path.name) for path in sorted(FIXTURES.glob("*.eml"))),
        mail("Hello\n\nOn Monday, Desk <desk@example.com> wrote:\n> Restart it.\n> Then call.\n"),
        mail("Thanks =C3=A4=\r\nbc", content_transfer_encoding="quoted-printable"),
        mail("SGVsbG8=", content_transfer_encoding="base64", subject="=?utf-8?B?w6Q=?= b"),
        mail(b"\x1b$B$3$l\x1b(B", content_type="text/plain; charset=iso-2022-jp"),
        mail(html, content_type="text/html; charset=utf-8"),
        multipart(part("text/plain", "It works."), part("text/html", html), kind="alternative"),
        multipart(
            part("text/plain", "See the file."),
            part("application/pdf", "JVBERi0=", Content_Transfer_Encoding="base64",
                 Content_Disposition="attachment; filename*=utf-8''a%C3%A4.pdf"),
            part("message/rfc822", mail("older")),
        ),
        multipart(
            part("text/plain", "Out of office until May."),
            auto_submitted="auto-replied", references="<a@x> <b@x>", in_reply_to="<b@x>",
        ),
    ]  # fmt: skip


def _spot(choose: random.Random, raw: bytes) -> int:
    return choose.randrange(len(raw) + 1)


def _flip(choose: random.Random, raw: bytes) -> bytes:
    spot = _spot(choose, raw)
    return raw[:spot] + bytes([choose.randrange(256)]) + raw[spot + 1 :]


def _insert(choose: random.Random, raw: bytes) -> bytes:
    spot = _spot(choose, raw)
    return raw[:spot] + choose.choice(TOKENS) * choose.choice((1, 1, 1, 50)) + raw[spot:]


def _drop(choose: random.Random, raw: bytes) -> bytes:
    spot = _spot(choose, raw)
    return raw[:spot] + raw[spot + choose.choice((1, 10, 200)) :]


def _repeat(choose: random.Random, raw: bytes) -> bytes:
    start = _spot(choose, raw)
    piece = raw[start : start + choose.choice((5, 80, 400))]
    return raw[:start] + piece * choose.choice((2, 3, 40)) + raw[start:]


def _cut(choose: random.Random, raw: bytes) -> bytes:
    return raw[: _spot(choose, raw)]


def _swap_lines(choose: random.Random, raw: bytes) -> bytes:
    lines = raw.split(b"\r\n")
    first, second = choose.randrange(len(lines)), choose.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"\r\n".join(lines)


MUTATIONS: Final[tuple[Callable[[random.Random, bytes], bytes], ...]] = (
    _flip, _insert, _insert, _drop, _repeat, _cut, _swap_lines,
)  # fmt: skip
_SEEDS: Final = seeds()


def mutated(number: int) -> bytes:
    """Mutated mail `number`: always the same bytes for the same number."""
    choose = random.Random(number)
    raw = choose.choice(_SEEDS)
    for _ in range(choose.choice((1, 2, 4, 8, 20))):
        raw = choose.choice(MUTATIONS)(choose, raw)[:LONGEST_MAIL]
    return raw


def loss(raw: bytes, got: InboundMessage) -> str:
    """What is wrong with the reading of a mail, '' if nothing is."""
    if got.error:
        return got.error
    if not got.external_id:
        return "no id"
    words = (got.subject, got.text, got.reply_text, got.html, *(a.name for a in got.attachments))
    if any("\x00" in text for text in words):
        return "NUL in the text"  # the database would refuse it
    for text in (*words, got.message_id, *got.references, got.sender.email, got.sender.name):
        try:
            text.encode()
        except UnicodeEncodeError:
            return "a lone surrogate"  # so would it
    return ""


@dataclass(slots=True)
class Read:
    """What came of some mails: how many, what was wrong with which, the slowest with its number."""

    count: int = 0
    wrong: list[str] = field(default_factory=list[str])
    slowest: tuple[float, int] = (0.0, 0)

    def add(self, other: "Read") -> None:
        """Both together."""
        self.count += other.count
        self.wrong += other.wrong
        self.slowest = max(self.slowest, other.slowest)

    def __str__(self) -> str:
        seconds, number = self.slowest
        return (
            f"{self.count:,} mails, {len(self.wrong)} not read well; the slowest took "
            f"{seconds * 1000:.0f} ms (mail {number})"
        )


def read_some(numbers: Sequence[int]) -> Read:
    """Read the mails with these numbers."""
    found = Read(len(numbers))
    for number in numbers:
        raw = mutated(number)
        begin = time.process_time()
        wrong = loss(raw, parse(raw))
        spent = time.process_time() - begin
        found.slowest = max(found.slowest, (spent, number))
        if spent > LONGEST_CPU_SECONDS:
            wrong = wrong or f"took {spent:.1f} s"
        if wrong:
            found.wrong.append(f"mail {number}: {wrong}")
    return found


def main(count: int, first: int = 0, parts: int = 1) -> int:
    """Read mails `first` to `first + count`; returns the exit status."""
    numbers = range(first, first + count)
    pieces = [numbers[start : start + PIECE] for start in range(0, count, PIECE)]
    total, began, said = Read(), time.monotonic(), time.monotonic()
    with Pool(parts) as pool:
        for piece in pool.imap_unordered(read_some, pieces):
            total.add(piece)
            sys.stdout.writelines(f"{line}\n" for line in piece.wrong)
            if time.monotonic() - said >= SAY_SECONDS or total.count == count:
                said = time.monotonic()
                rate = total.count / (said - began)
                sys.stdout.write(f"{total} · {rate:.0f} mails/s, {total.count / count:.0%}\n")
                sys.stdout.flush()
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main(*(int(one) for one in sys.argv[1:])))
