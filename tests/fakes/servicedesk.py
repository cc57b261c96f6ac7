"""A small, strict ServiceDesk Plus: the v3 API, on premises and in the cloud, on loopback.

Parameters come as `input_data` only; the Accept header must be v3's; answers are judged by
`response_status`, which is a list on lists. Switches make it say no with HTTP 200, want the
older word for notes, or find that there were too many calls (HTTP 400 with 4015).
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.faults import Faults
from tests.fakes.http import Asked, FakeServer, Said

Row = dict[str, Any]
NAMES = {
    "status": {"Open", "On Hold", "In Progress", "Resolved", "Closed"},
    "urgency": {"Low", "Normal", "High", "Urgent"},
    "impact": {"Affects User", "Affects Group", "Affects Department", "Affects Business"},
    "priority": {"Low", "Medium", "Normal", "High"},
}
FIRST_ID = 10_000_000_000_000_000  # beyond 2^53, as in the cloud
ACCEPT = "application/vnd.manageengine.sdp.v3+json"


class Refused(Exception):
    """An answer that says no."""

    def __init__(self, http: int, code: int, words: str, field: str = "") -> None:
        super().__init__(words)
        message = {"status_code": code, "type": "failed", "message": words}
        if field:
            message["field"] = field
        self.said = Said(
            http,
            {"response_status": {"status_code": 4000, "status": "failed", "messages": [message]}},
        )


class Sdp:
    """The server; change its requests by the methods."""

    key = "technician-key"

    def __init__(self) -> None:
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.requests: dict[str, Row] = {}
        self.notes: list[Row] = []
        self.attachments: list[Row] = []
        self.note_key = "note"
        self.closure_rule = False
        self.busy = 0  # so many calls are answered with 4015
        self.cloud = False
        self.refresh_refused = False
        self.access = ""
        self.faults = Faults(expire=self.end_sessions)
        self.asked: list[Asked] = []
        self._renewed = 0
        self.server = FakeServer(self.handle)
        self.url = self.server.url

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def end_sessions(self) -> None:
        """The cloud's access token ends."""
        self.access = ""

    # What people do over there.

    def open(self, subject: str, description: str = "<p>It fails.</p>", **fields: str) -> str:
        number = str(FIRST_ID + len(self.requests) + 1)
        self.requests[number] = {
            "subject": subject, "description": description, "status": "Open", "urgency": "Normal",
            "impact": "Affects User", "priority": "Medium", "resolution": "",
            "requester": {"id": "9", "name": "Dana Requester", "email_id": "dana@nordwerk.example"},
            "created": self.stamp(), "updated": self.stamp(), **fields,
        }  # fmt: skip
        return number

    def stamp(self) -> str:
        return str(int(self.clock().timestamp() * 1000))

    def change(self, number: str, **fields: Any) -> None:
        self.requests[number].update(fields)
        self.requests[number]["updated"] = self.stamp()

    def say(
        self, number: str, text: str, *, public: bool = True, by: str = "Tara Tech",
        mail: str = "tara@sdp.example",
    ) -> str:  # fmt: skip
        made = str(FIRST_ID + 500_000 + len(self.notes))
        self.notes.append(
            {
                "request": number, "id": made, "description": text, "show_to_requester": public,
                "created_by": {"id": mail, "name": by, "email_id": mail},
                "created_time": {"value": self.stamp(), "display_value": "now"},
            }
        )  # fmt: skip
        self.change(number)
        return made

    def put_file(self, number: str, name: str, content: bytes) -> str:
        made = str(FIRST_ID + 900_000 + len(self.attachments))
        self.attachments.append({"request": number, "id": made, "name": name, "content": content})
        self.change(number)
        return made

    # The API.

    def handle(self, asked: Asked) -> Said:
        self.asked.append(asked)
        return self.faults.around(asked, self._answer)

    def _answer(self, asked: Asked) -> Said:
        try:
            if asked.path == "/oauth/v2/token":
                return self._renew(asked)
            return self._route(asked)
        except Refused as refused:
            return refused.said

    def _renew(self, asked: Asked) -> Said:
        form = dict(parse_qsl(asked.body.decode()))
        wanted = {"grant_type", "refresh_token", "client_id", "client_secret"}
        if asked.method != "POST" or set(form) != wanted or self.refresh_refused:
            return Said(200, {"error": "invalid_code"})
        self._renewed += 1
        self.access = f"access-{self._renewed}"
        return Said(200, {"access_token": self.access, "expires_in": 3600})

    def _route(self, asked: Asked) -> Said:
        root = "/app/itdesk/api/v3/" if self.cloud else "/api/v3/"
        if not asked.path.startswith(root):
            return Said(404, "<html>Not found</html>")
        header = asked.headers.get("authorization" if self.cloud else "authtoken", "")
        if header != (f"Zoho-oauthtoken {self.access}" if self.cloud else self.key):
            raise Refused(401, 401, "Unauthorized")
        if asked.headers.get("accept") != ACCEPT:
            raise Refused(415, 4014, "wrong Accept")
        if self.busy:
            self.busy -= 1
            raise Refused(400, 4015, "API rate limit")
        path = asked.path.removeprefix(root)
        if asked.method == "PUT" and path.endswith("/upload"):
            return self._upload(path, asked)
        return self._object(path, asked, self._input(asked))

    def _input(self, asked: Asked) -> Any:
        if asked.method == "GET":
            if asked.body:
                raise Refused(400, 4014, "body on GET")
            text = asked.query.get("input_data", "{}")
        else:
            if asked.headers.get("content-type") != "application/x-www-form-urlencoded":
                raise Refused(415, 4014, "form only")
            text = dict(parse_qsl(asked.body.decode(), strict_parsing=True)).get("input_data", "")
        try:
            return json.loads(text)
        except ValueError:
            raise Refused(400, 4014, "input_data is no JSON") from None

    def _object(self, path: str, asked: Asked, given: Any) -> Said:
        if path == "requests":
            return self._list(given) if asked.method == "GET" else self._create(given)
        match = re.fullmatch(r"requests/(\d+)(?:/(\w+)(?:/(\d+)/download)?)?", path)
        if match is None or match[1] not in self.requests:
            raise Refused(404, 4007, "no such resource")
        number, sub, file = match.groups()
        if sub is None:
            if asked.method == "PUT":
                self._update(number, given)
            return done({"request": self._row(number)})
        if file:
            found = [one for one in self.attachments if one["id"] == file]
            return Said(200, found[0]["content"])
        if sub == "notes":
            return self._notes(number, asked, given)
        if sub == "attachments":
            return done({"attachments": self._files(number)})
        if sub == "resolutions" and asked.method == "POST":
            self.change(number, resolution=given["resolution"]["content"])
            return done({"resolution": {"content": given["resolution"]["content"]}})
        if sub == "close" and asked.method == "PUT":
            if given["request"]["closure_info"]["closure_code"]["name"] != "Success":
                raise Refused(400, 4001, "unknown closure code")
            self.change(number, status="Closed")
            return done({"request": self._row(number)})
        raise Refused(404, 4007, "no such resource")

    def _row(self, number: str) -> Row:
        row = self.requests[number]
        return {
            "id": number,
            "display_id": number[-4:],
            "subject": row["subject"],
            "description": row["description"],
            "requester": row["requester"],
            "created_time": {"value": row["created"], "display_value": "x"},
            "last_updated_time": {"value": row["updated"], "display_value": "x"},
            **{name: {"id": "1", "name": row[name]} if row[name] else None for name in NAMES},
            "resolution": {"content": row["resolution"]} if row["resolution"] else None,
            "attachments": self._files(number),
        }

    def _files(self, number: str) -> list[Row]:
        return [
            {"id": one["id"], "name": one["name"], "size": {"value": str(len(one["content"]))}}
            for one in self.attachments if one["request"] == number
        ]  # fmt: skip

    def _list(self, given: Row) -> Said:
        info = given.get("list_info", {})
        count, start = info.get("row_count", 10), info.get("start_index", 1)
        if not isinstance(count, int) or not 1 <= count <= 100:
            raise Refused(400, 4014, "row_count", "row_count")
        rows = sorted(self.requests, key=lambda n: (int(self.requests[n]["updated"]), n))
        for one in info.get("search_criteria", []):
            if (one["field"], one["condition"]) != ("last_updated_time", "greater than"):
                raise Refused(400, 4001, "unknown criterion")
            [value] = one["values"]
            rows = [n for n in rows if int(self.requests[n]["updated"]) > int(value)]
        if info.get("sort_order") == "desc":
            rows.reverse()
        begin = max(start, 1) - 1
        part = rows[begin : begin + count]
        about = {
            "has_more_rows": begin + count < len(rows), "start_index": start, "row_count": count,
            "total_count": len(rows),
        }  # fmt: skip
        wanted = info.get("fields_required")
        found = [
            {name: value for name, value in self._row(n).items() if not wanted or name in wanted}
            for n in part
        ]
        return Said(
            200,
            {
                "response_status": [{"status_code": 2000, "status": "success"}],
                "list_info": about,
                "requests": found,
            },
        )

    def _checked(self, given: Any) -> Row:
        row = given.get("request") if isinstance(given, dict) else None
        if not isinstance(row, dict):
            raise Refused(400, 4012, "request is missing", "request")
        fields: Row = {}
        for name, value in row.items():
            if name in NAMES:
                if not isinstance(value, dict) or value.get("name") not in NAMES[name]:
                    raise Refused(400, 4001, f"unknown {name}", name)
                fields[name] = value["name"]
            elif name in {"subject", "description"}:
                fields[name] = value
            elif name == "requester":
                fields[name] = {"id": "77", "name": "", **value}
            else:
                raise Refused(400, 4001, "unknown field", name)
        if len(fields.get("subject", "x")) > 250 or fields.get("subject") == "":
            raise Refused(400, 4014, "subject", "subject")
        return fields

    def _create(self, given: Any) -> Said:
        fields = self._checked(given)
        if "subject" not in fields:
            raise Refused(400, 4012, "mandatory", "subject")
        subject = fields.pop("subject")
        return done({"request": self._row(self.open(subject, **fields))}, http=201)

    def _update(self, number: str, given: Any) -> None:
        fields = self._checked(given)
        if fields.get("status") == "Closed" and self.closure_rule:
            # With HTTP 200 and a warning: nothing was done.
            message = {"status_code": 4003, "type": "failed", "message": "closure rule"}
            refused = Refused(200, 4003, "")
            refused.said = Said(
                200,
                {
                    "response_status": {
                        "status_code": 3000, "status": "warning", "messages": [message],
                    }
                },
            )  # fmt: skip
            raise refused
        self.change(number, **fields)

    def _notes(self, number: str, asked: Asked, given: Any) -> Said:
        if asked.method == "GET":
            info = given.get("list_info", {})
            rows = [one for one in self.notes if one["request"] == number]
            begin = max(info.get("start_index", 1), 1) - 1
            count = info.get("row_count", 10)
            part = [{k: v for k, v in one.items() if k != "request"}
                    for one in rows[begin : begin + count]]  # fmt: skip
            about = {"has_more_rows": begin + count < len(rows)}
            status = [{"status_code": 2000, "status": "success"}]
            return Said(200, {"response_status": status, "list_info": about, "notes": part})
        note = given.get(self.note_key) if isinstance(given, dict) else None
        if not isinstance(note, dict) or not note.get("description"):
            raise Refused(400, 4012, "mandatory", self.note_key)
        made = self.say(
            number, note["description"], public=note.get("show_to_requester", False),
            by="OmniDesk", mail="api@sdp.example",
        )  # fmt: skip
        return done({self.note_key: {"id": made}}, http=201)

    def _upload(self, path: str, asked: Asked) -> Said:
        number = path.split("/")[1]
        kind = asked.headers.get("content-type", "")
        if number not in self.requests or not kind.startswith("multipart/form-data"):
            raise Refused(404, 4007, "no such resource")
        head = b"Content-Type: " + kind.encode() + b"\r\n\r\n"
        message: Any = BytesParser().parsebytes(head + asked.body)
        [part] = message.get_payload()
        if part.get_param("name", header="content-disposition") != "input_file":
            raise Refused(400, 4012, "input_file")
        name, content = part.get_filename(), part.get_payload(decode=True)
        return done({"attachment": {"id": self.put_file(number, name, content), "name": name}})


def done(body: Row, http: int = 200) -> Said:
    """A success, as an object."""
    return Said(http, {**body, "response_status": {"status_code": 2000, "status": "success"}})
