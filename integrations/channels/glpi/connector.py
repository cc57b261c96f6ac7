"""The legacy REST API as a connector."""

import html
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from integrations.channels.glpi.client import GlpiClient, GlpiRefusal
from integrations.channels.glpi.mapping import SOLVED
from integrations.channels.glpi.times import to_glpi, to_utc
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

OPTION_ID: Final = "2"
OPTION_CHANGED: Final = "19"
OPTION_CONTENT: Final = "21"
_CODES: Final = ("status", "urgency", "impact", "priority", "type")
_REQUESTER: Final = 1


class GlpiConnector:
    """Tickets of one GLPI, by the legacy API."""

    abilities = Abilities(solved_by_solution=SOLVED)

    def __init__(self, client: GlpiClient, *, zone: ZoneInfo, pages: str) -> None:
        self._client = client
        self._zone = zone
        self._pages = pages.rstrip("/")
        self._people: dict[int, Person] = {}
        self._documents: dict[int, dict[str, Any]] = {}

    def close(self) -> None:
        """End the session."""
        self._client.close()

    def test(self) -> str:
        """Open a session and look whether tickets can be searched by their change."""
        option = self._option_changed()
        params = {"forcedisplay[0]": OPTION_ID, "range": "0-0", "sort": option, "order": "DESC"}
        found = self._client.get("search/Ticket", params)
        total = found.get("totalcount", 0) if isinstance(found, dict) else 0
        return _("GLPI answers and shows %(count)s tickets.") % {"count": total}

    def _option_changed(self) -> str:
        """The search option of the last change; the usual number where GLPI does not say."""
        try:
            options = self._client.get("listSearchOptions/Ticket")
        except GlpiRefusal as problem:
            if problem.refused or problem.everywhere:
                raise
            return OPTION_CHANGED
        for number, option in options.items() if isinstance(options, dict) else ():
            if isinstance(option, dict) and (option.get("table"), option.get("field")) == (
                "glpi_tickets", "date_mod",
            ):  # fmt: skip
                return str(number)
        return OPTION_CHANGED

    def changed(self, since: datetime | None) -> list[Head]:
        """By the search engine, the latest change first: a ticket that changes meanwhile moves
        to the front and makes rows appear twice, never not at all."""
        option = self._option_changed()
        params: dict[str, Any] = {
            "forcedisplay[0]": OPTION_ID,
            "forcedisplay[1]": option,
            "sort": option,
            "order": "DESC",
        }
        if since is not None:
            params |= {
                "criteria[0][field]": option,
                "criteria[0][searchtype]": "morethan",
                "criteria[0][value]": to_glpi(since, self._zone),
            }
        heads: dict[str, Head] = {}
        for row in self._client.search("Ticket", params):
            number = str(row.get(OPTION_ID) or "")
            if number.isdigit():
                changed = str(row.get(option) or "")
                heads.setdefault(number, Head(number, changed, to_utc(changed, self._zone)))
            else:
                note_skipped("GLPI", row)
        return list(reversed(heads.values()))

    def fetch(self, remote_id: str) -> RemoteTicket | None:
        """The ticket, then what hangs on it: what is added in between comes with the next look."""
        row = self._client.get(f"Ticket/{remote_id}")
        if row is None or (isinstance(row, dict) and _yes(row.get("is_deleted"))):
            return None
        if not isinstance(row, dict) or str(row.get("id")) != remote_id or "name" not in row:
            raise Surprise(_("Ticket %(id)s of GLPI has no id or name.") % {"id": remote_id}, row)
        date = self._client.server_time()
        requester, asking = self._requester(remote_id)
        changed = to_utc(row.get("date_mod"), self._zone)
        fields, surprises = self._fields(row)
        content = str(row.get("content") or "")
        return RemoteTicket(
            head=Head(remote_id, settled(str(row.get("date_mod") or ""), changed, date), changed),
            display_id=remote_id,
            url=f"{self._pages}/front/ticket.form.php?id={remote_id}",
            subject=fields["subject"],
            html=content,
            marker=marker_in(content),
            fields=fields,
            requester=requester,
            created_at=to_utc(row.get("date"), self._zone),
            items=(
                *self._said(remote_id, "ITILFollowup", What.MESSAGE, asking),
                *self._said(remote_id, "ITILSolution", What.SOLUTION, ()),
                *self._files(remote_id),
            ),
            surprises=surprises,
        )

    def _fields(self, row: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
        fields = {"subject": html.unescape(str(row.get("name") or "")).strip()}
        surprises = []
        for name in _CODES:
            if _number(row.get(name)) > 0:
                fields[name] = str(_number(row.get(name)))
            elif name in row:
                surprises.append(
                    _("Unknown value “%(value)s” of %(field)s.")
                    % {"value": str(row.get(name))[:60], "field": name}
                )
        return fields, surprises

    def _requester(self, remote_id: str) -> tuple[Person, Sequence[int]]:
        people, keys = [], []
        for row in self._client.rows(f"Ticket/{remote_id}/Ticket_User"):
            if _number(row.get("type")) != _REQUESTER:
                continue
            key = _number(row.get("users_id"))
            if key > 0:
                keys.append(key)
                people.append(self._person(key))
            elif row.get("alternative_email"):
                people.append(Person(email=str(row["alternative_email"])))
        return (people[0] if people else Person()), keys

    def _person(self, key: int) -> Person:
        """A GLPI user; only the number where we may not read more."""
        if key not in self._people:
            self._people[key] = self._read_person(key)
        return self._people[key]

    def _read_person(self, key: int) -> Person:
        row = self._allowed(lambda: self._client.get(f"User/{key}"))
        if not isinstance(row, dict):
            return Person(key=str(key), name=f"GLPI {key}")
        emails = self._allowed(lambda: list(self._client.rows(f"User/{key}/UserEmail"))) or []
        emails.sort(key=lambda one: not _number(one.get("is_default")))
        names = [str(row.get(part) or "") for part in ("firstname", "realname")]
        return Person(
            key=str(key),
            name=" ".join(filter(None, names)) or str(row.get("name") or f"GLPI {key}"),
            email=next(
                (str(one["email"]) for one in emails if one.get("email")),
                str(row.get("email") or ""),
            ),
        )

    @staticmethod
    def _allowed(ask: Callable[[], Any]) -> Any:
        """The answer, None where our rights do not reach so far."""
        try:
            return ask()
        except GlpiRefusal as problem:
            if problem.refused or problem.everywhere:
                raise
            return None

    def _said(
        self, remote_id: str, itemtype: str, what: What, asking: Sequence[int]
    ) -> list[RemoteItem]:
        items = {}
        for row in self._client.rows(f"Ticket/{remote_id}/{itemtype}"):
            number, author = _number(row.get("id")), _number(row.get("users_id"))
            if number <= 0:
                continue
            content = str(row.get("content") or "")
            items[number] = RemoteItem(
                what=what,
                remote_id=f"{itemtype}:{number}",
                html=content,
                public=not _number(row.get("is_private")),
                from_requester=author in asking and not _number(row.get("is_private")),
                author=self._person(author) if author > 0 else Person(),
                at=to_utc(row.get("date_creation") or row.get("date"), self._zone),
                marker=marker_in(content),
            )
        return list(items.values())

    def _files(self, remote_id: str) -> list[RemoteItem]:
        items = {}
        for row in self._client.rows(f"Ticket/{remote_id}/Document_Item"):
            number = _number(row.get("documents_id"))
            document = self._document(number) if number > 0 else None
            if document is not None:
                items[number] = RemoteItem(
                    what=What.DOCUMENT,
                    remote_id=f"Document:{number}",
                    file_name=str(document.get("filename") or document.get("name") or "file"),
                    at=to_utc(document.get("date_creation"), self._zone),
                )
        return list(items.values())

    def _document(self, number: int) -> dict[str, Any] | None:
        if number not in self._documents:
            found = self._client.get(f"Document/{number}")
            if not isinstance(found, dict):
                return None
            self._documents[number] = found
        return self._documents[number]

    def load(self, remote_id: str, item: RemoteItem) -> bytes:
        """The document's bytes."""
        return self._client.download(f"Document/{item.remote_id.partition(':')[2]}")

    def create(self, draft: Draft) -> str:
        """With the requester by mail address: GLPI may not know them."""
        given: dict[str, Any] = {
            "name": draft.fields.get("subject", draft.subject),
            "content": with_marker_html(draft.html, draft.marker),
            **{name: int(draft.fields[name]) for name in _CODES if name in draft.fields},
        }
        if draft.requester.email:
            given["_users_id_requester"] = 0
            given["_users_id_requester_notif"] = {
                "use_notification": 1, "alternative_email": draft.requester.email,
            }  # fmt: skip
        return str(_made(self._client.send("POST", "Ticket", given)))

    def find(self, marker: str, since: datetime) -> str:
        """By the marker in the ticket's text."""
        params = {
            "criteria[0][field]": OPTION_CONTENT,
            "criteria[0][searchtype]": "contains",
            "criteria[0][value]": marker,
            "forcedisplay[0]": OPTION_ID,
        }
        for row in self._client.search("Ticket", params):
            number = str(row.get(OPTION_ID) or "")
            found = self._client.get(f"Ticket/{number}") if number.isdigit() else None
            if isinstance(found, dict) and marker_in(str(found.get("content") or "")) == marker:
                return number
        return ""

    def write(self, remote_id: str, fields: Mapping[str, str]) -> None:
        """One update for all fields."""
        given = {
            ("name" if name == "subject" else name): (value if name == "subject" else int(value))
            for name, value in fields.items()
        }
        answer = self._client.send("PUT", f"Ticket/{remote_id}", given)
        done = answer[0] if isinstance(answer, list) and answer else answer
        if not isinstance(done, dict) or not _yes(done.get(remote_id)):
            message = str(done.get("message") or "") if isinstance(done, dict) else ""
            raise RemoteTrouble(
                _("GLPI did not change ticket %(id)s: %(words)s")
                % {"id": remote_id, "words": message[:200] or "–"}
            )

    def add(self, remote_id: str, item: OutItem) -> str:
        """A follow-up, a solution (which solves the ticket) or a document."""
        if item.what is What.DOCUMENT:
            manifest = {
                "name": item.file_name,
                "_filename": [item.file_name],
                "itemtype": "Ticket",
                "items_id": int(remote_id),
            }
            made = self._client.upload(manifest, item.file_name, item.content, item.content_type)
            return f"Document:{_made(made)}"
        itemtype = "ITILSolution" if item.what is What.SOLUTION else "ITILFollowup"
        given: dict[str, Any] = {
            "itemtype": "Ticket",
            "items_id": int(remote_id),
            "content": with_marker_html(item.html, item.marker),
        }
        if itemtype == "ITILFollowup":
            given["is_private"] = 0 if item.public else 1
        return f"{itemtype}:{_made(self._client.send('POST', itemtype, given))}"


def _yes(value: object) -> bool:
    return value is True or str(value).lower() in {"1", "true"}


def _number(value: object) -> int:
    """A whole number, 0 for anything else."""
    if isinstance(value, bool):
        return int(value)
    try:
        return int(str(value))
    except ValueError:
        return 0


def _made(answer: object) -> int:
    if isinstance(answer, dict) and _number(answer.get("id")) > 0:
        return _number(answer["id"])
    # It may be there all the same: the next look finds it by its marker.
    raise RemoteTrouble(_("GLPI did not say what it made."), uncertain=True)
