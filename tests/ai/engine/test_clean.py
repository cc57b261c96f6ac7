"""What the classifier reads of a dirty ticket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.engine.clean import as_written, clean, mend, spaced, words_written


@pytest.mark.parametrize(
    "meant", ["Büro gesperrt", "éteint déjà", "año nuevo", "不能使用", "“quoted” – 5 €"]
)
def test_text_read_with_the_wrong_table_is_mended(meant: str) -> None:
    broken = b"".join([meant.encode()]).decode("latin-1")
    usual = "".join(
        bytes([b]).decode("cp1252") if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(b)
        for b in meant.encode()
    )
    assert mend(usual) == meant
    assert mend(broken) == meant


@pytest.mark.parametrize("text", ["Café déjà vu", "Ärger mit Öl", "ÂÃ", "naïve", "plain", "é€"])
def test_text_that_is_well_stays_as_it_is(text: str) -> None:
    assert mend(text) == text


def test_signs_without_blanks_count_each_and_are_shown_together() -> None:
    assert spaced("outlook打不开 ok").split() == ["outlook", "打", "不", "开", "ok"]
    assert spaced("ログイン").split() == ["ロ", "グ", "イ", "ン"]
    assert spaced("Büro, Ärger") == "Büro, Ärger"
    written = words_written("VPN2打不开")
    assert as_written(written, "打 不") == "打不"
    assert as_written(written, "vpn0 打") == "vpn2 打"


def test_numbers_keep_their_shape_and_addresses_one_name() -> None:
    text = "From a.b@example.com: error 0x80070035 [cid:image001.png@01d2] on srv17"
    assert clean(text).split() == [
        "From",
        "emailaddress",
        ":",
        "error",
        "0x00000000",
        "on",
        "srv00",
    ]


def test_cleaned_words_are_quoted_as_the_ticket_has_them() -> None:
    written = words_written("Error 0x80070035 on SRV17")
    assert as_written(written, "error 0x00000000") == "error 0x80070035"
    assert as_written(written, "srv00 nothing") == "srv17 nothing"


@given(st.text(max_size=200))
def test_any_text_is_cleaned_once_and_for_all(text: str) -> None:
    assert clean(clean(text)) == clean(text)
