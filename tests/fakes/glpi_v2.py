"""The same GLPI by its high-level API v2 (GLPI 11): tokens, RSQL filters, the timeline."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.glpi import CLOSED
from tests.fakes.glpi_story import LivelyGlpi
from tests.fakes.http import Asked, Said

Row = dict[str, Any]
WRITABLE = {"name", "content", "external_id", "status", "urgency", "impact", "priority", "type"}


class No(Exception):
    """An error object of the API."""

    def __init__(self, status: int, code: str, words: str = "refused") -> None:
        super().__init__(words)
        self.said = Said(status, {"status": code, "title": words, "detail": ""})


class GlpiV2(LivelyGlpi):
    """Answers below /api.php only; the tables are the same."""

    client = ("client-1", "client secret")
    person = ("desk", "desk password")

    def __init__(self) -> None:
        super().__init__()
        self.tokens: set[str] = set()
        self._token_number = 0

    def end_sessions(self) -> None:
        self.tokens.clear()

    def handle(self, asked: Asked) -> Said:
        self.asked.append(asked)
        return self.faults.around(asked, self._answer_v2)

    def _answer_v2(self, asked: Asked) -> Said:
        try:
            if asked.path == "/api.php/token":
                return self._grant(asked)
            if not asked.path.startswith("/api.php/v2/"):
                raise No(404, "ERROR_ITEM_NOT_FOUND")
            token = asked.headers.get("authorization", "").removeprefix("Bearer ")
            if token not in self.tokens:
                raise No(401, "ERROR_UNAUTHENTICATED", "token expired")
            return self._route_v2(asked, asked.path.removeprefix("/api.php/v2/"))
        except No as no:
            return no.said

    def _grant(self, asked: Asked) -> Said:
        form = dict(parse_qsl(asked.body.decode()))
        if (form.get("client_id"), form.get("client_secret")) != self.client:
            return Said(401, {"error": "invalid_client", "error_description": "unknown client"})
        if form.get("scope") != "api" or form.get("grant_type") != "password":
            return Said(400, {"error": "invalid_scope"})
        if (form.get("username"), form.get("password")) != self.person:
            return Said(400, {"error": "invalid_grant", "error_description": "wrong password"})
        self._token_number += 1
        token = f"token-{self._token_number}"
        self.tokens.add(token)
        return Said(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": token})

    def _route_v2(self, asked: Asked, path: str) -> Said:
        if path == "Assistance/Ticket":
            return self._list_v2(asked) if asked.method == "GET" else self._create_v2(asked)
        file = re.fullmatch(r"Management/Document/(\d+)/Download", path)
        if file and int(file[1]) in self.bytes:
            return Said(200, self.bytes[int(file[1])])
        match = re.fullmatch(r"Assistance/Ticket/(\d+)(?:/Timeline(?:/(\w+))?)?", path)
        if match is None or int(match[1]) not in self.tickets:
            raise No(404, "ERROR_ITEM_NOT_FOUND")
        number = int(match[1])
        if match[2]:
            return self._say_v2(number, match[2], asked)
        if path.endswith("/Timeline"):
            return Said(200, self._timeline_v2(number))
        if asked.method == "PATCH":
            self._change_v2(number, asked.json())
            return Said(200, self._ticket_v2(number))
        return Said(200, self._ticket_v2(number))

    def _ticket_v2(self, number: int) -> Row:
        row = self.tickets[number]
        team = [
            {"role": "requester", "type": "User", "id": one["users_id"], "name": "dana",
             "display_name": "Dana Requester", "email": self.emails.get(one["users_id"], "")}
            for one in self.ticket_users if one["tickets_id"] == number
        ]  # fmt: skip
        return {**row, "status": {"id": row["status"], "name": "x"}, "team": team}

    def _list_v2(self, asked: Asked) -> Said:
        rows = [n for n, row in self.tickets.items() if not row["is_deleted"]]
        wanted = asked.query.get("filter", "")
        if wanted:
            match = re.fullmatch(r"(date_mod=ge=|external_id==)([\w.-]+)", wanted)
            if match is None:
                raise No(400, "ERROR_INVALID_PARAMETER", "bad filter")
            name = "date_mod" if "date_mod" in match[1] else "external_id"
            rows = [
                n for n in rows
                if (self.tickets[n].get(name, "") >= match[2] if name == "date_mod"
                    else self.tickets[n].get(name) == match[2])
            ]  # fmt: skip
        start, limit = int(asked.query.get("start", 0)), int(asked.query.get("limit", 10))
        if limit > 100:
            raise No(400, "ERROR_INVALID_PARAMETER", "limit")
        part = [self._ticket_v2(n) for n in rows[start : start + limit]]
        headers = {"Content-Range": f"{start}-{start + len(part) - 1}/{len(rows)}"}
        return Said(200 if len(part) == len(rows) else 206, part, headers)

    def _checked_v2(self, given: Any) -> Row:
        if not isinstance(given, dict) or set(given) - WRITABLE:
            raise No(400, "ERROR_INVALID_PARAMETER", "unknown property")
        row = dict(given)
        if "status" in row:
            if not isinstance(row["status"], dict):
                raise No(400, "ERROR_INVALID_PARAMETER", "status is an object")
            row["status"] = row["status"]["id"]
        row.pop("priority", None)
        return row

    def _change_v2(self, number: int, given: Any) -> None:
        self.change(number, **self._checked_v2(given))
        self._prioritise(number)

    def _create_v2(self, asked: Asked) -> Said:
        row = self._checked_v2(asked.json())
        if not row.get("name"):
            raise No(400, "ERROR_INVALID_PARAMETER", "name")
        number = self._new_ticket(row)
        return Said(201, {"id": number, "href": f"/Assistance/Ticket/{number}"})

    def _timeline_v2(self, number: int) -> list[Row]:
        rows: list[Row] = []
        for kind, table in (("Followup", self.followups), ("Solution", self.solutions)):
            for one in table.values():
                if one["items_id"] == number:
                    user = self.people[one["users_id"]]
                    item = {k: v for k, v in one.items() if k != "users_id"}
                    rows.append({"type": kind, "item": {**item, "user": user}})
        files = [link["documents_id"] for link in self.links if link["items_id"] == number]
        return [*rows, *({"type": "Document", "item": self.documents[one]} for one in files)]

    def _say_v2(self, number: int, kind: str, asked: Asked) -> Said:
        if asked.method != "POST" or kind not in {"Followup", "Solution"}:
            raise No(405, "ERROR_METHOD_NOT_ALLOWED")
        given = json.loads(asked.body)
        if not given.get("content") or self.tickets[number]["status"] == CLOSED:
            raise No(400, "ERROR_INVALID_PARAMETER", "content")
        if kind == "Solution":
            return Said(201, {"id": self.solve(number, given["content"])})
        private = bool(given.get("is_private"))
        return Said(201, {"id": self.say(number, given["content"], private=private)})
