"""A strict stand-in for ServiceDesk Plus v3 on loopback: requests, notes, sign-in of both kinds."""

import json
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.http import Asked, FakeServer, Said

KEY = "a technician key"
REFRESH = "1000.refresh"
ACCEPT = "application/vnd.manageengine.sdp.v3+json"
OK = {"status_code": 2000, "status": "success"}


class ServiceDesk:
    """Requests by id and their notes. `fail` holds answers to give before serving again."""

    def __init__(self, *, note_key: str = "note", cloud: bool = False) -> None:
        self.requests: dict[str, dict[str, Any]] = {}
        self.notes: dict[str, list[dict[str, Any]]] = {}
        self.note_key = note_key
        self.cloud = cloud
        self.token = ""
        self.refreshed = 0
        self.calls: list[str] = []
        self.fail: list[Said] = []
        self.violations: list[str] = []
        self.server = FakeServer(self._handle)
        self.url = f"{self.server.url}/api/v3"

    def put(self, remote_id: str, **fields: Any) -> None:
        """A request as it is over there."""
        self.requests[remote_id] = {
            "id": remote_id, "subject": "Printer dead", "description": "<p>It smokes.</p>",
            "status": {"name": "Open"}, "priority": {"name": "High"},
            "requester": {"id": "9", "name": "Dana", "email_id": "dana@nordwerk.example"},
            "last_updated_time": {"value": "1700000000000"}, **fields,
        }  # fmt: skip

    def _handle(self, asked: Asked) -> Said:
        if asked.path == "/oauth/v2/token":
            return self._refresh(asked)
        self.calls.append(f"{asked.method} {asked.path}")
        if asked.headers.get("accept") != ACCEPT:
            self.violations.append(f"accept: {asked.headers.get('accept')}")
            return _failed(415, 4015, "Unsupported media type")
        if not self._signed_in(asked):
            return _failed(401, 401, "Unauthorized")
        if self.fail:
            said = self.fail.pop(0)
            if said.drop:
                self._serve(asked)
            return said
        return self._serve(asked)

    def _signed_in(self, asked: Asked) -> bool:
        if self.cloud:
            given = asked.headers.get("authorization")
            return bool(self.token) and given == f"Zoho-oauthtoken {self.token}"
        return asked.headers.get("authtoken") == KEY

    def _refresh(self, asked: Asked) -> Said:
        form = parse_qs(asked.body.decode())
        if form.get("refresh_token") != [REFRESH] or form.get("grant_type") != ["refresh_token"]:
            return Said(200, {"error": "invalid_code"})
        self.refreshed += 1
        self.token = f"1000.access{self.refreshed}"
        return Said(200, {"access_token": self.token, "expires_in": 3600})

    def _serve(self, asked: Asked) -> Said:
        parts = asked.path.removeprefix("/api/v3/").split("/")
        if asked.path == "/api/v3/requests" and asked.method == "GET":
            info = {"total_count": len(self.requests), "has_more_rows": False}
            return Said(200, {"response_status": [OK], "list_info": info, "requests": []})
        found = self.requests.get(parts[1]) if len(parts) > 1 else None
        if parts[0] != "requests" or found is None:
            return _failed(404, 4007, "Resource not found")
        if len(parts) == 2 and asked.method == "GET":
            return Said(200, {"request": found, "response_status": OK})
        if parts[2:] == ["notes"] and asked.method == "GET":
            return Said(200, {"notes": self.notes.get(parts[1], []), "response_status": [OK]})
        if parts[2:] == ["notes"] and asked.method == "POST":
            return self._note(parts[1], asked)
        return _failed(404, 4007, "Resource not found")

    def _note(self, remote_id: str, asked: Asked) -> Said:
        form = parse_qs(asked.body.decode())
        data = json.loads(form.get("input_data", ["{}"])[0])
        note = data.get(self.note_key)
        if not isinstance(note, dict) or not note.get("description"):
            return _failed(400, 4012, "Mandatory field missing")
        if note.get("show_to_requester"):
            self.violations.append("the requester would get this note by mail")
        self.notes.setdefault(remote_id, []).append(note)
        return Said(201, {self.note_key: note, "response_status": OK})


def _failed(status: int, code: int, words: str) -> Said:
    inner = {"status_code": code, "type": "failed", "message": words}
    outer = {"status_code": 4000, "status": "failed", "messages": [inner]}
    return Said(status, {"response_status": outer})
