"""GLPI's legacy REST API (`apirest.php`): one session, its errors, its ranges."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from django.utils.translation import gettext as _

from integrations.federation.http import trouble
from integrations.federation.port import RemoteTrouble, Surprise
from omnidesk.core.http import Answer, HttpDoor, HttpProblem

PAGE: Final = 100
# Rows read twice at page borders: a row deleted meanwhile moves the rest up.
BORDER: Final = 5
MOST_PAGES: Final = 20_000
_READABLE: Final = tuple(one for one in range(400, 428) if one not in {408, 425})
_REFUSED: Final = frozenset(
    {
        "ERROR_APP_TOKEN_PARAMETERS_MISSING", "ERROR_WRONG_APP_TOKEN_PARAMETER",
        "ERROR_LOGIN_PARAMETERS_MISSING", "ERROR_LOGIN_WITH_CREDENTIALS_DISABLED",
        "ERROR_NOT_ALLOWED_IP", "ERROR_GLPI_LOGIN", "ERROR_GLPI_LOGIN_USER_TOKEN",
    }
)  # fmt: skip
_ENDED: Final = frozenset({"ERROR_SESSION_TOKEN_INVALID", "ERROR_SESSION_TOKEN_MISSING"})
_ABSENT: Final = frozenset({"ERROR_ITEM_NOT_FOUND"})


class GlpiRefusal(RemoteTrouble):
    """GLPI said no; `code` is its word for why."""

    def __init__(self, code: str, words: str, **what: Any) -> None:
        super().__init__(words, **what)
        self.code = code


class GlpiClient:
    """Calls below `base`; opens the session when it is first needed and once more when it ended."""

    def __init__(
        self, base: str, *, app_token: str, user_token: str, login: str, password: str,
        door: HttpDoor,
    ) -> None:  # fmt: skip
        self.base = base.rstrip("/")
        self._app_token = app_token
        self._user_token = user_token
        self._basic = (login, password) if login and not user_token else None
        self._door = door
        self._session = ""

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """What GLPI answers, read as JSON. None where the item is not there."""
        try:
            return self._call("GET", path, params=dict(params or {})).json()
        except GlpiRefusal as problem:
            if problem.code in _ABSENT:
                return None
            raise
        except HttpProblem as problem:
            raise trouble(problem) from problem

    def rows(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """All rows of a list, page by page. A row may come twice."""
        for found in self._pages(path, params or {}):
            if not isinstance(found, list):
                raise Surprise(_("GLPI answered with something that is no list."), found)
            yield from (one for one in found if isinstance(one, dict))

    def search(self, itemtype: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """All rows that the search engine finds: option number -> value. A row may come twice."""
        for found in self._pages(f"search/{itemtype}", params):
            if not isinstance(found, dict):
                raise Surprise(_("GLPI answered a search with something else."), found)
            yield from (one for one in _data(found) if isinstance(one, dict))

    def _pages(self, path: str, params: Mapping[str, Any]) -> Iterator[Any]:
        """The answers of a list, until one says that it was the last, or brings nothing new."""
        start, seen = 0, set[str]()
        for _page in range(MOST_PAGES):
            asked = {**params, "range": f"{start}-{start + PAGE - 1}"}
            try:
                answer = self._call("GET", path, params=asked)
            except GlpiRefusal as problem:
                if problem.code == "ERROR_RANGE_EXCEED_TOTAL" and start:
                    return  # rows were deleted while we read
                raise
            found = _json(answer)
            yield found
            rows = found if isinstance(found, list) else _data(found)
            before = len(seen)
            seen.update(map(repr, rows))
            if len(seen) == before or not _more(answer, found, start, len(rows)):
                return
            start += max(1, len(rows) - BORDER)

    def send(self, method: str, path: str, given: Mapping[str, Any]) -> Any:
        """Create (POST) or update (PUT) with `input`; what GLPI answers."""
        return _json(self._call(method, path, json={"input": given}))

    def upload(self, manifest: Mapping[str, Any], name: str, content: bytes, kind: str) -> Any:
        """Create a document from bytes."""
        files = {
            "uploadManifest": (None, json.dumps({"input": manifest}), "application/json"),
            "filename[0]": (name, content, kind or "application/octet-stream"),
        }
        return _json(self._call("POST", "Document", files=files))

    def download(self, path: str) -> bytes:
        """The bytes of a document."""
        headers = {"Accept": "application/octet-stream"}
        return self._call("GET", path, headers=headers).content

    def close(self) -> None:
        """End the session; a failure to do so hurts nobody."""
        try:
            if self._session:
                with suppress(HttpProblem, RemoteTrouble):
                    self._once("GET", "killSession", {})
        finally:
            self._session = ""
            self._door.close()

    def server_time(self) -> str:
        """The `Date` of the latest answer, '' where the server sends none."""
        return self._date

    _date = ""

    def _call(self, method: str, path: str, **what: Any) -> Answer:
        try:
            if not self._session:
                self._open()
            try:
                return self._once(method, path, what)
            except GlpiRefusal as problem:
                if problem.code not in _ENDED:
                    raise
            self._open()
            return self._once(method, path, what)
        except HttpProblem as problem:
            raise trouble(problem) from problem

    def _open(self) -> None:
        self._session = ""
        headers = {} if self._basic else {"Authorization": f"user_token {self._user_token}"}
        found = _json(self._once("GET", "initSession", {"headers": headers, "auth": self._basic}))
        token = found.get("session_token") if isinstance(found, dict) else None
        if not token:
            raise RemoteTrouble(_("GLPI opened no session."), refused=True)
        self._session = str(token)

    def _once(self, method: str, path: str, what: dict[str, Any]) -> Answer:
        headers = {"App-Token": self._app_token} if self._app_token else {}
        if self._session:
            headers["Session-Token"] = self._session
        if "files" not in what:
            headers["Content-Type"] = "application/json"
        answer = self._door.request(
            method,
            f"{self.base}/{path}",
            accept=_READABLE,
            **{**what, "headers": {**headers, **(what.get("headers") or {})}},
        )
        self._date = answer.headers.get("date", "")
        if answer.status >= 400:
            raise _refusal(answer)
        return answer


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except HttpProblem as problem:
        raise trouble(problem) from problem


def _data(found: Any) -> list[Any]:
    """The rows of a search: a list, or an object by number; absent where there are none."""
    data = found.get("data") if isinstance(found, dict) else None
    if isinstance(data, dict):
        return list(data.values())
    return data if isinstance(data, list) else []


def _more(answer: Answer, found: Any, start: int, count: int) -> bool:
    """Whether rows come after these: by the total, where it is told, else by status and length."""
    told = found.get("totalcount") if isinstance(found, dict) else None
    total = str(told or answer.headers.get("content-range", "").partition("/")[2]).strip()
    if total.isdigit():
        return start + count < int(total)
    return answer.status == 206 or count >= PAGE


def _refusal(answer: Answer) -> GlpiRefusal:
    """GLPI's two-element array as an exception."""
    code, words = "", ""
    try:
        found = answer.json()
    except HttpProblem:
        found = None
    if isinstance(found, list) and found:
        code = str(found[0])
        words = str(found[1] or "") if len(found) > 1 else ""
    sentence = _("GLPI refused: %(words)s (%(code)s)") % {
        "words": words[:200] or "–", "code": code or answer.status,
    }  # fmt: skip
    refused = code in _REFUSED or (answer.status == 401 and code not in _ENDED)
    return GlpiRefusal(
        code,
        sentence,
        permanent=not refused and code not in _ENDED,
        refused=refused,
        everywhere=code in _ENDED,
    )
