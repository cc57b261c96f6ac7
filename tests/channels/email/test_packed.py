"""winmail.dat, invitations, signed and encrypted mail: shown so that a person can read them."""

import random
import struct

import pytest

from integrations.actions.content import opening_of
from integrations.channels.email.calendars import invitations
from integrations.channels.email.parse import parse
from integrations.channels.email.tnef import unpack
from tests.channels.email.build import mail, multipart, part

INVITE = (
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Change window\\, floor 3\r\n"
    "DTSTART;TZID=Europe/Berlin:20261127T143000\r\nDTEND;TZID=Europe/Berlin:20261127T150000\r\n"
    "LOCATION:Room\r\n  7\r\nORGANIZER;CN=Dana:mailto:dana@nordwerk.example\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def attribute(kind: int, data: bytes, level: int = 1) -> bytes:
    return (
        struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
    )


def text_property(name: int, value: str) -> bytes:
    data = value.encode("utf-16-le") + b"\x00\x00"
    return struct.pack("<HHII", 0x001F, name, 1, len(data)) + data + b"\x00" * (-len(data) % 4)


def winmail() -> bytes:
    named = struct.pack("<I", 2) + struct.pack("<HHI", 0x0003, 0x3705, 1)
    named += text_property(0x3707, "Übersicht 2026.pdf")
    body = struct.pack("<I", 1) + text_property(0x1000, "Please look at the file.")
    return (
        b"\x78\x9f\x3e\x22\x01\x00" + attribute(0x00069003, body)
        + attribute(0x00069002, b"\x00" * 14, 2) + attribute(0x00018010, b"UEBERS~1.PDF\x00", 2)
        + attribute(0x0006800F, b"%PDF-1.4", 2) + attribute(0x00069005, named, 2)
    )  # fmt: skip


def test_the_files_and_the_text_in_a_winmail_dat_come_out() -> None:
    raw = multipart(part("application/ms-tnef", winmail(), Content_Disposition="attachment"))
    seen = parse(raw)
    assert [(one.name, one.content) for one in seen.attachments] == [
        ("Übersicht 2026.pdf", b"%PDF-1.4")
    ]
    assert seen.text == "Please look at the file."
    assert seen.error == ""


def test_damaged_winmail_never_raises_and_stays_a_file() -> None:
    whole = winmail()
    chance = random.Random(7)
    for cut in range(0, len(whole), 5):
        unpack(whole[:cut])
    for _ in range(3000):
        broken = bytearray(whole)
        for _change in range(chance.randint(1, 12)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        unpack(bytes(broken))
    raw = multipart(part("application/ms-tnef", whole[:20], Content_Disposition="attachment"))
    assert len(parse(raw).attachments) == 1


def test_an_invitation_is_a_summary_anybody_can_read() -> None:
    raw = multipart(
        part("text/plain", "See you there"), part("text/calendar; method=REQUEST", INVITE),
        kind="alternative",
    )  # fmt: skip
    seen = parse(raw)
    text = opening_of(seen).text
    assert text.startswith("Invitation: Change window, floor 3")
    assert "2026-11-27 14:30 Europe/Berlin – 2026-11-27 15:00 Europe/Berlin" in text
    assert "Room 7" in text
    assert "dana@nordwerk.example" in text
    assert text.endswith("See you there")


@pytest.mark.parametrize(
    ("calendar", "first"),
    [
        (INVITE.replace("REQUEST", "CANCEL"), "Cancelled: Change window"),
        (INVITE.replace("REQUEST", "REPLY"), "Answer to an invitation: Change"),
    ],
)
def test_other_kinds_say_so(calendar: str, first: str) -> None:
    assert opening_of(parse(mail(calendar, content_type="text/calendar"))).text.startswith(first)


@pytest.mark.parametrize(
    "text", ["", "BEGIN:VEVENT", "BEGIN:VEVENT\nDTSTART:99999999T999999Z\nEND:VEVENT",
             "BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 5000, "SUMMARY:" + "x" * 500_000, ":;:\x00" * 999],
)  # fmt: skip
def test_nonsense_calendars_are_survived(text: str) -> None:
    assert len(invitations(text)) <= 10


def test_a_signed_mail_is_read_like_any_other() -> None:
    for kind in ("application/pkcs7-signature", "application/pgp-signature"):
        raw = multipart(
            part("text/plain", "The printer is dead."),
            part(f"{kind}; name=smime.p7s", b"\x30\x80", Content_Disposition="attachment"),
            kind="signed",
        )
        seen = parse(raw)
        assert seen.sealing == "signed"
        assert opening_of(seen).text == "The printer is dead."


@pytest.mark.parametrize(
    "raw",
    [
        multipart(
            part("application/pgp-encrypted", "Version: 1"),
            part("application/octet-stream", "-----BEGIN PGP MESSAGE-----"), kind="encrypted",
        ),
        mail(b"\x30\x80", content_type="application/pkcs7-mime; smime-type=enveloped-data"),
        mail("-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----"),
    ],
)  # fmt: skip
def test_an_encrypted_mail_says_so(raw: bytes) -> None:
    seen = parse(raw)
    assert seen.sealing == "encrypted"
    assert "This mail is encrypted" in opening_of(seen).text
