"""Masking personal data and secrets, and putting them back."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.engine.redact import contains_personal_data, redact

MASKED = [
    ("write to dana.miller+it@example.co.uk now", "write to [EMAIL_1] now"),
    ("a@example.com and b@example.com and a@example.com", "[EMAIL_1] and [EMAIL_2] and [EMAIL_1]"),
    ("call +49 (0)30 1234-5678 today", "call [PHONE_1] today"),
    ("tel 030 12345678.", "tel [PHONE_1]."),
    ("ring 0044 20 7946 0958", "ring [PHONE_1]"),
    ("pay DE89 3704 0044 0532 0130 00 please", "pay [IBAN_1] please"),
    ("FR1420041010050500013M02606", "[IBAN_1]"),
    ("card 4111 1111 1111 1111 expired", "card [CARD_1] expired"),
    ("card 5500-0055-5555-5559", "card [CARD_1]"),
    ("server 192.168.10.24 is gone", "server [IP_1] is gone"),
    ("from 2001:db8::8a2e:370:7334 today", "from [IP_1] today"),
    ("my password is hunter2!", "my password is [SECRET_1]!"),
    ("Passwort: Sommer2026", "Passwort: [SECRET_1]"),
    ("mot de passe : soleil99", "mot de passe : [SECRET_1]"),
    ("la contraseña es gato123", "la contraseña es [SECRET_1]"),
    ("PIN: 4821", "PIN: [SECRET_1]"),
    ("key AKIAIOSFODNN7EXAMPLE leaked", "key [SECRET_1] leaked"),
    ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "[SECRET_1]"),
    ("bearer Zm9vYmFyQmF6UXV4MTIzNDU2Nzg5MEFC9x", "bearer [SECRET_1]"),
]
KEPT = [
    "ticket 20261120 about KB5001234",
    "error 0x80070035 on 2026-11-20 at 10:15:30",
    "password reset for the new colleague",
    "please reset my password",
    "card number 4111 1111 1111 1112 is mistyped",
    "DE00 3704 1144 5532 1130 11 is no account",
    "version 10.0.19045 and 999.1.1.1",
    "localhost 127.0.0.1 and ::1",
    "C:\\Users\\Public\\Documents\\SomeFolderName2026",
    "https://example.com/a/very/long/path/To/Page42?x=1",
    "123e4567-e89b-12d3-a456-426614174000",
    "12/31/2026 and 31.12.2026",
    "donaudampfschifffahrtsgesellschaft",
]


@pytest.mark.parametrize(("text", "expected"), MASKED)
def test_personal_data_and_secrets_are_masked_and_restored(text: str, expected: str) -> None:
    masked = redact(text)
    assert masked.text == expected
    assert masked.restore(masked.text) == text
    assert contains_personal_data(text)


@pytest.mark.parametrize("text", KEPT)
def test_harmless_text_is_kept(text: str) -> None:
    assert redact(text).text == text
    assert not contains_personal_data(text)


def test_a_text_that_looks_masked_comes_back_as_it_was() -> None:
    text = "[EMAIL_1] is not real@example.com"
    masked = redact(text)
    assert masked.text == "[EMAIL_1] is not [EMAIL_2]"
    assert masked.restore(masked.text) == text


def test_an_answer_with_unknown_tokens_is_left_alone() -> None:
    masked = redact("real@example.com")
    assert masked.restore("[EMAIL_1] [EMAIL_7]") == "real@example.com [EMAIL_7]"
    assert masked.counts() == {"EMAIL": 1}


def test_a_private_key_is_masked_whole() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc=\n-----END RSA PRIVATE KEY-----"
    assert redact(f"look:\n{key}\nthanks").text == "look:\n[SECRET_1]\nthanks"


@given(st.text(max_size=300))
def test_restoring_gives_the_text_back(text: str) -> None:
    masked = redact(text)
    assert masked.restore(masked.text) == text


HOSTILE = ["a", "1", "a@", "1 ", ":", "aB3", "password ", "+1 ", "DE12 ", "1.", "eyJaaaaaaaa."]


@pytest.mark.parametrize("unit", [*HOSTILE, "-----BEGIN PRIVATE KEY-----", "[EMAIL_1]"])
def test_a_hostile_megabyte_is_fine(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    started = time.process_time()
    masked = redact(text)
    assert time.process_time() - started < 20
    assert masked.restore(masked.text) == text
