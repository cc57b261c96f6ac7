"""Mutated mails, each made anew from its number, so that a failure can be repeated.

`python -m tests.channels.email.fuzz COUNT [FIRST]` reads COUNT of them, shows the progress and
the slowest, and ends with 1 if one was not read whole or took more than a second of CPU.
"""

import random
import sys
import time
from collections.abc import Callable
from typing import Final

from rich.progress import track

from integrations.base import InboundMessage
from integrations.channels.email.parse import parse
from tests.channels.email.build import FIXTURES, fixture, mail, multipart, part

LONGEST_CPU_SECONDS: Final = 1.0
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


def main(count: int, first: int) -> int:
    """Read mails `first` to `first + count`; returns the exit status."""
    slowest, bad = (0.0, first), 0
    for number in track(range(first, first + count), "Reading mutated mails"):
        raw = mutated(number)
        begin = time.process_time()
        wrong = loss(raw, parse(raw))
        spent = time.process_time() - begin
        slowest = max(slowest, (spent, number))
        if spent > LONGEST_CPU_SECONDS:
            wrong = wrong or f"took {spent:.1f} s"
        if wrong:
            bad += 1
            sys.stdout.write(f"mail {number}: {wrong}\n")
    sys.stdout.write(
        f"{count} mails, {bad} not read well; the slowest took {slowest[0] * 1000:.0f} ms "
        f"(mail {slowest[1]})\n"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
