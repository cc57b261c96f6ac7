"""The v3 interface: read a request, write a note. Judged by `response_status`, not by HTTP."""

import json
from typing import Any, Final

from django.utils.translation import gettext as _

from integrations.base import TransportError
from integrations.models import Channel
from omnidesk.core.http import Answer, HttpDoor, HttpProblem
from omnidesk.core.vault import UnreadableSecret

ACCEPT: Final = "application/vnd.manageengine.sdp.v3+json"
SUCCESS: Final = 2000
RATE_LIMIT: Final = 4015
TIMEOUT: Final = 15.0  # seconds
JUDGED: Final = (400, 401, 403, 404, 415, 429)


class Client:
    """Speaks for one channel; use as a context manager."""

    def __init__(self, channel: Channel) -> None:
        self.settings = channel.settings
        self.base = str(channel.settings.get("url", "")).rstrip("/")
        try:
            self.authtoken = channel.secret("authtoken")
            self.client_secret = channel.secret("client_secret")
            self.refresh_token = channel.secret("refresh_token")
        except UnreadableSecret as problem:
            raise TransportError(str(problem)) from problem
        self.access = ""
        self.door = HttpDoor(timeout=TIMEOUT, tries=1, headers={"Accept": ACCEPT})

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *problem: object) -> None:
        self.door.close()

    @property
    def ready(self) -> bool:
        """Whether address and credentials are there."""
        return bool(self.base and (self.authtoken or self.refresh_token))

    def request(self, remote_id: str) -> dict[str, Any]:
        """One request as it is now."""
        said = self._call("GET", f"/requests/{remote_id}")
        row = said.get("request")
        if not isinstance(row, dict):
            raise TransportError(_("The answer holds no request."), permanent=True)
        return row

    def note_texts(self, remote_id: str) -> list[str]:
        """The descriptions of a request's notes, the newest hundred."""
        listed = {"list_info": {"row_count": 100, "sort_field": "added_time", "sort_order": "desc"}}
        said = self._call("GET", f"/requests/{remote_id}/notes", listed)
        rows = said.get("notes") or said.get("request_notes") or []
        return [str(one.get("description", "")) for one in rows if isinstance(one, dict)]

    def add_note(self, remote_id: str, html: str) -> None:
        """Write a note for technicians alone."""
        key = str(self.settings.get("note_key") or "note")
        note = {"description": html, "show_to_requester": False, "notify_technician": False}
        path = f"/requests/{remote_id}/notes"
        try:
            self._call("POST", path, {key: note})
        except TransportError as problem:
            if not problem.permanent:
                raise
            # Versions differ in the key: the other one, once.
            other = "request_note" if key == "note" else "note"
            self._call("POST", path, {other: note})

    def count(self) -> int:
        """How many requests there are: a call that changes nothing."""
        said = self._call(
            "GET", "/requests", {"list_info": {"row_count": 1, "get_total_count": True}}
        )
        info = said.get("list_info")
        return int(info.get("total_count") or 0) if isinstance(info, dict) else 0

    def _call(
        self, method: str, path: str, data: dict[str, Any] | None = None, *, again: bool = True
    ) -> dict[str, Any]:
        where = "params" if method == "GET" else "data"
        what: dict[str, Any] = {where: {"input_data": json.dumps(data)}} if data else {}
        try:
            answer = self.door.request(
                method, f"{self.base}{path}", accept=JUDGED, headers=self._credentials(), **what
            )
        except HttpProblem as problem:
            raise TransportError(
                problem.message, problem.permanent, uncertain=problem.uncertain,
                retry_after=problem.retry_after or 0,
            ) from problem  # fmt: skip
        if answer.status == 401 and self.refresh_token and again:
            self.access = ""
            return self._call(method, path, data, again=False)
        return _judged(answer)

    def _credentials(self) -> dict[str, str]:
        if not self.refresh_token:
            return {"authtoken": self.authtoken}
        if not self.access:
            self.access = self._refreshed()
        return {"Authorization": f"Zoho-oauthtoken {self.access}"}

    def _refreshed(self) -> str:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token,
            "client_id": str(self.settings.get("client_id", "")),
            "client_secret": self.client_secret,
        }
        url = f"{str(self.settings.get('accounts_url', '')).rstrip('/')}/oauth/v2/token"
        try:
            said = self.door.request("POST", url, accept=(400, 401), data=form).json()
        except HttpProblem as problem:
            raise TransportError(problem.message, problem.permanent) from problem
        token = said.get("access_token") if isinstance(said, dict) else None
        if not token:
            # A refused refresh is often a 200 with {"error": ..}.
            raise TransportError(_("The sign-in server refused the refresh token."), refused=True)
        return str(token)


def _judged(answer: Answer) -> dict[str, Any]:
    try:
        said = answer.json()
    except HttpProblem as problem:
        raise TransportError(problem.message, answer.status < 500) from problem
    said = said if isinstance(said, dict) else {}
    status = said.get("response_status")
    first = status[0] if isinstance(status, list) and status else status
    outer = first if isinstance(first, dict) else {}
    inner = [one for one in outer.get("messages") or [] if isinstance(one, dict)]
    if answer.status < 300 and outer.get("status_code") == SUCCESS:
        return said
    codes = {one.get("status_code") for one in inner}
    words = "; ".join(str(one["message"])[:120] for one in inner if one.get("message"))
    words = words or _("ServiceDesk Plus answered with error %(status)d.") % {
        "status": answer.status
    }
    if answer.status in {401, 403} or 401 in codes:
        raise TransportError(words, refused=True)
    if answer.status == 429 or RATE_LIMIT in codes:
        raise TransportError(words, retry_after=60)
    raise TransportError(words, permanent=True)


def test(channel: Channel) -> str:
    """Count the requests. Raises TransportError."""
    with Client(channel) as client:
        if not client.ready:
            return _("Calls are taken; nothing is fetched or written back without credentials.")
        return _("Signed in: %(count)d requests.") % {"count": client.count()}
