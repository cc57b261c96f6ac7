"""Signatures of those who call us and of what we send. Pure; every comparison in constant time."""

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit, urlunsplit

WINDOW: Final = 300  # seconds a signed message may be old, or early
STANDARD_PREFIX: Final = "whsec_"
_NUMBER: Final = re.compile(r"^\d{1,11}$", re.ASCII)
_ID: Final = re.compile(r"^[\x21-\x7e]{1,200}$")


class Stale(ValueError):
    """The timestamp is missing, no number, or outside the window."""


def timestamp_of(value: str, *, window: int = WINDOW, moment: float | None = None) -> int:
    """The Unix seconds of a header. Raises Stale."""
    if not _NUMBER.match(value):
        raise Stale("no timestamp")
    seconds = int(value)
    if abs((time.time() if moment is None else moment) - seconds) > window:
        raise Stale("outside the window")
    return seconds


# --- Our own convention: sha256=hex(HMAC-SHA256(secret, timestamp + "." + body)) ------------------
def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The value of `X-OmniDesk-Signature`."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


def signed_by(given: str, secrets: Iterable[str], timestamp: str, body: bytes) -> bool:
    """Whether one of the comma-separated signatures is by one of `secrets`."""
    offered = [one.strip() for one in given.split(",")][:8]
    wanted = [sign(secret, timestamp, body) for secret in secrets if secret]
    # No early end: how long it takes must not tell which one matched.
    return sum(_same(one, right) for one in offered for right in wanted) > 0


# --- Standard Webhooks: v1,base64(HMAC-SHA256(secret, id.timestamp.body)) -------------------------
def standard_key(secret: str) -> bytes:
    """The bytes of a `whsec_...` secret; any other text is taken as it is."""
    if secret.startswith(STANDARD_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            return secret.encode()
    return secret.encode()


def standard_sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """One signature of the `webhook-signature` header."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(standard_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def standard_signed_by(
    given: str, secrets: Iterable[str], message_id: str, timestamp: str, body: bytes
) -> bool:
    """Whether one of the space-separated signatures is by one of `secrets`."""
    if not _ID.match(message_id):
        return False
    offered = given.split()[:8]
    wanted = [standard_sign(one, message_id, timestamp, body) for one in secrets if one]
    return sum(_same(one, right) for one in offered for right in wanted) > 0


# --- Twilio: base64(HMAC(token, url + name + value ...)) ------------------------------------------
ALGORITHMS: Final[Mapping[str, str]] = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


def twilio_sign(
    url: str, params: Mapping[str, Sequence[str]], secret: str, algorithm: str = "HMAC_SHA1"
) -> str:
    """The value of `X-Twilio-Signature`. Raises KeyError for an unknown algorithm."""
    parts = [f"{name}{value}" for name in sorted(params) for value in sorted(set(params[name]))]
    text = url + "".join(parts)
    digest = hmac.new(secret.encode(), text.encode("utf-8", "replace"), ALGORITHMS[algorithm])
    return base64.b64encode(digest.digest()).decode()


def twilio_signed_by(
    given: str, secrets: Iterable[str], url: str, params: Mapping[str, Sequence[str]],
    algorithm: str = "HMAC_SHA1",
) -> bool:  # fmt: skip
    """Whether the signature is by one of `secrets`, over the URL with or without its port."""
    if algorithm not in ALGORITHMS:
        return False
    wanted = [
        twilio_sign(one, params, secret, algorithm)
        for secret in secrets
        if secret
        for one in _spellings(url)
    ]
    return sum(_same(given, right) for right in wanted) > 0


def _spellings(url: str) -> list[str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return [
        urlunsplit(parts._replace(netloc=netloc))
        for netloc in dict.fromkeys((parts.netloc, host, f"{host}:{port}"))
    ]


def same_secret(given: str, secrets: Iterable[str]) -> bool:
    """Whether a static secret is one of `secrets`."""
    return sum(_same(given, one) for one in secrets if one) > 0


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())
