"""A strict stand-in for Twilio's REST interface on loopback: refuses what the real one refuses.

It also signs calls to us the way Twilio does, written independently of the product's code.
"""

import base64
import hashlib
import hmac
import re
import threading
import uuid
from collections.abc import Mapping
from urllib.parse import parse_qsl

from tests.fakes.http import Asked, FakeServer, Said

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "a twilio auth token"
NUMBER = "+4930555123"
LONGEST_HOLD = 20.0
_E164 = re.compile(r"^\+[1-9]\d{6,14}$")


class Twilio:
    """Remembers what was sent.

    `fail` holds answers to give before serving again; while `held` is set, what was taken is not
    answered until it is released (for at most `LONGEST_HOLD` seconds).
    """

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []
        self.calls = 0
        self.opted_out: set[str] = set()
        self.media: dict[str, tuple[str, bytes]] = {}
        self.token = TOKEN
        self.fail: list[Said] = []
        self.held: threading.Event | None = None
        self.violations: list[str] = []
        self.server = FakeServer(self._handle)
        self.url = self.server.url

    def _handle(self, asked: Asked) -> Said:
        self.calls += 1
        if asked.path.startswith("/cdn/"):
            if "authorization" in asked.headers:
                self.violations.append("credentials sent to the media store")
            return self._file(asked.path.removeprefix("/cdn/"))
        if not self._signed_in(asked):
            return _error(401, 20003, "Authenticate")
        if self.fail:
            said = self.fail.pop(0)
            if said.drop:
                self._take(asked)
            return said
        base = f"/2010-04-01/Accounts/{ACCOUNT}"
        if asked.path == f"{base}.json":
            return Said(200, {"sid": ACCOUNT, "friendly_name": "Nordwerk", "status": "active"})
        if asked.path == f"{base}/Messages.json" and asked.method == "POST":
            return self._take(asked)
        if asked.path.startswith(f"{base}/Media/"):
            # The real one answers with a redirect to a signed address of its store.
            name = asked.path.rpartition("/")[2]
            return Said(307, b"", {"Location": f"{self.url}/cdn/{name}"})
        return _error(404, 20404, "The requested resource was not found")

    def _signed_in(self, asked: Asked) -> bool:
        wanted = base64.b64encode(f"{ACCOUNT}:{self.token}".encode()).decode()
        return asked.headers.get("authorization") == f"Basic {wanted}"

    def _file(self, name: str) -> Said:
        if name not in self.media:
            return Said(404, b"")
        kind, content = self.media[name]
        return Said(200, content, {"Content-Type": kind})

    def _take(self, asked: Asked) -> Said:
        if not asked.headers.get("content-type", "").startswith(
            "application/x-www-form-urlencoded"
        ):
            return _error(415, 20415, "Unsupported media type")
        form = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
        to, body = form.get("To", ""), form.get("Body", "")
        for bad, status, code, words in (
            (not to, 400, 21604, "A 'To' phone number is required."),
            (not _E164.match(to), 400, 21211, f"Invalid 'To' Phone Number: {to}"),
            (not form.get("From") and not form.get("MessagingServiceSid"), 400, 21603, "From"),
            (form.get("From") not in {None, NUMBER}, 400, 21606, "not a valid sender"),
            (not body, 400, 21602, "Message body is required."),
            (len(body.encode("utf-16-le")) // 2 > 1600, 400, 21617, "exceeds 1600 characters"),
            (to in self.opted_out, 400, 21610, "Attempt to send to unsubscribed recipient"),
        ):
            if bad:
                return _error(status, code, words)
        sid = f"SM{uuid.uuid4().hex}"
        self.sent.append({**form, "sid": sid})
        if self.held is not None:
            self.held.wait(LONGEST_HOLD)
        return Said(
            201,
            {"sid": sid, "account_sid": ACCOUNT, "to": to, "body": body, "status": "queued",
             "direction": "outbound-api", "num_segments": "1", "error_code": None},
        )  # fmt: skip


def _error(status: int, code: int, words: str) -> Said:
    return Said(
        status,
        {"code": code, "message": words, "status": status,
         "more_info": f"https://www.twilio.com/docs/errors/{code}"},
    )  # fmt: skip


def signature(url: str, form: Mapping[str, str], token: str = TOKEN, digest: str = "sha1") -> str:
    """What Twilio puts into X-Twilio-Signature."""
    text = url
    for name in sorted(form):
        text += name + form[name]
    made = hmac.new(token.encode(), text.encode(), getattr(hashlib, digest))
    return base64.b64encode(made.digest()).decode()


def message(sid: str, text: str, sender: str = "+491701234567", **more: str) -> dict[str, str]:
    """The form of a received message."""
    return {
        "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "AccountSid": ACCOUNT,
        "From": sender, "To": NUMBER, "Body": text, "NumMedia": "0", "NumSegments": "1",
        "SmsStatus": "received", "ApiVersion": "2010-04-01", "FromCity": "", **more,
    }  # fmt: skip
