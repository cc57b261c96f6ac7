"""Files become text with places; a file that means harm becomes one word, in good time."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ai.engine.documents import child, sandbox
from ai.engine.documents.cut import MOST_PIECES, cut
from ai.engine.documents.kinds import kind_of
from ai.engine.documents.pieces import CODES, Refused, Section
from tests.ai.engine import document_files as files

SHEETS: dict[str, list[list[str | int]]] = {
    "Printers": [["Name", "Site", "Floor"], ["HP-2", "Berlin", 3]],
    "Empty": [],
}
SLIDES = [("Welcome", "Bring a badge.", "Say hello."), ("Phones", "Dial 9 first.", "Ask for 9.")]


def refusal(name: str, content: bytes) -> str:
    with pytest.raises(Refused) as refused:
        sandbox.extract(name, content)
    return refused.value.code


def test_a_pdf_keeps_its_pages_without_what_every_page_repeats() -> None:
    topics = ["printers", "badges", "telephones", "meeting rooms", "laptops"]
    pages = [
        f"Nordwerk handbook\nAbout {topic}.\nThey are lent.\nAsk for {topic}.\nPage {n}"
        for n, topic in enumerate(topics, 1)
    ]
    found = sandbox.extract("handbook.pdf", files.pdf(*pages))
    assert (found.kind, found.units) == ("pdf", 5)
    assert found.sections[2] == Section(
        "page:3", "About telephones.\nThey are lent.\nAsk for telephones."
    )


def test_a_word_file_keeps_headings_lists_and_tables_in_order() -> None:
    [section] = sandbox.extract("manual.docx", files.docx()).sections
    assert section.text.split("\n\n") == [
        "# Remote access",
        "The VPN client runs on every laptop of the company.",
        "## Resetting the token",
        "- Open the self-service portal.",
        "- Choose “New token” and confirm by telephone.",
        "| Site | Gateway | Port |",
        "| Berlin | Gateway: vpn-b.example | Port: 443 |",
    ]


def test_a_workbook_names_each_value_by_its_column_and_skips_empty_sheets() -> None:
    found = sandbox.extract("printers.xlsx", files.xlsx(SHEETS))
    assert found.units == 2
    assert found.sections == (
        Section("sheet:Printers", "| Name | Site | Floor |\n\n| HP-2 | Site: Berlin | Floor: 3 |"),
    )


def test_slides_come_in_the_order_of_the_show_with_their_notes() -> None:
    found = sandbox.extract("intro.pptx", files.pptx(SLIDES))
    assert found.sections == (
        Section("slide:1", "# Welcome\n\nBring a badge.\n\nSay hello."),
        Section("slide:2", "# Phones\n\nDial 9 first.\n\nAsk for 9."),
    )


def test_a_web_page_loses_scripts_and_menus_and_keeps_its_table() -> None:
    [section] = sandbox.extract("guest", files.PAGE).sections
    assert section.text.split("\n\n") == [
        "# Guest network",
        "Guests sign in with a voucher.",
        "- Ask reception",
        "- Type the code",
        "| Site | Name | Speed |",
        "| Berlin | Name: guest-b | Speed: 100 |",
    ]


def test_an_e_mail_is_its_subject_and_its_words() -> None:
    [section] = sandbox.extract("message", files.MAIL).sections
    assert section.text == "# Drucker im Büro\n\nThe printer takes A4 paper only."


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Gerät über Nacht".encode(), "Gerät über Nacht"),
        ("Gerät über Nacht".encode("cp1252"), "Gerät über Nacht"),
        ("Gerät über Nacht".encode("utf-16"), "Gerät über Nacht"),
    ],
)
def test_text_is_read_in_the_encodings_that_people_have(content: bytes, text: str) -> None:
    assert sandbox.extract("notes.txt", content).sections == (Section("", text),)


def test_the_bytes_say_what_a_file_is_whatever_it_is_called() -> None:
    assert kind_of("harmless.txt", files.pdf("Hello")) == "pdf"
    assert kind_of("report.pdf", files.docx()) == "docx"
    assert kind_of("README.md", b"# Title") == "md"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", files.locked_pdf("secret", "Hidden"), "encrypted"),
        ("a.pdf", b"%PDF-1.7\nand nothing else", "broken"),
        ("a.pdf", files.pdf(""), "empty"),
        ("a.docx", files.docx()[:900], "broken"),
        ("a.docx", files.archive({"word/document.xml": "<nonsense"}), "broken"),
        ("a.xlsx", files.archive({"xl/workbook.xml": "<nonsense"}), "broken"),
        ("a.pptx", files.archive({"ppt/presentation.xml": "<nonsense"}), "broken"),
        ("a.zip", files.archive({"photo.jpg": b"\xff\xd8"}), "unknown"),
        ("a.exe", b"MZ\x90\x00\x03\x00\x00\x00", "unknown"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unknown"),
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "encrypted",
        ),
        ("a.txt", b"  \n\t ", "empty"),
        ("a.html", b"<html><script>only()</script></html>", "empty"),
        ("a.md", b"word " * 900_000, "too_long"),
    ],
)
def test_what_cannot_be_read_is_refused_by_one_word(name: str, content: bytes, code: str) -> None:
    assert refusal(name, content) == code


def test_a_pdf_that_is_locked_for_changes_only_is_read() -> None:
    [section] = sandbox.extract("a.pdf", files.locked_pdf("", "Free to read")).sections
    assert section.text == "Free to read"


def test_an_archive_that_swells_is_not_unpacked() -> None:
    bomb = files.archive({"word/document.xml": b" " * 40 * 2**20})
    assert len(bomb) < 100_000
    assert refusal("a.docx", bomb) == "bomb"
    many = files.archive({f"word/{n}.xml": "" for n in range(10_001)} | {"word/document.xml": ""},
                         zipfile.ZIP_STORED)  # fmt: skip
    assert refusal("a.docx", many) == "bomb"


def test_entities_that_multiply_are_not_followed() -> None:
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    doctype = f'<!DOCTYPE x [<!ENTITY e0 "lol">{lines}]>'
    bomb = f'{doctype}<p:presentation xmlns:p="{files.SHOW}">&e11;</p:presentation>'
    assert refusal("a.pptx", files.archive({"ppt/presentation.xml": bomb})) == "broken"


def test_a_page_nested_beyond_all_measure_ends_well() -> None:
    assert refusal("a.html", b"<html>" + b"<div>" * 100_000 + b"deep") in CODES


def test_a_reader_that_takes_too_long_is_killed_with_all_it_started() -> None:
    with pytest.raises(Refused) as refused:
        sandbox.extract("a.pdf", files.pdf("Hello"), seconds=0.001)
    assert refused.value.code == "too_slow"


def test_the_reading_process_knows_no_secret_and_may_write_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    probe = (
        "import os, json, pathlib\n"
        "from ai.engine.documents import child\n"
        "child.confine()\n"
        f"target = pathlib.Path({str(tmp_path / 'x')!r})\n"
        "try:\n"
        "    target.write_bytes(b'x')\n"
        "    wrote = True\n"
        "except OSError:\n"
        "    wrote = False\n"
        "print(json.dumps([wrote, sorted(os.environ)]))\n"
    )
    monkeypatch.setenv("ANTHROPIC_API_KEY", "planted")
    quiet = "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    command = (sys.executable, "-E", "-s", "-c", quiet + probe)
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    assert sandbox._COMMAND[-1] == child.__name__
    answer = subprocess.run(
        command, capture_output=True, check=True, env=environment, cwd=sandbox._ROOT
    )
    wrote, names = json.loads(answer.stdout)
    assert not wrote
    assert "ANTHROPIC_API_KEY" not in names


def test_passages_keep_their_place_and_the_heading_they_stand_under() -> None:
    pieces = cut([
        Section("page:1", "# VPN\n\nThe client.\n\n## Token\n\n" + "It is long. " * 90),
        Section("page:2", "It goes on here."),
    ])  # fmt: skip
    assert (pieces[0].place, pieces[0].heading) == ("page:1", "VPN")
    assert all(p.heading == "Token" for p in pieces[1:])
    assert pieces[-1].place == "page:2"


def test_more_passages_than_anybody_indexes_are_refused() -> None:
    with pytest.raises(Refused):
        cut([Section("", "word " * 180 * (MOST_PIECES + 10))])
