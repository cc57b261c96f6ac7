"""Reading tickets out of CSV files as other systems really write them."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.csv_rows import (
    BadRow,
    Columns,
    GoodRow,
    UnreadableFile,
    find_encoding,
    read_rows,
    shortened,
)

COLUMNS = Columns(subject="Title", description="Text", category="Kind", team="Group")


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def good(path: Path, columns: Columns = COLUMNS) -> list[GoodRow]:
    rows = list(read_rows(path, columns))
    assert all(isinstance(row, GoodRow) for row in rows)
    return [row for row in rows if isinstance(row, GoodRow)]


def test_it_reads_quoted_fields_over_several_lines(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        'Title,Text,Kind,Group\r\nNo mail,"Since Monday,\nno ""mail"" at all",Mail,Desk\r\n'
        "Printer,Jams,Print,Desk\r\n",
    )
    first, second = good(path)
    assert first.description == 'Since Monday,\nno "mail" at all'
    assert (first.line, second.line) == (2, 4)
    assert (second.subject, second.category, second.team) == ("Printer", "Print", "Desk")


def test_a_packed_file_is_read_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(gzip.compress(b"Title,Text,Kind,Group\nA,B,C,D\n"))
    assert good(path)[0].subject == "A"


def test_a_byte_order_mark_does_not_hide_the_first_column(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Title,Text,Kind,Group\nA,B,C,D\n", "utf-8-sig")
    assert good(path)[0].subject == "A"


def test_windows_1252_is_understood(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Title,Text,Kind,Group\nGrün,50 €,C,D\n", "cp1252")
    assert find_encoding(path) == "cp1252"
    assert (good(path)[0].subject, good(path)[0].description) == ("Grün", "50 €")


def test_bad_rows_are_named_by_line_and_do_not_end_the_reading(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "Title,Text,Kind,Group\nA,B,C,D\ntoo,few\n,,C,D\n\nE,F,G,H\nx,y,z,1,2\n",
    )
    rows = list(read_rows(path, COLUMNS))
    assert [type(row) for row in rows] == [GoodRow, BadRow, BadRow, GoodRow, BadRow]
    bad = [row for row in rows if isinstance(row, BadRow)]
    assert [row.line for row in bad] == [3, 4, 7]
    assert "2 fields where the first line has 4" in bad[0].reason
    assert "neither subject nor description" in bad[1].reason


def test_one_column_may_be_both_and_the_subject_ends_at_a_word(tmp_path: Path) -> None:
    text = "the vpn client asks for a certificate that nobody has ever seen before in this office"
    path = write(tmp_path / "a.csv", f"Document\n{text}\n")
    row = good(path, Columns(subject="Document", description="Document"))[0]
    assert row.description == text
    assert row.subject == (
        "the vpn client asks for a certificate that nobody has ever seen before in this…"
    )


def test_equal_rows_have_different_fingerprints_and_the_same_ones_next_time(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.csv", "Title,Text,Kind,Group\nA,B,C,D\nA,B,C,D\n")
    first = [row.fingerprint(7) for row in good(path)]
    assert len(set(first)) == 2
    assert [row.fingerprint(7) for row in good(path)] == first
    assert [row.fingerprint(8) for row in good(path)] != first


def test_what_moves_between_fields_changes_the_fingerprint() -> None:
    def row(subject: str, description: str) -> str:
        return GoodRow(
            line=2, subject=subject, description=description, category="", team="", occurrence=0
        ).fingerprint(1)

    assert row("ab", "c") != row("a", "bc")
    assert row("1:a", "") != row("1", ":a")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"Title,Text\nA,B\n", "There is no column"),
        (gzip.compress(b"Title,Text,Kind,Group\nA,B,C,D\n", mtime=0)[:-9], "damaged archive"),
    ],
)
def test_an_unreadable_file_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=sentence):
        list(read_rows(path, COLUMNS))


def test_a_missing_file_and_a_folder_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="There is no file"):
        list(read_rows(tmp_path / "none.csv", COLUMNS))
    with pytest.raises(UnreadableFile, match="is a folder"):
        list(read_rows(tmp_path, COLUMNS))


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fall_over(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("rows") / "a.csv"
    path.write_bytes(b"Title,Text,Kind,Group\n" + data)
    for row in read_rows(path, COLUMNS):
        assert row.line >= 2
        if isinstance(row, GoodRow):
            assert row.subject
            assert "\x00" not in row.description
            assert len(row.fingerprint(1)) == 64


@given(st.text(max_size=600))
def test_a_subject_is_short_and_on_one_line(text: str) -> None:
    assert len(shortened(text)) <= 80
    assert "\n" not in shortened(text)
