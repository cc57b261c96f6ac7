"""One OData service of a Solution Manager: its token, its cookies, its errors."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from django.utils.translation import gettext as _

from integrations.channels.solman.formats import LOCKED, problem_of, results
from integrations.federation.http import trouble
from integrations.federation.port import RemoteTrouble
from omnidesk.core.http import Answer, HttpDoor, HttpProblem

PATH: Final = "/sap/opu/odata/sap"
MOST_PAGES: Final = 2000
_READABLE: Final = (*(one for one in range(400, 428) if one not in {408, 425}), 501)


class SapRefusal(RemoteTrouble):
    """SAP said no; `status` is HTTP's, `code` its own."""

    def __init__(self, status: int, code: str, words: str, **what: Any) -> None:
        super().__init__(words, **what)
        self.status = status
        self.code = code


class ODataService:
    """Calls below one service. Token and cookies belong together: one door for each service."""

    def __init__(
        self, base: str, service: str, *, client: str, language: str, login: str, password: str,
        door: HttpDoor,
    ) -> None:  # fmt: skip
        root = base.rstrip("/")
        if PATH not in root:
            root += PATH
        self.root = f"{root.partition(PATH)[0]}{PATH}/{service}/"
        self._params = {"sap-client": client, "sap-language": language}
        self._auth = (login, password)
        self._door = door
        self._token = ""
        self.date = ""

    def close(self) -> None:
        """Give the connections back."""
        self._door.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """An entity or collection as JSON; None where it is not there."""
        try:
            return self._json(self._call("GET", self._address(path, params)))
        except SapRefusal as problem:
            if problem.status == 404:
                return None
            raise

    def rows(
        self, path: str, params: Mapping[str, str] | None = None, *, counted: bool = True
    ) -> Iterator[dict[str, Any]]:
        """A collection page by page: `__next` verbatim, else by `$skip` while the count says
        that there is more. A page that brings nothing new ends it: `$skip` may be ignored.

        Not `counted`: no count is asked for, which some services refuse. A row may come twice.
        """
        asked = {**(params or {}), **({"$inlinecount": "allpages"} if counted else {})}
        seen: set[str] = set()
        address = self._address(path, asked)
        for _page in range(MOST_PAGES):
            found = self._json(self._call("GET", address))
            rows = results(found)
            before = len(seen)
            seen.update(map(_key, rows))
            yield from rows
            inside = found.get("d") if isinstance(found, dict) else None
            following = str(inside.get("__next") or "") if isinstance(inside, dict) else ""
            count = str(inside.get("__count") or "") if isinstance(inside, dict) else ""
            if len(seen) == before:
                return
            if following:
                address = self._on_our_server(following)
            elif count.isdigit() and int(count) > len(seen):
                address = self._address(path, {**asked, "$skip": str(len(seen))})
            else:
                return

    def below(self, path: str) -> list[dict[str, Any]]:
        """All that hangs on an entity; nothing where the entity is gone."""
        try:
            return list(self.rows(path, counted=False))
        except SapRefusal as problem:
            if problem.status == 404:
                return []
            raise

    def post(self, path: str, given: Mapping[str, Any]) -> Any:
        """Create an entity."""
        return self._json(self._call("POST", self._address(path), json=dict(given)))

    def upload(self, path: str, name: str, content: bytes, kind: str) -> None:
        """Create a media entity from bytes. Its name travels in a header, once for each dialect."""
        encoded = quote(name, safe="")
        headers = {
            "Content-Type": kind or "application/octet-stream",
            "content-disposition": f'inline; filename="{encoded}"',
            "Slug": encoded,
        }
        self._call("POST", self._address(path), content=content, headers=headers)

    def act(self, name: str, params: Mapping[str, str]) -> Any:
        """A function import that changes something though it is a GET: with token, never twice."""
        return self._json(self._call("GET", self._address(name, params), changes=True))

    def download(self, address: str, *, html: bool = False) -> bytes:
        """The bytes behind a media address; `html`: they may be a page."""
        return self._call("GET", self._on_our_server(address), html=html, any_kind=True).content

    def metadata(self) -> bytes:
        """The service's description, XML."""
        return self._call("GET", self._address("$metadata"), any_kind=True, xml=True).content

    def _address(self, path: str, params: Mapping[str, str] | None = None) -> str:
        query = "&".join(
            f"{name}={quote(value, safe='')}" for name, value in
            {**self._params, **(params or {})}.items()
        )  # fmt: skip
        return f"{self.root}{path}?{query}"

    def _on_our_server(self, address: str) -> str:
        """An address that SAP gave us, on the server that was entered: behind a proxy SAP knows
        itself by another name, and our password goes to no other server."""
        ours = urlsplit(self.root)
        theirs = urlsplit(urljoin(self.root, address))
        return urlunsplit(theirs._replace(scheme=ours.scheme, netloc=ours.netloc))

    def _call(
        self, method: str, address: str, *, changes: bool = False, html: bool = False,
        any_kind: bool = False, xml: bool = False, **what: Any,
    ) -> Answer:  # fmt: skip
        """Raises SapRefusal, and RemoteTrouble for a page to sign in: it comes with 200 where a
        session ended (then a new one is opened once) and where credentials are refused."""
        writes = method != "GET" or changes
        try:
            answer = self._attempt(method, address, writes, xml, what)
            if not html and _is_page(answer, any_kind=any_kind):
                self._door.forget_cookies()
                self._token = ""
                answer = self._attempt(method, address, writes, xml, what)
        except HttpProblem as problem:
            raise trouble(problem) from problem
        self.date = answer.headers.get("date", "")
        if answer.status >= 400:
            raise _refusal(answer)
        if not html and _is_page(answer, any_kind=any_kind):
            raise _signed_out()
        return answer

    def _attempt(
        self, method: str, address: str, writes: bool, xml: bool, what: dict[str, Any]
    ) -> Answer:
        """One call, with a token where it changes something; once more where SAP wants another."""
        if writes and not self._token:
            self._fetch_token()
        answer = self._once(method, address, writes, xml, what)
        required = answer.headers.get("x-csrf-token", "").lower() == "required"
        if writes and answer.status == 403 and required:
            self._fetch_token()
            answer = self._once(method, address, writes, xml, what)
        return answer

    def _once(
        self, method: str, address: str, writes: bool, xml: bool, what: dict[str, Any]
    ) -> Answer:
        headers = {"Accept": "application/xml" if xml else "application/json"}
        if writes:
            headers["X-CSRF-Token"] = self._token
        headers |= what.get("headers") or {}
        return self._door.request(
            method, address, accept=_READABLE, auth=self._auth, repeat=False if writes else None,
            **{**what, "headers": headers},
        )  # fmt: skip

    def _fetch_token(self) -> None:
        self._door.forget_cookies()
        answer = self._door.request(
            "GET", self._address(""), accept=_READABLE, auth=self._auth,
            headers={"Accept": "application/json", "X-CSRF-Token": "Fetch"},
        )  # fmt: skip
        if answer.status >= 400:
            raise _refusal(answer)
        if _is_page(answer):
            raise _signed_out()
        self._token = answer.headers.get("x-csrf-token", "")
        if not self._token:
            raise RemoteTrouble(_("SAP gave no token for writing."), everywhere=True)

    @staticmethod
    def _json(answer: Answer) -> Any:
        if not answer.content:
            return {}
        try:
            return answer.json()
        except HttpProblem as problem:
            raise trouble(problem) from problem


def _key(row: Mapping[str, Any]) -> str:
    meta = row.get("__metadata")
    uri = meta.get("uri") if isinstance(meta, Mapping) else ""
    return str(uri or row.get("Guid") or sorted(map(str, row.items())))


def _is_page(answer: Answer, *, any_kind: bool = False) -> bool:
    """Whether a page came where data was asked for, of `any_kind` or JSON."""
    if answer.status >= 400 or not answer.content:
        return False
    begins = answer.content.lstrip()[:1] == b"<"
    return "html" in answer.headers.get("content-type", "") or (begins and not any_kind)


def _signed_out() -> RemoteTrouble:
    return RemoteTrouble(
        _("SAP shows its sign-in page: user name or password is wrong, or expired."), refused=True
    )


def _refusal(answer: Answer) -> SapRefusal:
    code, words = problem_of(answer.content)
    status = answer.status
    if status == 401:
        words = _("SAP did not accept user name and password.")
        return SapRefusal(status, code, words, refused=True)
    if status == 403 and not words:
        words = _("SAP says that an authorisation is missing.")
    sentence = _("SAP refused: %(words)s (%(code)s)") % {
        "words": words[:220] or "–", "code": code or status,
    }  # fmt: skip
    # Somebody works on the ticket at this moment: it opens again.
    return SapRefusal(status, code, sentence, permanent=code != LOCKED)
