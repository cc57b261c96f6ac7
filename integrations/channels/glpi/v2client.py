"""GLPI 11's high-level API v2: a token, its errors, its pages."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from integrations.federation.http import trouble
from integrations.federation.port import RemoteTrouble, Surprise
from omnidesk.core.http import Answer, HttpDoor, HttpProblem

PAGE: Final = 100
BORDER: Final = 5
MOST_PAGES: Final = 20_000
_READABLE: Final = tuple(one for one in range(400, 428) if one not in {408, 425})


class V2Refusal(RemoteTrouble):
    """GLPI said no; `status` is HTTP's."""

    def __init__(self, status: int, words: str, **what: Any) -> None:
        super().__init__(words, **what)
        self.status = status


class GlpiV2Client:
    """Calls below `{base}/api.php/v2`; the token is made when needed and once more when it ended.

    With user name and password the grant is `password`, else `client_credentials`.
    """

    def __init__(
        self, base: str, *, client_id: str, client_secret: str, login: str, password: str,
        door: HttpDoor,
    ) -> None:  # fmt: skip
        self._base = f"{base.rstrip('/')}/api.php"
        self._form = {"client_id": client_id, "client_secret": client_secret, "scope": "api"}
        if login:
            self._form |= {"grant_type": "password", "username": login, "password": password}
        else:
            self._form |= {"grant_type": "client_credentials"}
        self._door = door
        self._token = ""
        self.date = ""

    def close(self) -> None:
        """Give the connections back."""
        self._door.close()

    def get(self, path: str) -> Any:
        """What GLPI answers; None where it is not there."""
        try:
            return self._json(self._call("GET", path))
        except V2Refusal as problem:
            if problem.status == 404:
                return None
            raise

    def rows(self, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """All rows of a list. They come by number, so a change while we read moves none; a row
        may come twice."""
        start, seen = 0, set[str]()
        for _page in range(MOST_PAGES):
            limits = {"start": str(start), "limit": str(PAGE)}
            answer = self._call("GET", path, params={**params, **limits})
            found = self._json(answer)
            if not isinstance(found, list):
                raise Surprise(_("GLPI answered with something that is no list."), found)
            yield from (one for one in found if isinstance(one, dict))
            before = len(seen)
            seen.update(map(repr, found))
            total = answer.headers.get("content-range", "").partition("/")[2].strip()
            end = start + len(found)
            if len(seen) == before or (total.isdigit() and end >= int(total)):
                return
            if not total.isdigit() and answer.status == 200 and len(found) < PAGE:
                return
            start = max(start + 1, end - BORDER)

    def send(self, method: str, path: str, given: Mapping[str, Any]) -> Any:
        """Create (POST) or change (PATCH)."""
        return self._json(self._call(method, path, json=dict(given)))

    def download(self, path: str) -> bytes:
        """The bytes of a document."""
        return self._call("GET", path, headers={"Accept": "*/*"}).content

    def _call(self, method: str, path: str, **what: Any) -> Answer:
        try:
            if not self._token:
                self._renew()
            answer = self._once(method, path, what)
            if answer.status == 401:
                self._renew()
                answer = self._once(method, path, what)
        except HttpProblem as problem:
            raise trouble(problem) from problem
        self.date = answer.headers.get("date", "")
        if answer.status >= 400:
            raise _refusal(answer)
        return answer

    def _once(self, method: str, path: str, what: dict[str, Any]) -> Answer:
        headers = {"Accept": "application/json", **(what.get("headers") or {})}
        headers["Authorization"] = f"Bearer {self._token}"
        return self._door.request(
            method, f"{self._base}/v2/{path}", accept=_READABLE, **{**what, "headers": headers}
        )

    def _renew(self) -> None:
        self._token = ""
        answer = self._door.request(
            "POST", f"{self._base}/token", data=self._form, accept=_READABLE,
            headers={"Accept": "application/json"}, repeat=True,
        )  # fmt: skip
        if answer.status >= 400:
            raise _refusal(answer, refused=True)
        found = self._json(answer)
        self._token = str(found.get("access_token") or "") if isinstance(found, dict) else ""
        if not self._token:
            raise RemoteTrouble(_("GLPI opened no session."), refused=True)

    @staticmethod
    def _json(answer: Answer) -> Any:
        if not answer.content:
            return {}
        try:
            return answer.json()
        except HttpProblem as problem:
            raise trouble(problem) from problem


def _refusal(answer: Answer, *, refused: bool = False) -> V2Refusal:
    try:
        found = answer.json()
    except HttpProblem:
        found = None
    part = found if isinstance(found, dict) else {}
    code = str(part.get("status") or part.get("error") or answer.status)
    said = [str(part.get(name) or "") for name in ("title", "detail", "error_description")]
    sentence = _("GLPI refused: %(words)s (%(code)s)") % {
        "words": " ".join(filter(None, said))[:200] or "–", "code": code[:60],
    }  # fmt: skip
    refused = refused or answer.status == 401
    return V2Refusal(answer.status, sentence, permanent=not refused, refused=refused)
