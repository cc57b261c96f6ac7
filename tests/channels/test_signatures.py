"""Signatures: the published vectors, and everything that must not pass."""

import base64
import hashlib
import hmac

import pytest

from integrations import signatures

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
PARAMS = {
    "CallSid": ["CA1234567890ABCDE"], "Caller": ["+12349013030"], "Digits": ["1234"],
    "From": ["+12349013030"], "To": ["+18005551212"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("algorithm", "right"),
    [
        ("HMAC_SHA1", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
        ("HMAC_SHA256", "Rmm4Vzj+Ky7JGoWXMCsZDZuHDszLr9xvdbvitrDr4/M="),
    ],
)
def test_twilio_s_own_vectors(algorithm: str, right: str) -> None:
    assert signatures.twilio_sign(URL, PARAMS, "12345", algorithm) == right
    assert signatures.twilio_signed_by(right, ["", "old", "12345"], URL, PARAMS, algorithm)
    with_port = URL.replace("mycompany.com", "mycompany.com:443")
    assert signatures.twilio_signed_by(right, ["12345"], with_port, PARAMS, algorithm)
    assert not signatures.twilio_signed_by(right, ["12346"], URL, PARAMS, algorithm)
    assert not signatures.twilio_signed_by(right, ["12345"], URL + "x", PARAMS, algorithm)
    assert not signatures.twilio_signed_by(
        right, ["12345"], URL, {**PARAMS, "Extra": [""]}, "HMAC_MD5"
    )
    assert not signatures.twilio_signed_by("", ["12345"], URL, PARAMS, algorithm)
    assert not signatures.twilio_signed_by("é" * 20, ["12345"], URL, PARAMS, algorithm)


def test_an_empty_field_is_signed_too() -> None:
    plain = signatures.twilio_sign(URL, PARAMS, "12345")
    assert signatures.twilio_sign(URL, {**PARAMS, "Zip": [""]}, "12345") != plain


def test_several_values_of_a_name_count_each_once_in_order() -> None:
    one = signatures.twilio_sign(URL, {"A": ["2", "1", "1"]}, "k")
    assert one == signatures.twilio_sign(URL, {"A": ["1", "2"]}, "k")


def test_our_own_vector() -> None:
    right = "sha256=6a939b0c71853d606167625a15168ee9188c6a511c773ef4f42d307f3849e50f"
    assert signatures.sign("topsecret", "1700000000", b'{"a":1}') == right
    several = f"sha256=00, {right}"
    assert signatures.signed_by(several, ["new", "topsecret"], "1700000000", b'{"a":1}')
    assert not signatures.signed_by(right, ["topsecret"], "1700000001", b'{"a":1}')
    assert not signatures.signed_by(right, ["topsecret"], "1700000000", b'{"a":2}')
    assert not signatures.signed_by(right, ["", "other"], "1700000000", b'{"a":1}')
    assert not signatures.signed_by("", ["topsecret"], "1700000000", b'{"a":1}')


@pytest.mark.parametrize(
    "value", ["", "soon", "-5", "1e9", "1700000301", "1699999699", "9" * 20, "١٧٠٠٠٠٠٠٠٠"]
)
def test_a_timestamp_that_is_none_or_outside_the_window(value: str) -> None:
    with pytest.raises(signatures.Stale):
        signatures.timestamp_of(value, moment=1_700_000_000)
    assert signatures.timestamp_of("1700000300", moment=1_700_000_000) == 1_700_000_300


def test_standard_webhooks() -> None:
    key = b"twenty-four bytes of key"
    secret = "whsec_" + base64.b64encode(key).decode()
    made = hmac.new(key, b'msg_1.1700000000.{"a":1}', hashlib.sha256).digest()
    right = "v1," + base64.b64encode(made).decode()
    assert signatures.standard_sign(secret, "msg_1", "1700000000", b'{"a":1}') == right
    given = f"v1,AAAA {right}"
    body = b'{"a":1}'
    assert signatures.standard_signed_by(given, ["whsec_bm8=", secret], "msg_1", "1700000000", body)
    assert not signatures.standard_signed_by(given, [secret], "msg_2", "1700000000", body)
    assert not signatures.standard_signed_by(given, [secret], "msg 1", "1700000000", body)
    assert not signatures.standard_signed_by(given, [""], "msg_1", "1700000000", body)


def test_a_standard_secret_that_is_no_base64_is_taken_as_it_is() -> None:
    assert signatures.standard_key("whsec_%%%") == b"whsec_%%%"
    assert signatures.same_secret("x", ["", "x"])
    assert not signatures.same_secret("", ["", "x"])
