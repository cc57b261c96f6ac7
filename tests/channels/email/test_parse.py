"""Bytes of a mail -> InboundMessage: bodies, headers, files, and whatever the bytes."""

import base64
import json
import time
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.base import EmailAddress
from integrations.channels.email.parse import parse
from tests.channels.email.build import FIXTURES, fixture, mail, multipart, part


class TestFields:
    def test_plain_mail(self) -> None:
        got = parse(mail("Hello desk", date="Tue, 4 Mar 2025 09:12:00 +0100", cc="Bo <bo@x.org>"))
        assert got.sender == EmailAddress("Dana Muster", "dana@example.org")
        assert (got.subject, got.text, got.reply_text) == ("Printer", "Hello desk", "Hello desk")
        assert got.cc == (EmailAddress("Bo", "bo@x.org"),)
        assert got.sent_at == datetime(2025, 3, 4, 8, 12, tzinfo=UTC)
        assert got.external_id == got.message_id == "1@example.org"
        assert got.error == ""

    def test_without_message_id_the_content_names_the_mail(self) -> None:
        one = parse(mail(message_id=""))
        assert one.external_id.startswith("sha256:")
        assert one.external_id == parse(mail(message_id="")).external_id
        assert one.external_id != parse(mail("Other", message_id="")).external_id

    def test_references_in_order_each_once(self) -> None:
        got = parse(mail(references="<a@x>\r\n <b@x> <a@x>", in_reply_to="<b@x> (of Tuesday)"))
        assert got.references == ("a@x", "b@x")
        assert got.in_reply_to == "b@x"

    @pytest.mark.parametrize(
        ("raw", "want"),
        [
            ("=?utf-8?B?RHJ1Y2tlciDDpMO2w7w=?=", "Drucker äöü"),
            ("=?utf-8?Q?Drucker_=C3=A4?=\r\n =?utf-8?Q?=C3=B6?=", "Drucker äö"),
            ("=?utf-8?B?44OG44K5?= =?utf-8?B?44OI?=", "テスト"),
            ("=?utf-8?B?44OG4?= =?utf-8?B?4K544OI?=", None),  # a character broken in two
            ("=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=", "テスト"),
            ("=?ks_c_5601-1987?B?sO24v73AtM+02S4=?=", "고맙습니다."),
            ("=?UTF-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
            ("=?utf-8?Q?not closed", "=?utf-8?Q?not closed"),
            ("=?nonsense-9?Q?caf=E9?=", "café"),
            ("=?us-ascii?Q?caf=C3=A9?=", "café"),
            ("=?utf-8?Q?with space inside?= end", "with space inside end"),
            ("=?utf-8?B?SGVsbG8?= rest", "Hello rest"),
            ("plain \tText", "plain  Text"),
        ],
    )
    def test_encoded_subject(self, raw: str, want: str | None) -> None:
        got = parse(mail(subject=raw))
        assert not got.error
        if want is not None:
            assert got.subject == want

    def test_raw_eight_bit_subject(self) -> None:
        assert parse(mail(subject="Drucker ä".encode())).subject == "Drucker ä"
        assert parse(mail(subject="Drucker ä".encode("latin-1"))).subject == "Drucker ä"

    @pytest.mark.parametrize(
        ("raw", "name", "email"),
        [
            ("dana@example.org", "", "dana@example.org"),
            ('"Muster, Dana" <dana@Example.ORG>', "Muster, Dana", "dana@example.org"),
            ("dana@example.org (Dana Muster)", "Dana Muster", "dana@example.org"),
            ("=?utf-8?Q?D=C3=A4na?= <d@example.org>", "Däna", "d@example.org"),
            ('"=?utf-8?Q?D=C3=A4na?=" <d@example.org>', "Däna", "d@example.org"),
            ("Dana Muster dana@example.org", None, "dana@example.org"),
            ("<<dana@example.org>>", None, "dana@example.org"),
            ("dana @ example.org", None, "dana@example.org"),
            ("Staff: dana@example.org, bo@example.org;", None, "dana@example.org"),
            ("undisclosed-recipients:;", None, ""),
            ("", None, ""),
            ("((((((((((", None, ""),
        ],
    )
    def test_sender_forms(self, raw: str, name: str | None, email: str) -> None:
        got = parse(mail(**{"from": raw}))
        assert not got.error
        assert got.sender.email == email
        if name is not None:
            assert got.sender.name == name

    def test_missing_from_falls_back_to_sender(self) -> None:
        assert (
            parse(mail(**{"from": "", "sender": "x@example.org"})).sender.email == "x@example.org"
        )

    def test_of_doubled_headers_the_first_counts(self) -> None:
        raw = b"Subject: one\r\nSubject: two\r\n" + mail(subject="")
        assert parse(raw).subject == "one"

    def test_line_breaks_cannot_leave_a_header(self) -> None:
        got = parse(mail(subject="=?utf-8?Q?a=0D=0ABcc:_evil@example.org?="))
        assert "\n" not in got.subject
        assert "\r" not in got.subject

    def test_nul_is_dropped_everywhere(self) -> None:
        got = parse(mail("a\x00b", subject="x\x00y"))
        assert "\x00" not in got.text + got.subject

    @pytest.mark.parametrize(
        "date", ["yesterday", "Tue, 99 Foo 2025 99:99", "Mon, 1 Jan 99999 1:1"]
    )
    def test_a_date_without_sense_is_none(self, date: str) -> None:
        assert parse(mail(date=date)).sent_at is None

    def test_language_of_the_new_words(self) -> None:
        got = parse(mail("Der Drucker im zweiten Stock druckt seit heute Morgen nicht mehr."))
        assert got.language == "de"


class TestBodies:
    def test_plain_goes_before_html(self) -> None:
        raw = multipart(
            part("text/plain", "plain"), part("text/html", "<p>rich</p>"), kind="alternative"
        )
        got = parse(raw)
        assert (got.text, got.html) == ("plain", "<p>rich</p>")

    def test_html_counts_where_plain_is_empty(self) -> None:
        raw = multipart(
            part("text/plain", " \r\n"), part("text/html", "<p>rich</p>"), kind="alternative"
        )
        assert parse(raw).text == "rich"

    def test_inline_text_parts_are_joined(self) -> None:
        raw = multipart(
            part("text/plain", "one"),
            part("text/plain", "file", Content_Disposition="attachment; filename=a.txt"),
            part("text/plain", "two"),
        )
        got = parse(raw)
        assert got.text.split() == ["one", "two"]
        assert [one.name for one in got.attachments] == ["a.txt"]

    @pytest.mark.parametrize(
        ("charset", "body", "want"),
        [
            ("utf-8", "Grüße".encode(), "Grüße"),
            ("iso-8859-1", "Grüße".encode(), "Grüße"),
            ("iso-8859-1", "“Grüße” €".encode("cp1252"), "“Grüße” €"),
            ("us-ascii", "Grüße".encode("latin-1"), "Grüße"),
            ("x-never-heard", "Grüße".encode("latin-1"), "Grüße"),
            ("ks_c_5601-1987", "고맙습니다".encode("cp949"), "고맙습니다"),
            ("gb2312", "打印机坏了".encode("gb18030"), "打印机坏了"),
            ("shift_jis", "①プリンター".encode("cp932"), "①プリンター"),
            ("iso-2022-jp", "プリンター".encode("iso2022_jp"), "プリンター"),
            ("utf-8", b"caf\xe9 ole", "café ole"),
            ("rot13", b"Hello", "Hello"),
            ("zlib", b"Hello", "Hello"),
            ("punycode", b"Hello-", "Hello-"),
            ("utf-16", "Hallo".encode("utf-16"), "Hallo"),
            ("windows-1251", "Принтер".encode("cp1251"), "Принтер"),
            ("", "Принтер".encode(), "Принтер"),
        ],
    )
    def test_charsets(self, charset: str, body: bytes, want: str) -> None:
        encoded = base64.b64encode(body).decode()
        kind = f'text/plain; charset="{charset}"' if charset else "text/plain"
        got = parse(mail(encoded, content_type=kind, content_transfer_encoding="base64"))
        assert got.text == want

    def test_charset_from_the_html_itself(self) -> None:
        body = '<meta charset="windows-1251"><p>Принтер</p>'.encode("cp1251")
        assert parse(mail(body, content_type="text/html")).text == "Принтер"

    @pytest.mark.parametrize(
        ("encoding", "body", "want"),
        [
            ("quoted-printable", "Gr=C3=BC=C3=9Fe=\r\n!", "Grüße!"),
            ("quoted-printable", "broken =ZZ =", "broken =ZZ"),
            ("base64", "SGVsbG8", "Hello"),
            ("base64", "SGVs!!bG8\r\n=", "Hello"),
            ("BASE64 ", "SGVsbG8=", "Hello"),
            ("8bit", "Grüße", "Grüße"),
            ("x-nonsense", "Grüße", "Grüße"),
            ("x-uuencode", "begin 644 a\r\n%2&5L;&\\ \r\n`\r\nend\r\n", "Hello"),
        ],
    )
    def test_transfer_encodings(self, encoding: str, body: str, want: str) -> None:
        got = parse(
            mail(
                body,
                content_type="text/plain; charset=utf-8",
                content_transfer_encoding=encoding,
            )
        )
        assert got.text.rstrip(" =") == want


class TestFiles:
    @pytest.mark.parametrize(
        ("disposition", "want"),
        [
            ('attachment; filename="report.pdf"', "report.pdf"),
            ("attachment; filename=a;b.pdf", "a;b.pdf"),
            ('attachment; filename="a; b.pdf"', "a; b.pdf"),
            ("attachment; filename*=utf-8''%E3%83%86%E3%82%B9%E3%83%88.pdf", "テスト.pdf"),
            ("attachment; filename*=iso-8859-1'de'%E4.pdf", "ä.pdf"),
            ("attachment; filename*0=long-;\r\n filename*1=name.pdf", "long-name.pdf"),
            ("attachment; filename*0*=utf-8''%C3%A4-; filename*1*=%C3%B6.pdf", "ä-ö.pdf"),
            ('attachment; filename="=?utf-8?B?w6Q=?=.pdf"', "ä.pdf"),
            ('attachment; filename="..\\..\\evil.exe"', "evil.exe"),
            ('attachment; filename="../../etc/passwd"', "passwd"),
            ('attachment; filename="with \\"quotes\\".pdf"', 'with "quotes".pdf'),
            ("attachment; filename=", "attachment-1.pdf"),
            ("attachment", "attachment-1.pdf"),
        ],
    )
    def test_names(self, disposition: str, want: str) -> None:
        raw = multipart(part("application/pdf", "x", Content_Disposition=disposition))
        assert [one.name for one in parse(raw).attachments] == [want]

    def test_an_image_shown_in_the_html_is_inline(self) -> None:
        raw = multipart(
            part("text/html", '<img src="cid:logo@x">'),
            part("image/png", "\x01", Content_ID="<logo@x>"),
            kind="related",
        )
        [image] = parse(raw).attachments
        assert (image.inline, image.content_id, image.name) == (True, "logo@x", "image-1.png")

    def test_a_forwarded_mail_is_one_file(self) -> None:
        raw = multipart(part("text/plain", "see"), part("message/rfc822", mail("inner")))
        got = parse(raw)
        assert got.text == "see"
        assert [(one.name, one.content_type) for one in got.attachments] == [
            ("Printer.eml", "message/rfc822")
        ]

    def test_signatures_of_pgp_are_no_files_but_smime_is_kept(self) -> None:
        raw = multipart(
            part("text/plain", "signed"),
            part(
                "application/pgp-signature", "x", Content_Disposition="attachment; filename=s.asc"
            ),
            part(
                "application/pkcs7-signature", "x", Content_Disposition="attachment; filename=s.p7s"
            ),
            kind="signed",
        )
        assert [one.name for one in parse(raw).attachments] == ["s.p7s"]

    def test_content_survives_byte_for_byte(self) -> None:
        content = bytes(range(256)) * 40
        body = base64.encodebytes(content).replace(b"\n", b"\r\n").decode()
        raw = multipart(
            part("application/octet-stream", body, Content_Transfer_Encoding="base64",
                 Content_Disposition="attachment; filename=a.bin")
        )  # fmt: skip
        assert parse(raw).attachments[0].content == content


def _nested(depth: int) -> bytes:
    head = b"".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n'.encode()
        for n in range(depth)
    )
    return b"From: a@example.org\r\n" + head + b"Content-Type: text/plain\r\n\r\ndeep"


HOSTILE = {
    "nested": _nested(5_000),
    "same-boundary": b'Content-Type: multipart/mixed; boundary=""\r\n\r\n' + b"--\r\n" * 50_000,
    "many-parts": multipart(*[part("text/plain", "x")] * 20_000),
    "ten-megabytes": mail("line of text\n" * 800_000),
    "one-long-line": mail("x" * 10_000_000),
    "many-headers": b"X-A: 1\r\n" * 200_000 + b"\r\nbody",
    "long-header": mail(subject="=?utf-8?Q?" + "=C3=A4" * 400_000 + "?="),
    "many-words": mail(subject="=?utf-8?Q?a?= " * 100_000),
    "many-addresses": mail(to=", ".join(f"u{n}@example.org" for n in range(50_000))),
    "parentheses": mail(**{"from": "(" * 100_000}),
    "quotes": mail(**{"from": '"' * 100_001}),
    "open-words": mail(subject="=?" * 200_000),
    "references": mail(references=" ".join(f"<{n}@x>" for n in range(100_000))),
    "html": mail("<div><b>" * 300_000, content_type="text/html"),
    "base64-noise": mail("=" * 2_000_000, content_transfer_encoding="base64"),
    "boundary-lines": multipart(b"\r\n--cu" * 400_000),
    "parameters": mail(content_type="text/plain" + "; a=b" * 50_000),
    "name-sections": mail(
        content_type="text/plain" + "".join(f"; name*{n}=x" for n in range(20_000))
    ),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_mails_are_read_in_bounded_time(raw: bytes) -> None:
    begin = time.process_time()
    got = parse(raw)
    assert not got.error
    assert time.process_time() - begin < 60


@pytest.mark.parametrize("name", sorted(path.name for path in FIXTURES.glob("*.eml")))
def test_every_truncation_of_a_mail_is_read(name: str) -> None:
    raw = fixture(name)
    for end in range(0, len(raw), max(len(raw) // 60, 1)):
        assert not parse(raw[:end]).error


@given(st.binary(max_size=3000))
@settings(max_examples=250, deadline=None)
def test_any_bytes_are_read(raw: bytes) -> None:
    assert not parse(raw).error


_FIELD = st.sampled_from(
    ["From", "To", "Subject", "Content-Type", "Content-Disposition", "Message-ID", "References",
     "Date", "Content-Transfer-Encoding", "Auto-Submitted", "Content-ID", "X-Failed-Recipients"]
)  # fmt: skip
_VALUE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["multipart/mixed; boundary=x", "multipart/alternative; boundary=\"x", "text/html",
         "message/rfc822", "text/plain; charset=idna", "=?utf-8?B?w6Q", "=?x?Q?=?=", "base64",
         "attachment; filename*=''%zz", "attachment; filename*0*=x'", "<a@b> <", "a@b, (c",
         "quoted-printable"]
    ),
)  # fmt: skip


@given(st.lists(st.tuples(_FIELD, _VALUE), max_size=8), st.binary(max_size=300))
@settings(max_examples=250, deadline=None)
def test_any_header_values_are_read(fields: list[tuple[str, str]], body: bytes) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in fields).encode("utf-8", "replace")
    got = parse(head + b"\r\n--x\r\n" + body + b"\r\n--x\r\n\r\n" + body)
    assert not got.error
    assert "\x00" not in got.text


class TestCommand:
    def _run(self, *args: str) -> str:
        out = StringIO()
        call_command("parse_mail", *args, stdout=out)
        return out.getvalue()

    def test_one_json_line_a_file(self, tmp_path: Path) -> None:
        good, bad = tmp_path / "a.eml", tmp_path / "b.eml"
        good.write_bytes(mail("Hello"))
        bad.write_bytes(b"\xff\x00\xfe" * 100)
        lines = [json.loads(line) for line in self._run(str(good), str(bad), "--json").splitlines()]
        assert [line["file"] for line in lines] == [str(good), str(bad)]
        assert lines[0]["reply_text"] == "Hello"
        assert lines[0]["in_reply_to"] is None

    def test_a_missing_file_is_an_error_on_its_line(self, tmp_path: Path) -> None:
        [line] = self._run(str(tmp_path / "none.eml"), "--json").splitlines()
        assert "No such file" in json.loads(line)["error"]


def test_a_whole_reply_with_photo() -> None:
    got = parse(fixture("reply_with_photo.eml"))
    assert got.sender == EmailAddress("Zoë Lind", "zoe@example.org")
    assert got.subject == "Re: Drucker im Flur streikt"
    assert [box.name for box in got.cc] == ["Bo Lake", "Reed, Cy"]
    assert got.reply_text == (
        "Danke, der Drucker läuft wieder. Ein Foto der Meldung hängt an.\n\nViele Grüße\nZoë"
    )
    assert "Bitte schalten Sie" in got.text
    assert got.thread_token == "od.1a.2b.mfrggzdfmztwq2lk"
    assert [(one.name, one.inline) for one in got.attachments] == [("meldung.png", False)]
    assert got.attachments[0].content.startswith(b"\x89PNG")
    assert (got.language, got.auto) == ("de", False)
