"""The "My Incidents" service as a connector; new incidents by the service made for them."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from lxml import etree

from integrations.channels.solman.client import ODataService, SapRefusal
from integrations.channels.solman.formats import (
    DAY,
    datetime_literal,
    guid,
    has_no_time,
    results,
    shown_to_utc,
    string_literal,
    to_utc,
)
from integrations.channels.solman.mapping import TEXT_TYPES
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
from integrations.federation.text import (
    is_markup,
    marker_in,
    short_name,
    with_marker,
    with_marker_html,
)
from omnidesk.core.clock import now

LIST: Final = "MessageResultSet"
LONGEST_NAME: Final = 40
LONGEST_SUBJECT: Final = 40
_ENDINGS: Final = (("EnableConfirm", "confirmIncident"), ("EnableWithdraw", "withdrawIncident"))
_NEEDED: Final = ("Guid", "ObjectId", "Description", "Priority", "Concatstatuser", "ChangedAtDate")


class SolmanConnector:
    """Incidents of one Solution Manager. `names` are the customer's own names of properties."""

    abilities = Abilities(private_notes=False)

    def __init__(
        self, service: ODataService, maker: Callable[[], ODataService], *, zone: ZoneInfo,
        process_type: str, names: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._service = service
        self._make = maker
        self._maker: ODataService | None = None
        self._zone = zone
        self._process_type = process_type
        self._names = names
        self._status: dict[str, dict[str, Any]] = {}
        # Guids as this system writes them; most write small letters.
        self._spelled: dict[str, str] = {}

    def close(self) -> None:
        """Give the connections back."""
        self._service.close()
        if self._maker:
            self._maker.close()

    def _name(self, usual: str) -> str:
        return self._names.get(usual, usual)

    def _value(self, row: Mapping[str, Any], usual: str) -> Any:
        return row.get(self._name(usual))

    def _guid(self, remote_id: str) -> str:
        """For an address."""
        return f"guid'{self._spelled.get(remote_id, remote_id)}'"

    def test(self) -> str:
        """Read the service's description and say what it lacks."""
        try:
            parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
            root = etree.fromstring(self._service.metadata(), parser)
        except (etree.XMLSyntaxError, ValueError):
            raise RemoteTrouble(
                _("SAP shows its sign-in page: user name or password is wrong, or expired."),
                refused=True,
            ) from None
        sets = {one.get("Name"): one.get("EntityType") for one in root.iter("{*}EntitySet")}
        wanted = str(sets.get(LIST) or "").rpartition(".")[2]
        kinds = {one.get("Name"): one for one in root.iter("{*}EntityType")}
        kind = kinds.get(wanted)
        if LIST not in sets or kind is None:
            raise RemoteTrouble(_("The service has no %(name)s.") % {"name": LIST}, permanent=True)
        known = {one.get("Name") for one in kind.iter("{*}Property")}
        lacking = [one for one in _NEEDED if self._name(one) not in known]
        if lacking:
            return _("SAP answers, but its list lacks %(names)s. Name them in the settings.") % {
                "names": ", ".join(lacking)
            }
        return _("SAP Solution Manager answers; its list has all that is needed.")

    def changed(self, since: datetime | None) -> list[Head]:
        """By the date of change, checked again here: the service may ignore the filter."""
        changed = self._name("ChangedAtDate")
        params = {"$filter": f"{changed} ge {datetime_literal(since)}"} if since else {}
        heads = {}
        for row in self._listed(params):
            head = self._head(row)
            late = since is None or head.changed_at is None or head.changed_at >= since - DAY
            if not head.remote_id:
                note_skipped("Solution Manager", row)
            elif late:
                heads[head.remote_id] = head
        return sorted(heads.values(), key=lambda one: (one.changed_at or now(), one.remote_id))

    def _listed(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """The list with what this service has coded: filter and count may both be refused."""
        last: SapRefusal | None = None
        for counted in (True, False):
            for given in (params, {}) if params else (params,):
                try:
                    return list(self._service.rows(LIST, given, counted=counted))
                except SapRefusal as problem:
                    if not problem.permanent or problem.status not in {400, 405, 501}:
                        raise
                    last = problem
        assert last is not None  # noqa: S101  for the type checker
        raise last

    def _head(self, row: Mapping[str, Any]) -> Head:
        moment = to_utc(self._value(row, "ChangedAtDate"))
        shown = "|".join(
            str(self._value(row, name) or "")
            for name in ("Description", "Priority", "Concatstatuser", "ChangedAtDateFormatted")
        )
        digest = hashlib.sha256(shown.encode()).hexdigest()[:16]
        stamp = moment.isoformat() if moment else ""
        return Head(self._known(self._value(row, "Guid")), f"{stamp} {digest}", moment)

    def _known(self, value: object) -> str:
        """A guid as we keep it; how it was written is remembered for addresses."""
        number, written = guid(value), str(value or "").strip()
        if number and "-" in written:
            self._spelled[number] = written
        return number

    def fetch(self, remote_id: str) -> RemoteTicket | None:
        """The incident, its texts, its files."""
        found = self._find(remote_id)
        if found is None:
            return None
        date = self._service.date
        [row, *_more] = results(found) or [{}]
        head = self._head(row)
        if head.remote_id != remote_id:
            raise Surprise(_("The incident %(id)s has no guid.") % {"id": remote_id}, row)
        here = f"{LIST}({self._guid(remote_id)})"
        mode = self._state(remote_id).get("TextMode")
        opening, items = self._texts(self._service.below(f"{here}/TextSet"), mode)
        body = str(opening.get("TextString") or self._value(row, "IntroText") or "")
        fields = {
            "subject": str(self._value(row, "Description") or "").strip(),
            "status": str(self._value(row, "Concatstatuser") or "").strip(),
            "priority": str(self._value(row, "Priority") or "").strip(),
        }
        files = self._service.below(f"{here}/AttachmentSet")
        html = _is_html(body, mode)
        return RemoteTicket(
            head=Head(remote_id, self._version(head, date), head.changed_at),
            display_id=str(self._value(row, "ObjectId") or ""),
            subject=fields["subject"],
            text="" if html else body,
            html=body if html else "",
            marker=marker_in(body),
            fields={name: value for name, value in fields.items() if value},
            requester=_author(opening),
            created_at=to_utc(self._value(row, "PostingDate")),
            items=(*items, *self._files(files)),
        )

    def _find(self, remote_id: str) -> Any:
        """The incident; asked for in capitals as well before it counts as gone."""
        found = self._service.get(f"{LIST}({self._guid(remote_id)})")
        if found is None and remote_id not in self._spelled:
            found = self._service.get(f"{LIST}(guid'{remote_id.upper()}')")
        return found

    @staticmethod
    def _version(head: Head, date: str) -> str:
        if head.changed_at and has_no_time(head.changed_at) and now() - head.changed_at < 2 * DAY:
            return f"{head.version}~"  # only the day is known: it may change all day long
        return settled(head.version, head.changed_at, date)

    def _state(self, remote_id: str) -> dict[str, Any]:
        """What can be done with the incident now; empty where this service does not say."""
        try:
            found = results(self._service.get(f"StatusSet({self._guid(remote_id)})") or {})
        except SapRefusal as problem:
            if problem.refused or not problem.permanent:
                raise
            found = []
        self._status[remote_id] = found[0] if found else {}
        return self._status[remote_id]

    def _texts(
        self, rows: list[dict[str, Any]], mode: object
    ) -> tuple[dict[str, Any], list[RemoteItem]]:
        """(the description, the rest). Texts have no key: their content is their name."""
        sorts = [TEXT_TYPES.get(str(row.get("Tdid") or ""), "note") for row in rows]
        opening = next((row for row, sort in zip(rows, sorts, strict=True)
                        if sort == "description"), {})  # fmt: skip
        asking = _author(opening)
        items, counts = [], dict[str, int]()
        for row, sort in zip(rows, sorts, strict=True):
            text = str(row.get("TextString") or "")
            if row is opening or not text.strip():
                continue
            named = [str(row.get(part) or "") for part in ("Tdid", "TdfuserText", "DateTimeText")]
            digest = hashlib.sha256("\x1f".join([*named, text]).encode()).hexdigest()[:32]
            counts[digest] = counts.get(digest, 0) + 1
            author = _author(row)
            html = _is_html(text, mode)
            items.append(
                RemoteItem(
                    what=What.MESSAGE,
                    remote_id=f"Text:{digest}:{counts[digest]}",
                    text="" if html else text,
                    html=text if html else "",
                    public=sort != "note",
                    from_requester=sort == "reply" and bool(author.key) and author == asking,
                    author=author,
                    at=shown_to_utc(row.get("DateTimeText"), self._zone),
                    marker=marker_in(text),
                )
            )
        return opening, items

    def _files(self, rows: list[dict[str, Any]]) -> list[RemoteItem]:
        items = []
        for row in rows:
            meta = row.get("__metadata") or {}
            key = ":".join(str(row.get(part) or "") for part in ("loioId", "phioId"))
            key = key if key != ":" else str(meta.get("uri") or "")[-150:]
            source = str(meta.get("media_src") or "")
            if not source and meta.get("uri"):
                source = f"{meta['uri']}/$value"
            if not key or not source:
                continue
            size = str(row.get("fileSize") or "").strip()
            items.append(
                RemoteItem(
                    what=What.DOCUMENT,
                    remote_id=f"File:{key}",
                    file_name=str(row.get("fileName") or "file"),
                    file_size=int(size) if size.isdigit() else None,
                    at=to_utc(row.get("uploadDate")),
                    source=source,
                )
            )
        return items

    def load(self, remote_id: str, item: RemoteItem) -> bytes:
        """The attachment's bytes."""
        page = item.file_name.lower().endswith((".htm", ".html"))
        return self._service.download(item.source, html=page)

    def create(self, draft: Draft) -> str:
        """By the service for creating: a short text of 40 characters, the rest as long text."""
        if self._maker is None:
            self._maker = self._make()
        made = self._maker.post(
            "IncidentSet",
            {
                "ProcessType": self._process_type,
                "Description": draft.subject[:LONGEST_SUBJECT],
                "LongText": with_marker(draft.text, draft.marker),
                "Priority": draft.fields.get("priority", "3"),
            },
        )
        [row, *_more] = results(made) or [{}]
        number = self._known(row.get("Guid"))
        if not number:
            raise RemoteTrouble(_("SAP did not say what it made."), uncertain=True)
        return number

    def find(self, marker: str, since: datetime) -> str:
        """Among what changed since then, by the marker in its texts."""
        for head in self.changed(since):
            rows = self._service.below(f"{LIST}({self._guid(head.remote_id)})/TextSet")
            if any(marker in str(row.get("TextString") or "") for row in rows):
                return head.remote_id
        return ""

    def write(self, remote_id: str, fields: Mapping[str, str]) -> None:
        """Confirm a provided solution, or withdraw the incident."""
        if "status" not in fields:
            return
        state = self._state(remote_id)
        for flag, name in _ENDINGS:
            if _yes(state.get(flag)):
                comment = string_literal(_("Closed in OmniDesk."))
                params = {"Guid": self._guid(remote_id), "Comments": comment}
                self._check_done(name, self._service.act(name, params))
                return
        raise RemoteTrouble(_("SAP allows neither confirming nor withdrawing this incident now."))

    @staticmethod
    def _check_done(name: str, found: Any) -> None:
        """A refusal may come with 200: its type says so."""
        inside = found.get("d") if isinstance(found, dict) else None
        said = inside.get(name, inside) if isinstance(inside, dict) else None
        if isinstance(said, dict) and str(said.get("Type") or "").upper() in {"E", "A"}:
            words = str(said.get("Message") or "")[:200]
            code = f"{said.get('Id') or ''}/{said.get('Number') or ''}"
            raise RemoteTrouble(
                _("SAP refused: %(words)s (%(code)s)") % {"words": words or "–", "code": code}
            )

    def add(self, remote_id: str, item: OutItem) -> str:
        """A text or a file; SAP names neither: the next look finds them."""
        here = f"{LIST}({self._guid(remote_id)})"
        state = self._status.get(remote_id) or self._state(remote_id)
        if item.what is What.DOCUMENT:
            if "EnableUpload" in state and not _yes(state["EnableUpload"]):
                raise RemoteTrouble(_("SAP takes no files on this incident now."), permanent=True)
            name = short_name(item.file_name, LONGEST_NAME)
            self._service.upload(f"{here}/AttachmentSet", name, item.content, item.content_type)
            return ""
        text = (
            with_marker_html(item.html, item.marker)
            if state.get("TextMode") == "H"
            else with_marker(item.text, item.marker)
        )
        self._service.post(f"{here}/TextSet", {"TextString": text})
        return ""


def _is_html(text: str, mode: object) -> bool:
    """By the incident's mode of texts; where it has none, by how the text looks."""
    return mode == "H" if mode is not None else is_markup(text)


def _author(row: Mapping[str, Any]) -> Person:
    name, email = str(row.get("TdfuserText") or ""), str(row.get("Email") or "")
    return Person(key=email or name, name=name, email=email)


def _yes(value: object) -> bool:
    return value is True or str(value).strip().lower() in {"true", "x", "1"}
