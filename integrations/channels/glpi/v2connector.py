"""The high-level API v2 of GLPI 11 as a connector.

Files come in; they are not handed over: the API's way to take them is not settled between
versions. Everything else travels as with the legacy API.
"""

import html
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from integrations.channels.glpi.mapping import SOLVED
from integrations.channels.glpi.times import to_utc
from integrations.channels.glpi.v2client import GlpiV2Client
from integrations.federation.http import note_skipped, settled
from integrations.federation.port import (
    Abilities,
    Draft,
    Head,
    OutItem,
    Person,
    RemoteItem,
    RemoteTicket,
    RemoteTrouble,
    Surprise,
    What,
)
from integrations.federation.text import marker_in, with_marker_html

TICKETS: Final = "Assistance/Ticket"
_CODES: Final = ("status", "urgency", "impact", "priority", "type")
_NAMES: Final = {
    "Followup": "ITILFollowup", "Solution": "ITILSolution", "Document": "Document",
}  # fmt: skip
_SAID: Final = {"Followup": What.MESSAGE, "Solution": What.SOLUTION, "Document": What.DOCUMENT}


class GlpiV2Connector:
    """Tickets of one GLPI, by the API v2."""

    abilities = Abilities(solved_by_solution=SOLVED, files=False)

    def __init__(self, client: GlpiV2Client, *, zone: ZoneInfo, pages: str) -> None:
        self._client = client
        self._zone = zone
        self._pages = pages.rstrip("/")

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def test(self) -> str:
        """Get a token and read the list."""
        count = len({row.get("id") for row in self._client.rows(TICKETS, {})})
        return _("GLPI answers and shows %(count)s tickets.") % {"count": count}

    def changed(self, since: datetime | None) -> list[Head]:
        """By day, checked again here: so no server reads the time otherwise than we mean it."""
        params = {}
        if since is not None:
            day = (since - timedelta(days=1)).astimezone(self._zone)
            params["filter"] = f"date_mod=ge={day:%Y-%m-%d}"
        heads: dict[str, Head] = {}
        for row in self._client.rows(TICKETS, params):
            number, changed = str(row.get("id") or ""), str(row.get("date_mod") or "")
            moment = to_utc(changed, self._zone)
            if not number.isdigit():
                note_skipped("GLPI", row)
            elif since is None or moment is None or moment >= since:
                heads[number] = Head(number, changed, moment)
        return sorted(heads.values(), key=lambda one: (one.version, int(one.remote_id)))

    def fetch(self, remote_id: str) -> RemoteTicket | None:
        """The ticket, then its timeline: what is added in between comes with the next look."""
        row = self._client.get(f"{TICKETS}/{remote_id}")
        if row is None or (isinstance(row, dict) and _yes(row.get("is_deleted"))):
            return None
        if not isinstance(row, dict) or str(row.get("id")) != remote_id or "name" not in row:
            raise Surprise(_("Ticket %(id)s of GLPI has no id or name.") % {"id": remote_id}, row)
        date = self._client.date
        changed = str(row.get("date_mod") or "")
        moment = to_utc(changed, self._zone)
        asking = _asking(row.get("team"))
        fields, surprises = _fields(row)
        content = str(row.get("content") or "")
        return RemoteTicket(
            head=Head(remote_id, settled(changed, moment, date), moment),
            display_id=remote_id,
            url=f"{self._pages}/front/ticket.form.php?id={remote_id}",
            subject=fields["subject"],
            html=content,
            marker=marker_in(content),
            fields=fields,
            category=_name(row.get("category")),
            requester=asking[0] if asking else Person(),
            created_at=to_utc(row.get("date") or row.get("date_creation"), self._zone),
            items=self._timeline(remote_id, {one.key for one in asking}),
            surprises=surprises,
        )

    def _timeline(self, remote_id: str, asking: set[str]) -> list[RemoteItem]:
        rows = self._client.get(f"{TICKETS}/{remote_id}/Timeline")
        items: dict[str, RemoteItem] = {}
        for row in rows if isinstance(rows, list) else []:
            part = row.get("item") if isinstance(row, dict) else None
            what = _SAID.get(str(row.get("type"))) if isinstance(row, dict) else None
            if what is None or not isinstance(part, dict) or not part.get("id"):
                continue
            item = self._item(what, str(row["type"]), part, asking)
            items.setdefault(item.remote_id, item)
        return list(items.values())

    def _item(self, what: What, kind: str, part: Mapping[str, Any], asking: set[str]) -> RemoteItem:
        number = part.get("id")
        if what is What.DOCUMENT:
            number = part.get("documents_id") or number
        content = str(part.get("content") or "")
        author = _person(part.get("user"))
        private = _yes(part.get("is_private"))
        return RemoteItem(
            what=what,
            # As the legacy API names them: one may change from one to the other.
            remote_id=f"{_NAMES[kind]}:{number}",
            html=content,
            public=not private,
            from_requester=not private and bool(author.key) and author.key in asking,
            author=author,
            at=to_utc(part.get("date_creation") or part.get("date"), self._zone),
            marker=marker_in(content),
            file_name=str(part.get("filename") or part.get("name") or "file"),
        )

    def load(self, remote_id: str, item: RemoteItem) -> bytes:
        """The document's bytes."""
        number = item.remote_id.partition(":")[2]
        return self._client.download(f"Management/Document/{number}/Download")

    def create(self, draft: Draft) -> str:
        """`external_id` carries the marker as well: it can be asked for exactly."""
        given = {
            **_given(draft.fields),
            "name": draft.fields.get("subject", draft.subject),
            "content": with_marker_html(draft.html, draft.marker),
            "external_id": draft.marker,
        }
        return _made(self._client.send("POST", TICKETS, given))

    def find(self, marker: str, since: datetime) -> str:
        """By `external_id`, checked in the ticket's text."""
        for row in self._client.rows(TICKETS, {"filter": f"external_id=={marker}"}):
            texts = (str(row.get("external_id") or ""), marker_in(str(row.get("content") or "")))
            if marker in texts and row.get("id"):
                return str(row["id"])
        return ""

    def write(self, remote_id: str, fields: Mapping[str, str]) -> None:
        """One change for all fields."""
        self._client.send("PATCH", f"{TICKETS}/{remote_id}", _given(fields))

    def add(self, remote_id: str, item: OutItem) -> str:
        """A follow-up, or a solution (which solves the ticket)."""
        kind = "Solution" if item.what is What.SOLUTION else "Followup"
        given: dict[str, Any] = {"content": with_marker_html(item.html, item.marker)}
        if kind == "Followup":
            given["is_private"] = not item.public
        made = self._client.send("POST", f"{TICKETS}/{remote_id}/Timeline/{kind}", given)
        return f"{_NAMES[kind]}:{_made(made)}"


def _yes(value: object) -> bool:
    return value is True or str(value).lower() in {"1", "true"}


def _given(fields: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "subject":
            given["name"] = value
        elif name == "status":
            given["status"] = {"id": int(value)}
        elif name in _CODES:
            given[name] = int(value)
    return given


def _fields(row: Mapping[str, Any]) -> tuple[dict[str, str], Sequence[str]]:
    fields = {"subject": html.unescape(str(row.get("name") or "")).strip()}
    surprises = []
    for name in _CODES:
        value = row.get(name)
        code = str(value.get("id") if isinstance(value, dict) else value)
        if code.isdigit() and int(code) > 0:
            fields[name] = code
        elif name in row:
            surprises.append(
                _("Unknown value “%(value)s” of %(field)s.")
                % {"value": str(value)[:60], "field": name}
            )
    return fields, surprises


def _asking(team: object) -> list[Person]:
    rows = [one for one in team if isinstance(one, dict)] if isinstance(team, list) else []
    return [_person(one) for one in rows if one.get("role") == "requester"]


def _person(part: object) -> Person:
    if not isinstance(part, dict):
        return Person()
    names = [str(part.get(name) or "") for name in ("firstname", "realname")]
    shown = part.get("display_name") or " ".join(filter(None, names)) or part.get("name")
    return Person(str(part.get("id") or ""), str(shown or ""), str(part.get("email") or ""))


def _name(part: object) -> str:
    return str(part.get("name") or "") if isinstance(part, dict) else ""


def _made(answer: object) -> str:
    number = str(answer.get("id") or "") if isinstance(answer, dict) else ""
    if not number.isdigit():
        # It may be there all the same: the next look finds it by its marker.
        raise RemoteTrouble(_("GLPI did not say what it made."), uncertain=True)
    return number
