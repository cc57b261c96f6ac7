"""A small, strict Solution Manager: two OData V2 services on loopback.

It wants Basic credentials and `sap-client`, a token with the cookies it was given with for every
change, guids with dashes, and says its errors as SAP does. Switches make it odd in the ways that
real ones are: a filter that is ignored, a skip that is ignored, an expired session, a lock.
"""

import base64
import random
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from tests.fakes.faults import Faults
from tests.fakes.http import Asked, FakeServer, Said

Row = dict[str, Any]
ROOT = "/sap/opu/odata/sap/"
LIST, MAKE = "AI_CRM_GW_MYMESSAGE_SRV", "AI_CRM_GW_CREATE_INCIDENT_SRV"
TEXTS = {
    "NEW": "New", "IN_PROC": "In Process", "CUSTACTION": "Customer Action",
    "PROP_SOL": "Solution Provided", "WITHDRAWN": "Withdrawn", "CONFIRMED": "Closed",
}  # fmt: skip
PROPERTIES = (
    "Guid", "ObjectId", "ProcessType", "Description", "IntroText", "ChangedAtDateFormatted",
    "PostingDate", "ChangedAtDate", "Priority", "Concatstatuser",
)  # fmt: skip


class Solman:
    """The server; change its incidents by the methods."""

    login, password = "RFC_DESK", "secret 1"

    def __init__(self) -> None:
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.incidents: dict[str, Row] = {}
        self.texts: list[Row] = []
        self.attachments: list[Row] = []
        self.locked: set[str] = set()
        self.signed_out = False
        self._shows_login = False
        self.ignores_filter = False
        self.ignores_skip = False
        self.page = 50
        self.next_links = True
        self.html = False
        self.refuses_with_200 = False
        self.faults = Faults(expire=self.end_sessions)
        self.asked: list[Asked] = []
        self._tokens: dict[str, str] = {}
        self.server = FakeServer(self.handle)
        self.url = self.server.url

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    # What people do over there.

    def open(self, description: str, text: str = "It fails.", **fields: Any) -> str:
        guid = str(uuid.UUID(int=random.Random(len(self.incidents) + 1).getrandbits(128)))
        self.incidents[guid] = {
            "ObjectId": str(8_000_000_000 + len(self.incidents)), "ProcessType": "SMIN",
            "Description": description[:40], "Priority": "3", "status": "NEW",
            "created": self.clock(), "changed": self.clock(), **fields,
        }  # fmt: skip
        self.say(guid, text, kind="SU99", by="Dana Requester", mail="dana@nordwerk.example")
        return guid

    def change(self, guid: str, **fields: Any) -> None:
        self.incidents[guid].update(fields)
        self.incidents[guid]["changed"] = self.clock()

    def say(
        self, guid: str, text: str, *, kind: str = "SU01", by: str = "Sven Support",
        mail: str = "sven@sap.example",
    ) -> None:  # fmt: skip
        self.texts.append(
            {
                "guid": guid, "Tdid": kind, "TdidTxt": kind, "Tdobject": "CRM_ORDERH",
                "TdfuserText": by, "Email": mail, "TextString": text,
                "DateTimeText": self.clock().strftime("%d.%m.%Y %H:%M:%S"),
            }
        )  # fmt: skip
        self.change(guid)

    def put_file(self, guid: str, name: str, content: bytes, kind: str = "text/plain") -> None:
        number = f"LOIO{len(self.attachments) + 1}"
        self.attachments.append(
            {
                "guid": guid,
                "loioId": number,
                "phioId": f"P{number}",
                "fileName": name,
                "fileSize": f"{len(content):012d}",
                "mimeType": kind,
                "content": content,
            }
        )
        self.change(guid)

    # OData.

    def handle(self, asked: Asked) -> Said:
        self.asked.append(asked)
        return self.faults.around(asked, self._answer)

    def _answer(self, asked: Asked) -> Said:
        sent = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {sent}":
            return Said(401, "<html>Logon failed</html>")
        if not asked.path.startswith(ROOT) or "sap-client" not in asked.query:
            return Said(404, "<html>Service not found</html>")
        if self.signed_out or self._shows_login:
            self._shows_login = False
            return Said(200, "<html><form>Log on</form></html>")
        service, _slash, rest = asked.path.removeprefix(ROOT).partition("/")
        if asked.headers.get("x-csrf-token", "").lower() == "fetch":
            if rest:
                return problem(400, "XX/001", "fetch the token at the root")
            return self._give_token(service)
        acts = rest.startswith(("confirmIncident", "withdrawIncident"))
        if asked.method != "GET" or acts:
            cookie = asked.headers.get("cookie", "")
            token = asked.headers.get("x-csrf-token", "-")
            session = re.search(r"SAP_SESSIONID_SM1_001=([^;]+)", cookie)
            if session is None or self._tokens.get(f"{service}/{session[1]}") != token:
                return Said(403, "CSRF token validation failed", {"X-CSRF-Token": "Required"})
        if "json" not in asked.headers.get("accept", "") and rest != "$metadata":
            return Said(200, "<feed/>", {"Content-Type": "application/atom+xml"})
        if service == MAKE:
            return self._make(asked, rest)
        return self._route(asked, rest) if service == LIST else problem(404, "SY/1", "no service")

    def _give_token(self, service: str) -> Said:
        session, token = f"s{len(self._tokens)}", f"t{len(self._tokens)}"
        self._tokens[f"{service}/{session}"] = token
        cookies = f"SAP_SESSIONID_SM1_001={session}; path=/\nsap-XSRF_SM1_001=x{session}; path=/"
        return Said(200, {"d": {"EntitySets": []}}, {"X-CSRF-Token": token, "Set-Cookie": cookies})

    def end_sessions(self) -> None:
        """All sessions time out: tokens are void, and the next call meets the page to sign in."""
        self.drop_tokens()
        self._shows_login = True

    def drop_tokens(self) -> None:
        """All tokens time out."""
        self._tokens = {f"old/{n}": "old" for n in range(len(self._tokens) + 1)}

    def _make(self, asked: Asked, rest: str) -> Said:
        if (asked.method, rest) != ("POST", "IncidentSet"):
            return problem(405, "SY/2", "not coded")
        given = asked.json()
        wanted = {"ProcessType", "Description", "LongText", "Priority"}
        if set(given) - wanted or len(given.get("Description", "")) > 40:
            return problem(400, "CRM/2", "unknown property or text too long")
        guid = self.open(given["Description"], given["LongText"], Priority=given["Priority"])
        return Said(201, {"d": {"Guid": guid, "ObjectId": self.incidents[guid]["ObjectId"]}})

    def _route(self, asked: Asked, rest: str) -> Said:
        if rest == "$metadata":
            return Said(200, METADATA.encode(), {"Content-Type": "application/xml"})
        if rest == "MessageResultSet":
            return self._list(asked)
        if rest.startswith(("confirmIncident", "withdrawIncident")):
            return self._act(rest, asked)
        media = re.fullmatch(r"AttachmentSet\(loioId='(\w+)'\)/\$value", rest)
        if media:
            found = [one for one in self.attachments if one["loioId"] == media[1]]
            return Said(200, found[0]["content"]) if found else problem(404, "SY/3", "no file")
        match = re.fullmatch(r"(\w+)\(guid'([0-9a-f-]{36})'\)(?:/(\w+))?", rest)
        if match is None:
            return problem(404, "SY/4", "unknown resource")
        entity, guid, sub = match.groups()
        if guid not in self.incidents:
            return problem(404, "SY/530", "Resource not found")
        if entity == "StatusSet" and sub is None:
            return Said(200, {"d": self._state(guid)})
        if entity != "MessageResultSet":
            return problem(404, "SY/4", "unknown set")
        if sub is None:
            return Said(200, {"d": self._row(guid)})
        if asked.method == "POST":
            return self._post(guid, sub, asked)
        return self._below(guid, sub)

    def _state(self, guid: str) -> Row:
        status = self.incidents[guid]["status"]
        return {
            "EnableUpload": status not in {"WITHDRAWN", "CONFIRMED"},
            "EnableConfirm": status == "PROP_SOL",
            "EnableWithdraw": status in {"NEW", "IN_PROC", "CUSTACTION"},
            "TextMode": "H" if self.html else "",
        }

    def _row(self, guid: str) -> Row:
        row = self.incidents[guid]
        return {
            "__metadata": {"uri": f"{self.url}{ROOT}{LIST}/MessageResultSet(guid'{guid}')"},
            "Guid": guid, "ObjectId": row["ObjectId"], "ProcessType": row["ProcessType"],
            "Description": row["Description"], "Priority": row["Priority"],
            "Concatstatuser": TEXTS.get(row["status"], row["status"]),
            "ChangedAtDate": stamp(row["changed"]), "PostingDate": stamp(row["created"]),
            "ChangedAtDateFormatted": row["changed"].strftime("%d.%m.%Y %H:%M:%S"),
        }  # fmt: skip

    def _list(self, asked: Asked) -> Said:
        allowed = {"sap-client", "sap-language", "$filter", "$inlinecount", "$skip", "$skiptoken"}
        if set(asked.query) - allowed:
            return problem(501, "SY/5", "option not coded")
        rows = sorted(self.incidents, key=lambda guid: self.incidents[guid]["ObjectId"])
        wanted = re.fullmatch(r"ChangedAtDate ge datetime'([^']+)'", asked.query.get("$filter", ""))
        if wanted and not self.ignores_filter:
            since = datetime.fromisoformat(wanted[1]).replace(tzinfo=UTC)
            rows = [guid for guid in rows if self.incidents[guid]["changed"] >= since]
        elif asked.query.get("$filter") and not wanted:
            return problem(400, "SY/6", "bad filter")
        start = int(asked.query.get("$skiptoken") or 0)
        if not self.ignores_skip:
            start += int(asked.query.get("$skip") or 0)
        part = rows[start : start + self.page]
        body: Row = {"results": [self._row(guid) for guid in part], "__count": str(len(rows))}
        if self.next_links and start + self.page < len(rows):
            query = asked.raw_query.partition("&$skiptoken")[0].partition("&%24skiptoken")[0]
            body["__next"] = f"{self.url}{asked.path}?{query}&$skiptoken={start + self.page}"
        return Said(200, {"d": body})

    def _below(self, guid: str, sub: str) -> Said:
        if sub == "TextSet":
            rows = [
                {name: value for name, value in one.items() if name != "guid"}
                for one in reversed(self.texts) if one["guid"] == guid
            ]  # fmt: skip
        elif sub == "AttachmentSet":
            rows = [
                {
                    **{k: v for k, v in one.items() if k not in {"guid", "content"}},
                    "__metadata": {
                        "uri": f"{self.url}{ROOT}{LIST}/AttachmentSet(loioId='{one['loioId']}')",
                        "media_src": (
                            f"{self.url}{ROOT}{LIST}/AttachmentSet(loioId='{one['loioId']}')"
                            "/$value?sap-client=001"
                        ),
                    },
                }
                for one in self.attachments if one["guid"] == guid
            ]  # fmt: skip
        else:
            return problem(404, "SY/4", "unknown navigation")
        return Said(200, {"d": {"results": rows}})

    def _post(self, guid: str, sub: str, asked: Asked) -> Said:
        if guid in self.locked:
            number = self.incidents[guid]["ObjectId"]
            return problem(400, "CRM_ORDER/013", f"Transaction {number} is being processed by X")
        if sub == "TextSet":
            given = asked.json()
            if set(given) != {"TextString"} or not given["TextString"]:
                return problem(400, "SY/7", "only TextString")
            self.say(guid, given["TextString"], by="RFC Desk", mail="desk@nordwerk.example")
            return Said(201, {"d": {"TextString": given["TextString"], "Tdid": "SU01"}})
        named = re.fullmatch(
            r'inline; filename="([^"]+)"', asked.headers.get("content-disposition", "")
        )
        if sub != "AttachmentSet" or named is None or len(unquote(named[1])) > 40:
            xml = "<error><code>SY/8</code><message>File name missing or too long</message></error>"
            return Said(400, xml, {"Content-Type": "application/xml"})
        if not self._state(guid)["EnableUpload"]:
            return problem(400, "SY/9", "no upload now")
        self.put_file(guid, unquote(named[1]), asked.body, asked.headers["content-type"])
        return Said(201, {"d": {}})

    def _act(self, rest: str, asked: Asked) -> Said:
        found = re.fullmatch(r"guid'([0-9a-f-]{36})'", asked.query.get("Guid", ""))
        comments = asked.query.get("Comments", "")
        if found is None or not re.fullmatch(r"'(?:[^']|'')*'", comments):
            return problem(400, "SY/10", "bad parameters")
        state = self._state(found[1])
        flag = "EnableConfirm" if rest == "confirmIncident" else "EnableWithdraw"
        if self.refuses_with_200 or not state[flag]:
            said = {"Type": "E", "Id": "CRM_ORDER_MISC", "Number": "104", "Message": "Not now"}
            return Said(200, {"d": {rest: said}})
        self.change(found[1], status="CONFIRMED" if rest == "confirmIncident" else "WITHDRAWN")
        return Said(200, {"d": {rest: {"Type": "S"}}})


def stamp(moment: datetime) -> str:
    """As OData V2 writes a moment; the offset is for showing only."""
    return f"/Date({int(moment.timestamp()) * 1000}+0060)/"


def problem(status: int, code: str, words: str) -> Said:
    """SAP's error; the first detail says what the error itself says vaguely."""
    details = [{"code": code, "message": words, "severity": "error"}]
    error = {
        "code": code, "message": {"lang": "en", "value": "An error occurred"},
        "innererror": {"transactionid": "1", "errordetails": details},
    }  # fmt: skip
    return Said(status, {"error": error})


PROPERTY_LINES = "".join(f'<Property Name="{name}" Type="Edm.String"/>' for name in PROPERTIES)
METADATA = f"""<?xml version="1.0"?>
<edmx:Edmx xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" Version="1.0">
<edmx:DataServices><Schema xmlns="http://schemas.microsoft.com/ado/2008/09/edm" Namespace="SM">
<EntityType Name="MessageResult">{PROPERTY_LINES}</EntityType>
<EntityContainer Name="C"><EntitySet Name="MessageResultSet" EntityType="SM.MessageResult"/>
</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"""
