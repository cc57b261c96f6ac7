"""ServiceDesk Plus' v3 API: `input_data`, tokens, and answers judged by what they say."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from django.utils.translation import gettext as _

from integrations.federation.http import trouble
from integrations.federation.port import RemoteTrouble, Surprise
from omnidesk.core.http import Answer, HttpDoor, HttpProblem

ACCEPT: Final = "application/vnd.manageengine.sdp.v3+json"
PAGE: Final = 100
# Rows read twice at page borders: a row deleted meanwhile moves the rest up.
BORDER: Final = 5
PATIENCE: Final = 60.0  # seconds after "too many calls": no Retry-After is promised
MOST_PAGES: Final = 5000
# How long an access token lasts where nothing is said, and how much earlier it is renewed.
USUAL_SECONDS: Final = 3600
EARLIER: Final = 60
_READABLE: Final = tuple(one for one in range(400, 428) if one not in {408, 425})
_RATE, _ABSENT, _SIGN_IN = 4015, 4007, 401


class SdpRefusal(RemoteTrouble):
    """ServiceDesk Plus said no; `codes` are its inner codes."""

    def __init__(self, codes: tuple[int, ...], words: str, **what: Any) -> None:
        super().__init__(words, **what)
        self.codes = codes


@dataclass(slots=True)
class _Access:
    """An access token that all sessions of this process share: the cloud gives out few."""

    token: str = ""
    until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


@cache
def _access_of(address: str, client_id: str, digest: str) -> _Access:
    return _Access()


class CloudToken:
    """A short-lived access token, made from the refresh token when it is needed."""

    def __init__(
        self, accounts: str, *, client_id: str, client_secret: str, refresh_token: str,
        door: HttpDoor,
    ) -> None:  # fmt: skip
        self._address = f"{accounts.rstrip('/')}/oauth/v2/token"
        self._form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": client_id,
            "client_secret": client_secret,
        }
        self._door = door
        digest = hashlib.sha256(f"{client_secret} {refresh_token}".encode()).hexdigest()
        self._access = _access_of(self._address, client_id, digest)
        self._used = ""

    def headers(self) -> dict[str, str]:
        """The header of a call."""
        with self._access.lock:
            if not self._access.token or time.monotonic() > self._access.until:
                self._ask()
            self._used = self._access.token
        return {"Authorization": f"Zoho-oauthtoken {self._used}"}

    def renew(self) -> None:
        """A new access token, unless another session has just got one."""
        with self._access.lock:
            if self._access.token == self._used:
                self._ask()

    def _ask(self) -> None:
        """A refusal often comes with 200."""
        self._access.token = ""
        try:
            answer = self._door.request("POST", self._address, data=self._form, accept=_READABLE)
            found = answer.json()
        except HttpProblem as problem:
            raise trouble(problem) from problem
        said = found if isinstance(found, dict) else {}
        token, seconds = str(said.get("access_token") or ""), str(said.get("expires_in") or "")
        if not token:
            raise RemoteTrouble(
                _("Zoho gave no access token: %(error)s")
                % {"error": str(said.get("error") or "–")[:100]},
                refused=True,
            )
        lasts = int(seconds) if seconds.isdigit() else USUAL_SECONDS
        self._access.token, self._access.until = token, time.monotonic() + lasts - EARLIER


class TechnicianKey:
    """The key of an installation of one's own; nothing to renew."""

    def __init__(self, key: str) -> None:
        self._key = key

    def headers(self) -> dict[str, str]:
        """The header of a call."""
        return {"authtoken": self._key}

    def renew(self) -> None:
        """A key that is refused stays refused."""
        raise RemoteTrouble(_("ServiceDesk Plus did not accept the key."), refused=True)


class Pace:
    """At most so many calls a minute, 0 for no limit; waits before a call that would be more."""

    def __init__(self, per_minute: int, sleep: Callable[[float], None] = time.sleep) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._sleep = sleep
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Until the next call is allowed."""
        if not self._gap:
            return
        with self._lock:
            moment = time.monotonic()
            wait = max(0.0, self._next - moment)
            self._next = max(self._next, moment) + self._gap
        if wait:
            self._sleep(wait)


@cache
def pace_of(channel_id: int, per_minute: int) -> Pace:
    """The pace of one channel: the sessions of this process keep it together."""
    return Pace(per_minute)


class SdpClient:
    """Calls below `base`."""

    def __init__(
        self, base: str, token: CloudToken | TechnicianKey, *, door: HttpDoor, pace: Pace
    ) -> None:
        self.base = base.rstrip("/")
        self._token = token
        self._door = door
        self._pace = pace
        self.date = ""

    def close(self) -> None:
        """Give the connections back."""
        self._door.close()

    def get(self, path: str, input_data: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """An object; None where it is not there."""
        params = {"input_data": _text(input_data)} if input_data else {}
        try:
            return self._judged_call("GET", path, params=params)
        except SdpRefusal as problem:
            if _ABSENT in problem.codes:
                return None
            raise

    def rows(self, path: str, key: str, list_info: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """All rows of a list; a row may come twice. Pages end where nothing new comes."""
        start, seen = 1, set[str]()
        for _page in range(MOST_PAGES):
            info = {**list_info, "row_count": PAGE, "start_index": start}
            found = self.get(path, {"list_info": info})
            if found is None:
                return
            rows = _list_in(found, key)
            new = [one for one in rows if isinstance(one, dict) and str(one.get("id")) not in seen]
            seen.update(str(one.get("id")) for one in new)
            yield from new
            if not new or not _more(found.get("list_info"), start, len(rows)):
                return
            start += max(1, len(rows) - BORDER)

    def send(self, method: str, path: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Create or change: form-encoded `input_data`."""
        return self._judged_call(method, path, data={"input_data": _text(given)})

    def upload(self, path: str, name: str, content: bytes, kind: str) -> dict[str, Any]:
        """One file for each call."""
        files = {"input_file": (name, content, kind or "application/octet-stream")}
        return self._judged_call("PUT", path, files=files, repeat=False)

    def download(self, path: str) -> bytes:
        """The bytes of an attachment."""
        answer = self._call("GET", path)
        if answer.status >= 400:
            self._judged(answer)
        return answer.content

    def _judged_call(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        """The answer's object. That the token ended may be said inside an answer of 200 or 400."""
        try:
            return self._judged(self._call(method, path, **what))
        except SdpRefusal as problem:
            if _SIGN_IN not in problem.codes:
                raise
        self._token.renew()
        return self._judged(self._call(method, path, **what))

    def _call(self, method: str, path: str, **what: Any) -> Answer:
        try:
            answer = self._once(method, path, what)
            if answer.status == 401:
                self._token.renew()
                answer = self._once(method, path, what)
        except HttpProblem as problem:
            raise trouble(problem) from problem
        self.date = answer.headers.get("date", "")
        if answer.status == 401:
            raise RemoteTrouble(_("ServiceDesk Plus did not accept the key."), refused=True)
        return answer

    def _once(self, method: str, path: str, what: dict[str, Any]) -> Answer:
        self._pace.wait()
        headers = {"Accept": ACCEPT, **self._token.headers()}
        # 4015 comes with 400 and 429 with the rest: both are read, not repeated here.
        return self._door.request(
            method, f"{self.base}/{path}", accept=_READABLE, headers=headers, **what
        )

    def _judged(self, answer: Answer) -> dict[str, Any]:
        """The answer's object. HTTP's status says little: 200 may be a refusal."""
        try:
            found = answer.json()
        except HttpProblem as problem:
            if answer.status == 404:
                raise SdpRefusal((_ABSENT,), problem.message, permanent=True) from None
            raise trouble(problem) from problem
        if not isinstance(found, dict):
            raise Surprise(_("ServiceDesk Plus answered with something that is no object."), found)
        status = found.get("response_status")
        statuses = status if isinstance(status, list) else [status]
        messages = [
            one
            for part in statuses if isinstance(part, dict)
            for one in part.get("messages") or [] if isinstance(one, dict)
        ]  # fmt: skip
        codes = tuple(_code(one) for one in messages)
        failed = any(
            _code(part) >= 4000 or part.get("status") in {"failed", "failure"}
            for part in statuses if isinstance(part, dict)
        )  # fmt: skip
        failed = failed or any(code >= 4000 or code == _SIGN_IN for code in codes)
        if answer.status >= 400 or failed:
            raise _refusal(answer.status, codes, messages)
        return found


def _list_in(found: Mapping[str, Any], key: str) -> list[Any]:
    """The rows of a list's answer; older builds put another word before it, and an empty list may
    be left out. Raises Surprise for anything else."""
    rows = next((found[one] for one in (key, f"request_{key}") if one in found), None)
    if rows is None and "response_status" in found:
        return []
    if not isinstance(rows, list):
        raise Surprise(_("ServiceDesk Plus answered with something that is no list."), rows)
    return rows


def _more(about: object, start: int, count: int) -> bool:
    """Whether rows come after these, as far as the list says so."""
    if isinstance(about, Mapping):
        if "has_more_rows" in about:
            return str(about["has_more_rows"]).lower() == "true"
        total = str(about.get("total_count") or "")
        if total.isdigit():
            return start - 1 + count < int(total)
    return count >= PAGE


def _refusal(status: int, codes: tuple[int, ...], messages: list[dict[str, Any]]) -> RemoteTrouble:
    said = "; ".join(filter(None, (_said(one) for one in messages)))
    words = _("ServiceDesk Plus refused: %(words)s (%(code)s)") % {
        "words": said[:220] or "–",
        "code": ", ".join(str(code) for code in codes) or status,
    }
    if _RATE in codes or status == 429:
        return SdpRefusal(codes, words, retry_after=PATIENCE)
    if _SIGN_IN in codes:
        return SdpRefusal(codes, words, refused=True)
    if status == 404 and not codes:
        codes = (_ABSENT,)
    return SdpRefusal(codes, words, permanent=True)


def _said(message: Mapping[str, Any]) -> str:
    fields = message.get("fields") or message.get("field") or ""
    named = ", ".join(map(str, fields)) if isinstance(fields, list) else str(fields)
    text = str(message.get("message") or "")
    return f"{named}: {text}" if named and text else text or named


def _code(part: Mapping[str, Any]) -> int:
    text = str(part.get("status_code") or "0")
    return int(text) if text.isdigit() else 0


def _text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
