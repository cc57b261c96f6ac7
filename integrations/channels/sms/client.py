"""The provider's REST interface: three calls, each judged by what a failure means."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urljoin

from django.utils.translation import gettext as _

from integrations.base import TransportError
from integrations.channels.sms.codes import words_for
from integrations.models import Channel
from omnidesk.core.http import Answer, HttpDoor, HttpProblem
from omnidesk.core.vault import UnreadableSecret

VERSION: Final = "2010-04-01"
TIMEOUT: Final = 15.0  # seconds
LATER: Final = 500
MAX_HOPS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Client:
    """Speaks for one channel's account."""

    def __init__(self, channel: Channel) -> None:
        settings = channel.settings
        self.account = str(settings["account_sid"])
        self.base = str(settings.get("api_url") or "https://api.twilio.com").rstrip("/")
        try:
            key = str(settings.get("api_key_sid") or "")
            secret = channel.secret("api_key_secret" if key else "auth_token")
        except UnreadableSecret as problem:
            raise TransportError(str(problem)) from problem
        self.auth = (key or self.account, secret)

    def send(self, form: Mapping[str, str], handing_over: Callable[[], None]) -> dict[str, Any]:
        """Post one message. No key makes it idempotent: a lost answer is uncertain."""
        handing_over()
        answer = self._call("POST", f"{self._account_path()}/Messages.json", data=dict(form))
        said = _object(answer)
        if not said.get("sid"):
            raise TransportError(_("The provider's answer names no message."), uncertain=True)
        return said

    def account_name(self) -> str:
        """The account's name: a call that changes nothing."""
        said = _object(self._call("GET", f"{self._account_path()}.json"))
        return str(said.get("friendly_name") or self.account)

    def media(self, url: str, limit: int) -> Answer:
        """A file of a message. Our credentials go only to the provider, not where it leads."""
        for _hop in range(MAX_HOPS):
            ours = url.startswith(f"{self.base}/{VERSION}/")
            auth = self.auth if ours else None
            answer = self._call("GET", url, size_limit=limit, auth=auth, accept=_REDIRECTS)
            if answer.status not in _REDIRECTS:
                return answer
            url = urljoin(url, answer.headers.get("location", ""))
        raise TransportError(_("The file's address leads in circles."), permanent=True)

    def _account_path(self) -> str:
        return f"{self.base}/{VERSION}/Accounts/{self.account}"

    def _call(self, method: str, url: str, *, size_limit: int = 2**20, **what: Any) -> Answer:
        what.setdefault("auth", self.auth)
        try:
            with HttpDoor(timeout=TIMEOUT, tries=1, size_limit=size_limit) as door:
                return door.request(method, url, **what)
        except HttpProblem as problem:
            raise _judged(problem) from problem


def _object(answer: Answer) -> dict[str, Any]:
    try:
        said = answer.json()
    except HttpProblem as problem:
        raise TransportError(problem.message, uncertain=True) from problem
    if not isinstance(said, dict):
        raise TransportError(_("The provider's answer cannot be read."), uncertain=True)
    return said


def _judged(problem: HttpProblem) -> TransportError:
    code, words = _error_in(problem.body)
    said = words_for(code) or words or problem.message
    if problem.status in {401, 403}:
        return TransportError(said, refused=True)
    if problem.status == 429 or problem.status >= LATER:
        # The contract: these were not taken and may be tried again.
        return TransportError(said, retry_after=problem.retry_after or 0)
    if problem.status:
        return TransportError(said, permanent=True)
    return TransportError(
        problem.message, permanent=problem.permanent, uncertain=problem.uncertain,
        retry_after=problem.retry_after or 0,
    )  # fmt: skip


def _error_in(body: bytes) -> tuple[str, str]:
    """Code and words of an error, in the old shape and the newer one (RFC 9457)."""
    try:
        said = Answer(0, {}, body, "").json()  # type: ignore[arg-type]
    except HttpProblem:
        return "", ""
    if not isinstance(said, dict):
        return "", ""
    words = said.get("message") or said.get("detail") or said.get("title") or ""
    return str(said.get("code") or ""), str(words)[:200]
