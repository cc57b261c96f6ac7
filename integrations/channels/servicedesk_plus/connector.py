"""The v3 API as a connector."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from integrations.channels.servicedesk_plus.mapping import CLOSED, SOLVED
from integrations.channels.servicedesk_plus.v3 import SdpClient, SdpRefusal
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
from integrations.federation.text import marker_in, with_marker_html, without_marker

_NAMED: Final = ("status", "urgency", "impact", "priority")
_NOTE_KEYS: Final = ("note", "request_note")


class SdpConnector:
    """Requests of one ServiceDesk Plus. Ids are strings: cloud ids exceed 2^53."""

    abilities = Abilities(solved_by_solution=SOLVED, solution_sets_status=False)

    def __init__(self, client: SdpClient, *, page: str, note_key: str) -> None:
        self._client = client
        self._page = page  # with {id}
        self._note_key = note_key
        self._resolutions: dict[str, str] = {}

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def test(self) -> str:
        """Count the requests."""
        info = {"row_count": 1, "start_index": 1, "get_total_count": True}
        found = self._client.get("requests", {"list_info": info}) or {}
        about = found.get("list_info")
        total = about.get("total_count") if isinstance(about, dict) else None
        return _("ServiceDesk Plus answers and shows %(count)s requests.") % {
            "count": "–" if total is None else total
        }

    def changed(self, since: datetime | None) -> list[Head]:
        """The latest change first: what changes meanwhile appears twice, never not at all."""
        info: dict[str, Any] = {
            "sort_field": "last_updated_time",
            "sort_order": "desc",
            "get_total_count": True,
            "fields_required": ["id", "last_updated_time", "created_time"],
        }
        if since is not None:
            info["search_criteria"] = [
                {
                    "field": "last_updated_time",
                    "condition": "greater than",
                    "values": [str(int(since.timestamp() * 1000))],
                }
            ]
        heads: dict[str, Head] = {}
        for row in self._client.rows("requests", "requests", info):
            head = _head(row)
            if head.remote_id:
                heads.setdefault(head.remote_id, head)
            else:
                note_skipped("ServiceDesk Plus", row)
        return list(reversed(heads.values()))

    def fetch(self, remote_id: str) -> RemoteTicket | None:
        """The request, its notes, its files."""
        found = self._client.get(f"requests/{remote_id}")
        if found is None:
            return None
        row = found.get("request")
        date = self._client.date
        if not isinstance(row, dict) or _head(row).remote_id != remote_id or "subject" not in row:
            raise Surprise(_("Request %(id)s has no id or subject.") % {"id": remote_id}, row)
        if row.get("is_trashed") in (True, "true"):
            return None
        head = _head(row)
        asking = _person(row.get("requester"))
        description = str(row.get("description") or "")
        fields = {"subject": str(row.get("subject") or "").strip()}
        for name in _NAMED:
            value = row.get(name)
            word = value.get("name") if isinstance(value, dict) else value
            if word:
                fields[name] = str(word)
        return RemoteTicket(
            head=Head(remote_id, settled(head.version, head.changed_at, date), head.changed_at),
            display_id=str(row.get("display_id") or remote_id),
            url=self._page.format(id=remote_id),
            subject=fields["subject"],
            html=description,
            marker=marker_in(description),
            fields=fields,
            category=_name(row.get("category")),
            requester=asking,
            created_at=_moment(row.get("created_time")),
            items=(*self._notes(remote_id, asking), *self._resolution(remote_id, row),
                   *self._files(remote_id, row)),
        )  # fmt: skip

    def request(self, remote_id: str) -> dict[str, Any]:
        """One request as it is now, in their words. Raises RemoteTrouble where there is none."""
        found = self._client.get(f"requests/{remote_id}")
        if found is None:
            raise RemoteTrouble(_("This ticket is no longer on the other side."), permanent=True)
        row = found.get("request")
        if not isinstance(row, dict):
            raise RemoteTrouble(_("The answer holds no request."), permanent=True)
        return row

    def note_texts(self, remote_id: str) -> list[str]:
        """The descriptions of a request's notes, the newest hundred."""
        info = {"row_count": 100, "sort_field": "added_time", "sort_order": "desc"}
        found = self._client.get(f"requests/{remote_id}/notes", {"list_info": info}) or {}
        rows = found.get("notes") or found.get("request_notes") or []
        return [str(one.get("description", "")) for one in rows if isinstance(one, dict)]

    def _notes(self, remote_id: str, asking: Person) -> list[RemoteItem]:
        items = []
        for row in self._client.rows(f"requests/{remote_id}/notes", "notes", {}):
            content = str(row.get("description") or "")
            author = _person(row.get("created_by") or row.get("added_by"))
            public = row.get("show_to_requester") in (True, "true")
            items.append(
                RemoteItem(
                    what=What.MESSAGE,
                    remote_id=f"Note:{row.get('id')}",
                    html=content,
                    public=public,
                    from_requester=public and bool(author.email) and author.email == asking.email,
                    author=author,
                    at=_moment(row.get("created_time") or row.get("added_time")),
                    marker=marker_in(content),
                )
            )
        return items

    def _resolution(self, remote_id: str, row: Mapping[str, Any]) -> list[RemoteItem]:
        part = row.get("resolution")
        content = str(part.get("content") or "") if isinstance(part, dict) else ""
        self._resolutions[remote_id] = content
        if not content.strip() or not isinstance(part, dict):
            return []
        plain = without_marker(content).encode()
        return [
            RemoteItem(
                what=What.SOLUTION,
                # There is one resolution; another text is another one.
                remote_id=f"Resolution:{hashlib.sha256(plain).hexdigest()[:32]}",
                html=content,
                author=_person(part.get("submitted_by")),
                at=_moment(part.get("submitted_on")),
                marker=marker_in(content),
            )
        ]

    def _files(self, remote_id: str, row: Mapping[str, Any]) -> list[RemoteItem]:
        rows = row.get("attachments")
        if not isinstance(rows, list):
            rows = list(self._client.rows(f"requests/{remote_id}/attachments", "attachments", {}))
        items = []
        for one in rows:
            if not isinstance(one, dict) or not one.get("id"):
                continue
            size = one.get("size")
            number = str((size.get("value") if isinstance(size, dict) else size) or "")
            items.append(
                RemoteItem(
                    what=What.DOCUMENT,
                    remote_id=f"File:{one['id']}",
                    file_name=str(one.get("name") or one.get("file_name") or "file"),
                    file_size=int(number) if number.isdigit() else None,
                )
            )
        return items

    def load(self, remote_id: str, item: RemoteItem) -> bytes:
        """The attachment's bytes."""
        number = item.remote_id.partition(":")[2]
        return self._client.download(f"requests/{remote_id}/attachments/{number}/download")

    def create(self, draft: Draft) -> str:
        """References go by name, as this installation calls them."""
        given: dict[str, Any] = {
            "subject": draft.fields.get("subject", draft.subject[:250]),
            "description": with_marker_html(draft.html, draft.marker),
            **{name: {"name": draft.fields[name]} for name in _NAMED if name in draft.fields},
        }
        if draft.requester.email:
            given["requester"] = {
                "email_id": draft.requester.email, "name": draft.requester.name,
            }  # fmt: skip
        row = self._client.send("POST", "requests", {"request": given}).get("request")
        if not isinstance(row, dict) or not row.get("id"):
            raise RemoteTrouble(_("ServiceDesk Plus did not say what it made."), uncertain=True)
        return str(row["id"])

    def find(self, marker: str, since: datetime) -> str:
        """Among what changed since then, by the marker in its description."""
        for head in self.changed(since):
            found = self._client.get(f"requests/{head.remote_id}") or {}
            row = found.get("request")
            if isinstance(row, dict) and marker_in(str(row.get("description") or "")) == marker:
                return head.remote_id
        return ""

    def write(self, remote_id: str, fields: Mapping[str, str]) -> None:
        """One change for all fields; closing has its own call where the usual one is refused."""
        given: dict[str, Any] = {
            name: value if name == "subject" else {"name": value} for name, value in fields.items()
        }
        try:
            self._client.send("PUT", f"requests/{remote_id}", {"request": given})
        except SdpRefusal as problem:
            if fields.get("status") != CLOSED or not problem.permanent:
                raise
            del given["status"]
            if given:
                self._client.send("PUT", f"requests/{remote_id}", {"request": given})
            self._close(remote_id)

    def _close(self, remote_id: str) -> None:
        info = {
            "closure_comments": _("Closed in OmniDesk."),
            "requester_ack_resolution": True,
            "closure_code": {"name": "Success"},
        }
        given = {"request": {"closure_info": info}}
        self._client.send("PUT", f"requests/{remote_id}/close", given)

    def add(self, remote_id: str, item: OutItem) -> str:
        """A note, the resolution (unless somebody wrote one already) or a file."""
        if item.what is What.DOCUMENT:
            found = self._client.upload(
                f"requests/{remote_id}/upload", item.file_name, item.content, item.content_type
            )
            made = found.get("attachment") or found.get("attachments") or {}
            made = made[0] if isinstance(made, list) and made else made
            number = made.get("id") if isinstance(made, dict) else ""
            return f"File:{number}" if number else ""
        html = with_marker_html(item.html, item.marker)
        if item.what is What.SOLUTION and not self._resolved(remote_id):
            given = {"resolution": {"content": html, "add_to_linked_requests": False}}
            self._client.send("POST", f"requests/{remote_id}/resolutions", given)
            return ""
        return self.add_note(remote_id, html, public=item.public)

    def _resolved(self, remote_id: str) -> bool:
        """Whether a resolution is there, which must not be overwritten. Another session may have
        read the request: then it is asked for here."""
        if remote_id not in self._resolutions:
            self._resolution(remote_id, self.request(remote_id))
        return bool(self._resolutions.get(remote_id, "").strip())

    def add_note(self, remote_id: str, html: str, *, public: bool) -> str:
        """The note's key has changed over the years: the other one is tried once."""
        note = {
            "description": html,
            "show_to_requester": public,
            "notify_technician": False,
            "mark_first_response": False,
            "add_to_linked_requests": False,
        }
        path = f"requests/{remote_id}/notes"
        try:
            found = self._client.send("POST", path, {self._note_key: note})
        except SdpRefusal as problem:
            other = next(one for one in _NOTE_KEYS if one != self._note_key)
            if not problem.permanent:
                raise
            found = self._client.send("POST", path, {other: note})
            self._note_key = other
        made: dict[str, Any] = next(
            (found[key] for key in _NOTE_KEYS if isinstance(found.get(key), dict)), {}
        )
        return f"Note:{made['id']}" if made.get("id") else ""


def _head(row: Mapping[str, Any]) -> Head:
    stamp = row.get("last_updated_time") or row.get("created_time")
    value = stamp.get("value") if isinstance(stamp, dict) else stamp
    return Head(str(row.get("id") or ""), str(value or ""), _moment(stamp))


def _moment(stamp: object) -> datetime | None:
    value = stamp.get("value") if isinstance(stamp, dict) else stamp
    text = str(value or "")
    if not text.isdigit() or len(text) > 14:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))


def _person(part: object) -> Person:
    if not isinstance(part, dict):
        return Person()
    email = str(part.get("email_id") or "")
    return Person(str(part.get("id") or email), str(part.get("name") or ""), email)


def _name(part: object) -> str:
    return str(part.get("name") or "") if isinstance(part, dict) else ""
