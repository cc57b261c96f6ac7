"""A small, strict GLPI: the legacy REST API below /apirest.php, on loopback.

It answers errors as GLPI does (a two-element array), wants its session and its `range`, refuses
GETs with a body, columns it does not have, `input` that is missing, and sorting by what is no
column. Times have no zone; `clock` is what they are taken from.
"""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.parser import BytesParser
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.faults import Faults
from tests.fakes.http import Asked, FakeServer, Said

Row = dict[str, Any]
OPTIONS = {
    "1": "name", "2": "id", "3": "priority", "10": "urgency", "11": "impact", "12": "status",
    "14": "type", "15": "date", "19": "date_mod", "21": "content",
}  # fmt: skip
TICKET_COLUMNS = {
    "name", "content", "type", "urgency", "impact", "priority", "status", "_users_id_requester",
    "_users_id_requester_notif", "_users_id_assign", "_groups_id_assign", "itilcategories_id",
}  # fmt: skip
CLOSED = 6


class Refused(Exception):
    """GLPI's error: status, code, words."""

    def __init__(self, status: int, code: str, words: str | None = "refused") -> None:
        super().__init__(code)
        self.said = Said(status, [code, words])


class Glpi:
    """The server. `tickets`, `followups`, ... are its tables; change them by the methods."""

    app_token, user_token = "app-1", "user-1"

    def __init__(self, *, encoded: bool = False, zone: str = "Europe/Berlin") -> None:
        self.encoded = encoded  # GLPI 10 hands HTML out with its tags encoded
        self.zone = ZoneInfo(zone)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.tickets: dict[int, Row] = {}
        self.followups: dict[int, Row] = {}
        self.solutions: dict[int, Row] = {}
        self.documents: dict[int, Row] = {}
        self.bytes: dict[int, bytes] = {}
        self.links: list[Row] = []
        self.people: dict[int, Row] = {
            2: {"id": 2, "name": "tech", "firstname": "Tina", "realname": "Tech"},
            5: {"id": 5, "name": "dana", "firstname": "Dana", "realname": "Requester"},
        }
        self.emails = {2: "tina@glpi.example", 5: "dana@nordwerk.example"}
        self.ticket_users: list[Row] = []
        self.sessions: set[str] = set()
        self.asked: list[Asked] = []
        self.faults = Faults(expire=self.end_sessions)
        self._session_number = 0
        self.server = FakeServer(self.handle)
        self.url = self.server.url

    def start(self) -> "Glpi":
        self.server.start()
        return self

    def stop(self) -> None:
        self.server.stop()

    # What people do in GLPI itself.

    def stamp(self) -> str:
        return self.clock().astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def open(self, name: str, content: str = "<p>It does not work.</p>", **fields: Any) -> int:
        """A ticket that Dana opened."""
        number = self._new_ticket({"name": name, "content": content, **fields})
        self.ticket_users.append(
            {"id": len(self.ticket_users) + 1, "tickets_id": number, "users_id": 5, "type": 1}
        )
        return number

    def change(self, number: int, **fields: Any) -> None:
        self.tickets[number].update(fields)
        self._touch(number)

    def say(self, number: int, content: str, *, by: int = 2, private: bool = False) -> int:
        return self._new_item(self.followups, number, content, by=by, is_private=int(private))

    def solve(self, number: int, content: str) -> int:
        made = self._new_item(self.solutions, number, content, by=2)
        self.change(number, status=5)
        return made

    def put_file(self, number: int, name: str, content: bytes) -> int:
        made = self._new_document({"name": name, "filename": name}, content)
        self._link(made, number)
        return made

    def end_sessions(self) -> None:
        """All sessions time out."""
        self.sessions.clear()

    def _new_ticket(self, given: Row) -> int:
        number = len(self.tickets) + 1
        self.tickets[number] = {
            "id": number, "name": "", "content": "", "type": 1, "status": 1, "urgency": 3,
            "impact": 3, "is_deleted": 0, "date": self.stamp(), "date_mod": self.stamp(),
            "priority": 3,
        }  # fmt: skip
        self.tickets[number].update({k: v for k, v in given.items() if not k.startswith("_")})
        self._prioritise(number)
        return number

    def _prioritise(self, number: int) -> None:
        row = self.tickets[number]
        row["priority"] = round((row["urgency"] + row["impact"]) / 2)

    def _touch(self, number: int) -> None:
        self.tickets[number]["date_mod"] = self.stamp()

    def _new_item(self, table: dict[int, Row], number: int, content: str, **more: Any) -> int:
        made = len(table) + 1
        table[made] = {
            "id": made, "items_id": number, "itemtype": "Ticket", "content": content,
            "users_id": more.pop("by", 2), "date_creation": self.stamp(), **more,
        }  # fmt: skip
        self._touch(number)
        return made

    def _new_document(self, row: Row, content: bytes) -> int:
        made = len(self.documents) + 1
        self.documents[made] = {"id": made, "date_creation": self.stamp(), **row}
        self.bytes[made] = content
        return made

    def _link(self, document: int, number: int) -> None:
        self.links.append(
            {
                "id": len(self.links) + 1, "documents_id": document, "items_id": number,
                "itemtype": "Ticket",
            }
        )  # fmt: skip
        self._touch(number)

    # The API.

    def handle(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if not asked.path.startswith("/apirest.php/"):
            return Said(404, "<html>Not found</html>")
        return self.faults.around(asked, self._answer)

    def _answer(self, asked: Asked) -> Said:
        try:
            return self._route(asked)
        except Refused as refused:
            return refused.said

    def _route(self, asked: Asked) -> Said:
        path = asked.path.removeprefix("/apirest.php/").strip("/")
        if asked.method == "GET" and asked.body:
            raise Refused(400, "ERROR_JSON_PAYLOAD_FORBIDDEN")
        if asked.headers.get("app-token") != self.app_token:
            code = "ERROR_APP_TOKEN_PARAMETERS_MISSING"
            if "app-token" in asked.headers:
                code = "ERROR_WRONG_APP_TOKEN_PARAMETER"
            raise Refused(400, code)
        if path == "initSession":
            return self._init(asked)
        token = asked.headers.get("session-token")
        if not token:
            raise Refused(400, "ERROR_SESSION_TOKEN_MISSING")
        if token not in self.sessions:
            raise Refused(401, "ERROR_SESSION_TOKEN_INVALID")
        if path == "killSession":
            self.sessions.discard(token)
            return Said(200, True)
        if path == "listSearchOptions/Ticket":
            return Said(200, {n: {"table": "glpi_tickets", "field": f} for n, f in OPTIONS.items()})
        if asked.method == "GET":
            return self._get(path, asked)
        return self._change(path, asked)

    def _init(self, asked: Asked) -> Said:
        wanted = asked.headers.get("authorization", "")
        if not wanted:
            raise Refused(400, "ERROR_LOGIN_PARAMETERS_MISSING")
        if wanted != f"user_token {self.user_token}":
            raise Refused(401, "ERROR_GLPI_LOGIN_USER_TOKEN", "user_token seems invalid")
        self._session_number += 1
        token = f"session-{self._session_number}"
        self.sessions.add(token)
        return Said(200, {"session_token": token})

    def _get(self, path: str, asked: Asked) -> Said:
        if path == "search/Ticket":
            return self._search(asked)
        if path == "Ticket":
            sort = asked.query.get("sort", "id")
            if sort not in TICKET_COLUMNS | {"id", "date", "date_mod"}:
                raise Refused(400, "ERROR", "sort param is not a field of the table")
            rows = sorted(self.tickets.values(), key=lambda row: row[sort])
            if asked.query.get("order", "ASC") == "DESC":
                rows.reverse()
            return self._page([self._out(row) for row in rows], asked)
        match = re.fullmatch(r"(\w+)/(\d+)(?:/(\w+))?", path)
        if match is None:
            raise Refused(400, "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM")
        itemtype, number, sub = match[1], int(match[2]), match[3]
        if sub:
            return self._page(self._sub(itemtype, number, sub), asked)
        if itemtype == "Document" and "octet-stream" in asked.headers.get("accept", ""):
            if number not in self.bytes:
                raise Refused(404, "ERROR_ITEM_NOT_FOUND")
            return Said(200, self.bytes[number])
        table = {"Ticket": self.tickets, "Document": self.documents, "User": self.people}
        row = table.get(itemtype, {}).get(number)
        if row is None:
            raise Refused(404, "ERROR_ITEM_NOT_FOUND")
        return Said(200, self._out(row))

    def _sub(self, itemtype: str, number: int, sub: str) -> list[Row]:
        if itemtype == "User" and sub == "UserEmail":
            mail = self.emails.get(number)
            return [{"id": number, "email": mail, "is_default": 1}] if mail else []
        if itemtype != "Ticket" or number not in self.tickets:
            raise Refused(404, "ERROR_ITEM_NOT_FOUND")
        tables: dict[str, list[Row]] = {
            "ITILFollowup": list(self.followups.values()),
            "ITILSolution": list(self.solutions.values()),
            "Document_Item": self.links,
        }
        if sub == "Ticket_User":
            return [row for row in self.ticket_users if row["tickets_id"] == number]
        if sub not in tables:
            raise Refused(400, "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM")
        return [self._out(row) for row in tables[sub] if row["items_id"] == number]

    def _out(self, row: Row) -> Row:
        if self.encoded and "content" in row:
            return {**row, "content": html.escape(row["content"], quote=False)}
        return dict(row)

    def _range(self, asked: Asked, total: int) -> tuple[int, int]:
        wanted = asked.query.get("range", "")
        if not re.fullmatch(r"\d+-\d+", wanted):
            # The default length is a preference of the user: whoever relies on it loses rows.
            raise Refused(400, "ERROR", "this fake wants a range")
        start, end = map(int, wanted.split("-"))
        if start > total:
            raise Refused(400, "ERROR_RANGE_EXCEED_TOTAL")
        return start, end + 1

    def _page(self, rows: list[Row], asked: Asked) -> Said:
        start, end = self._range(asked, len(rows))
        part = rows[start:end]
        whole = len(part) == len(rows)
        last = start + len(part) - 1
        headers = {"Content-Range": f"{start}-{last}/{len(rows)}", "Accept-Range": "Ticket 990"}
        return Said(200 if whole else 206, part, headers)

    def _search(self, asked: Asked) -> Said:
        rows = [row for row in self.tickets.values() if not row["is_deleted"]]
        for index in range(10):
            field = asked.query.get(f"criteria[{index}][field]")
            if field is None:
                break
            kind = asked.query.get(f"criteria[{index}][searchtype]", "")
            value = asked.query.get(f"criteria[{index}][value]", "")
            if field not in OPTIONS:
                raise Refused(400, "ERROR", "bad field id")
            rows = [row for row in rows if _fits(row[OPTIONS[field]], kind, value)]
        sort = asked.query.get("sort", "1")
        if sort not in OPTIONS:
            raise Refused(400, "ERROR", "sort is no option number")
        rows.sort(key=lambda row: (row[OPTIONS[sort]], row["id"]))
        if asked.query.get("order", "ASC") == "DESC":
            rows.reverse()
        shown = [value for name, value in asked.query.items() if name.startswith("forcedisplay")]
        start, end = self._range(asked, len(rows))
        part = [
            {number: row.get(OPTIONS[number]) for number in ("1", *shown)}
            for row in rows[start:end]
        ]
        body: Row = {
            "totalcount": len(rows), "count": len(part), "sort": sort, "order": "DESC",
            "content-range": f"{start}-{start + len(part) - 1}/{len(rows)}",
        }  # fmt: skip
        if part:
            body["data"] = part
        return Said(200 if len(part) == len(rows) else 206, body)

    def _change(self, path: str, asked: Asked) -> Said:
        if path == "Document":
            return self._upload(asked)
        if asked.headers.get("content-type") != "application/json":
            raise Refused(400, "ERROR_JSON_PAYLOAD_INVALID")
        try:
            given = asked.json()["input"]
        except (ValueError, KeyError, TypeError):
            raise Refused(400, "ERROR_BAD_ARRAY") from None
        if asked.method == "POST":
            made = self._create(path, given)
            return Said(201, {"id": made, "message": ""}, {"Location": f"/{path}/{made}"})
        match = re.fullmatch(r"Ticket/(\d+)", path)
        if asked.method not in {"PUT", "PATCH"} or match is None:
            raise Refused(405, "ERROR_METHOD_NOT_ALLOWED")
        if int(match[1]) not in self.tickets:
            raise Refused(400, "ERROR_GLPI_UPDATE", None)
        self._check_ticket(given)
        self.change(int(match[1]), **given)
        self._prioritise(int(match[1]))
        return Said(200, [{match[1]: True, "message": ""}])

    def _check_ticket(self, given: Row) -> None:
        if not isinstance(given, dict) or set(given) - TICKET_COLUMNS:
            raise Refused(400, "ERROR_FIELD_NOT_FOUND")
        for name, highest in (("status", 6), ("urgency", 5), ("impact", 5), ("type", 2)):
            value = given.get(name, 1)
            if not isinstance(value, int) or not 1 <= value <= highest:
                raise Refused(400, "ERROR_GLPI_UPDATE", f"bad {name}")
        if "priority" in given:
            raise Refused(400, "ERROR_GLPI_UPDATE", "priority is computed")

    def _create(self, itemtype: str, given: Row) -> int:
        if itemtype == "Ticket":
            self._check_ticket(given)
            made = self._new_ticket(given)
            notif = given.get("_users_id_requester_notif") or {}
            if notif.get("alternative_email"):
                self.ticket_users.append(
                    {
                        "id": len(self.ticket_users) + 1, "tickets_id": made, "users_id": 0,
                        "type": 1, "alternative_email": notif["alternative_email"],
                    }
                )  # fmt: skip
            return made
        if itemtype not in {"ITILFollowup", "ITILSolution"}:
            raise Refused(400, "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM")
        number = int(given.get("items_id") or 0)
        if given.get("itemtype") != "Ticket" or number not in self.tickets:
            raise Refused(400, "ERROR_GLPI_ADD", "no such ticket")
        if self.tickets[number]["status"] == CLOSED:
            raise Refused(400, "ERROR_GLPI_ADD", "the ticket is closed")
        if not given.get("content"):
            raise Refused(400, "ERROR_GLPI_ADD", "empty")
        if itemtype == "ITILSolution":
            return self.solve(number, given["content"])
        return self.say(number, given["content"], by=2, private=bool(given.get("is_private")))

    def _upload(self, asked: Asked) -> Said:
        kind = asked.headers.get("content-type", "")
        if not kind.startswith("multipart/form-data"):
            raise Refused(400, "ERROR_JSON_PAYLOAD_INVALID")
        head = b"Content-Type: " + kind.encode() + b"\r\n\r\n"
        message: Any = BytesParser().parsebytes(head + asked.body)
        parts = {part.get_param("name", header="content-disposition"): part
                 for part in message.get_payload()}  # fmt: skip
        if set(parts) != {"uploadManifest", "filename[0]"}:
            raise Refused(400, "ERROR_GLPI_ADD", "no file")
        given = json.loads(parts["uploadManifest"].get_payload(decode=True))["input"]
        name = parts["filename[0]"].get_filename()
        if given.get("_filename") != [name]:
            raise Refused(400, "ERROR_GLPI_ADD", "_filename does not name the file")
        if given.get("items_id") not in self.tickets:
            raise Refused(400, "ERROR_GLPI_ADD", "no such ticket")
        content = parts["filename[0]"].get_payload(decode=True)
        made = self._new_document({"name": given["name"], "filename": name}, content)
        self._link(made, given["items_id"])
        return Said(201, {"id": made, "message": "", "upload_result": {"filename": [{}]}})


def _fits(have: Any, kind: str, value: str) -> bool:
    if kind == "contains":
        return value.lower() in str(have).lower()
    if kind == "equals":
        return str(have) == value
    if kind == "morethan":
        return str(have) > value
    if kind == "lessthan":
        return str(have) < value
    raise Refused(400, "ERROR", "unknown searchtype")
