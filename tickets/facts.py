"""From tickets to the facts that conditions ask about; the only part of them that reads rows."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Max, Q
from django.db.models.functions import Left

from omnidesk.accounts.models import Team, User
from omnidesk.core.clock import now
from tickets.choices import MessageKind
from tickets.conditions import Facts
from tickets.conditions.fields import OF_CLOCKS
from tickets.models import Category, Change, Message, Status, Ticket, TicketQuerySet, TicketTag
from tickets.sla import sla_state

# More of a text than this is not looked at: enough for any letter, and it bounds the time.
LONGEST_TEXT = 20_000
CUSTOM = "custom."
_AI = {"ai_category": "category", "ai_team": "team", "ai_urgency": "urgency"}
# Verbs of the log that say something of one clock of a ticket.
CLOCK_VERBS = frozenset({"ticket.sla_warned", "ticket.sla_breached", "ticket.sla_escalated"})
# What a fact of the ticket's row takes from the row beside it.
_JOINED = {
    "requester_email": "requester", "requester_domain": "requester", "type": "type",
    "status": "status", "pending_reason": "pending_reason",
}  # fmt: skip
_TALK = frozenset({"hours_since_reply", "hours_since_requester"})

Value = Callable[[Ticket, datetime], Any]
FactSource = Callable[[Sequence[Ticket], Collection[str]], Mapping[int, Mapping[str, Any]]]
_sources: list[FactSource] = []


def add_fact_source(source: FactSource) -> FactSource:
    """Let `source(tickets, needed)` add values by ticket id; usable as a decorator.

    It is asked for many tickets at once and must make the same number of queries for all.
    """
    if source not in _sources:
        _sources.append(source)
    return source


def _hours(since: datetime | None, moment: datetime) -> float | None:
    return None if since is None else (moment - since).total_seconds() / 3600


_VALUES: dict[str, Value] = {
    "subject": lambda ticket, _: ticket.subject,
    "first_text": lambda ticket, _: ticket.description[:LONGEST_TEXT],
    "requester": lambda ticket, _: ticket.requester_id,
    "requester_email": lambda ticket, _: ticket.requester.email,
    "requester_domain": lambda ticket, _: ticket.requester.email.rpartition("@")[2],
    "organization": lambda ticket, _: ticket.organization_id,
    "source": lambda ticket, _: ticket.source,
    "type": lambda ticket, _: ticket.type and ticket.type.key,
    "status": lambda ticket, _: ticket.status.key,
    "status_category": lambda ticket, _: ticket.status_category,
    "pending_reason": lambda ticket, _: ticket.pending_reason and ticket.pending_reason.key,
    "category": lambda ticket, _: ticket.category_id,
    "urgency": lambda ticket, _: ticket.urgency,
    "impact": lambda ticket, _: ticket.impact,
    "priority": lambda ticket, _: ticket.priority,
    "team": lambda ticket, _: ticket.team_id,
    "assignee": lambda ticket, _: ticket.assignee_id,
    "language": lambda ticket, _: ticket.language,
    "messages": lambda ticket, _: ticket.message_count,
    "hours_open": lambda ticket, moment: _hours(ticket.created_at, moment),
    "hours_quiet": lambda ticket, moment: _hours(ticket.last_activity_at, moment),
    "sla_state": lambda ticket, moment: sla_state(ticket, moment).value,
    "ai_state": lambda ticket, _: ticket.ai_state,
}


_Readers = dict[str, Callable[[], Mapping[str, Any]]]


class _Late(Mapping[str, Any]):
    """Values of which some are read when a question first asks for them.

    Most conditions fail on what the ticket's own row says: what stands in other tables is then
    never read at all.
    """

    def __init__(self, known: dict[str, Any], late: _Readers) -> None:
        self._known, self._late = known, late

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or `default`."""
        if name in self._late:
            self._read(name)
        return self._known.get(name, default)

    def _read(self, name: str) -> None:
        reader = self._late[name]
        # One reader may bring several values: none of them is asked again.
        self._late = {key: other for key, other in self._late.items() if other is not reader}
        self._known.update(reader())

    def __getitem__(self, name: str) -> Any:
        if name in self._late:
            self._read(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._known, **dict.fromkeys(self._late)})

    def __len__(self) -> int:
        return len({*self._known, *self._late})


def lean(rows: TicketQuerySet, needed: Collection[str]) -> TicketQuerySet:
    """Tickets for `facts_in_bulk` alone: no more of each than `needed` facts take from it."""
    joined = {_JOINED[name] for name in needed if name in _JOINED}
    deferred = ["search"] if "first_text" in needed else ["search", "description"]
    rows = rows.defer(*deferred)
    return rows.select_related(*joined) if joined else rows


def facts_of(
    ticket: Ticket,
    *,
    needed: Collection[str],
    event: str = "",
    before: Mapping[str, Any] | None = None,
    happened: Mapping[str, Any] | None = None,
    moment: datetime | None = None,
) -> Facts:
    """The facts of one ticket, for conditions that ask for `needed` fields.

    `event` is a key of the field "event", `before` the earlier values of what it changed,
    `happened` what is known of the event alone (`clock_facts`). Queries: none at once; up to 3
    and those of sources when a question asks for what stands in other tables.
    """
    moment = moment or now()
    near = {name for name in needed if _is_near(name)}
    found = facts_in_bulk([ticket], needed=near, event=event, before=before, moment=moment)
    facts = found[ticket.pk]
    late: _Readers = {}
    for group in ({"tags"}, {"last_text"}, set(_TALK), _of_sources(needed)):
        asked = group & set(needed)
        if asked:
            late |= dict.fromkeys(asked, _reader(ticket, asked, moment))
    return Facts(_Late({**facts.values, **(happened or {})}, late), facts.before, facts.confidence)


def _is_near(name: str) -> bool:
    """Whether the ticket's own row says it."""
    return name in _VALUES or name in _AI or name.startswith(CUSTOM)


def _of_sources(needed: Collection[str]) -> set[str]:
    elsewhere = {"tags", "last_text", "event", *_TALK, *OF_CLOCKS}
    return {name for name in needed if not _is_near(name) and name not in elsewhere}


def _reader(
    ticket: Ticket, asked: Collection[str], moment: datetime
) -> Callable[[], Mapping[str, Any]]:
    return lambda: _extra([ticket], asked, moment)[ticket.pk]


def facts_in_bulk(
    tickets: Sequence[Ticket],
    *,
    needed: Collection[str],
    event: str = "",
    before: Mapping[str, Any] | None = None,
    moment: datetime | None = None,
) -> dict[int, Facts]:
    """The facts of many tickets by id; as many queries as for one.

    The tickets come with `with_row_relations()` or from `lean`, or each costs queries of its own.
    """
    moment = moment or now()
    wanted = [(name, _VALUES[name]) for name in needed if name in _VALUES]
    custom = [name for name in needed if name.startswith(CUSTOM)]
    extra = _extra(tickets, needed, moment)
    found = {}
    for ticket in tickets:
        values: dict[str, Any] = {"event": event}
        for name, value in wanted:
            values[name] = value(ticket, moment)
        for name in custom:
            values[name] = own_value(ticket.custom_fields.get(name.removeprefix(CUSTOM)))
        values.update(extra.get(ticket.pk, {}))
        sure = _read_ai(ticket, needed, values)
        found[ticket.pk] = Facts(values, before or {}, sure)
    return found


def _read_ai(ticket: Ticket, needed: Collection[str], values: dict[str, Any]) -> dict[str, float]:
    sure = {}
    for name, field in _AI.items():
        entry = ticket.ai_verdict.get(field) if name in needed else None
        if isinstance(entry, dict):
            values[name] = entry.get("value")
            sure[name] = float(entry.get("confidence") or 0)
    return sure


def _extra(
    tickets: Sequence[Ticket], needed: Collection[str], moment: datetime
) -> dict[int, dict[str, Any]]:
    """What stands in other tables, by ticket id."""
    wanted = set(needed)
    ids = [ticket.pk for ticket in tickets]
    found: dict[int, dict[str, Any]] = {pk: {} for pk in ids}
    if "tags" in wanted:
        _add_tags(ids, found)
    public = Message.objects.filter(ticket__in=ids, kind=MessageKind.PUBLIC)
    if "last_text" in wanted:
        latest = public.order_by("ticket_id", "-created_at", "-pk").distinct("ticket_id")
        for pk, text in latest.values_list("ticket_id", Left("text", LONGEST_TEXT)):
            found[pk]["last_text"] = text
    if wanted & _TALK:
        times = public.order_by().values("ticket_id").annotate(
            desk=Max("created_at", filter=Q(from_requester=False)),
            requester=Max("created_at", filter=Q(from_requester=True)),
        )  # fmt: skip
        for row in times:
            found[row["ticket_id"]]["hours_since_reply"] = _hours(row["desk"], moment)
            found[row["ticket_id"]]["hours_since_requester"] = _hours(row["requester"], moment)
    for source in _sources if _of_sources(wanted) else ():
        for pk, values in source(tickets, wanted).items():
            found[pk].update(values)
    return found


def _add_tags(ids: list[int], found: dict[int, dict[str, Any]]) -> None:
    names: dict[int, set[str]] = {pk: set() for pk in ids}
    rows = TicketTag.objects.filter(ticket__in=ids).values_list("ticket_id", "tag__name")
    for pk, name in rows:
        names[pk].add(name)
    for pk in ids:
        found[pk]["tags"] = frozenset(names[pk])


def before_of(changes: Iterable[Change]) -> dict[str, Any]:
    """The earlier values of what log rows of one event changed (queries: 0 to 4).

    The log names categories, teams and people in words; a name that no row carries any more
    counts as nothing, while the field still counts as changed.
    """
    before: dict[str, Any] = {}
    for change in changes:
        if not change.field:
            continue
        if change.field == "custom_fields":
            before |= _custom_before(change.old or {}, change.new or {})
        elif change.field not in before:
            before[change.field] = _BEFORE.get(change.field, _as_it_is)(change)
        if change.field == "status":
            before |= _stage_before(change)
    return before


def _custom_before(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    changed = [key for key in {*old, *new} if old.get(key) != new.get(key)]
    return {f"{CUSTOM}{key}": own_value(old.get(key)) for key in changed}


def own_value(stored: Any) -> Any:
    """A custom field's value as conditions compare it: several of a list are a set of names."""
    if isinstance(stored, list):
        return frozenset(str(one).lower() for one in stored)
    return stored


class _OfClock(Protocol):
    @property
    def verb(self) -> str: ...
    @property
    def detail(self) -> Any: ...


def clock_facts(changes: Iterable[_OfClock]) -> dict[str, Any]:
    """Which agreed time log rows of one event are about, and how far it is (queries: 0).

    Minutes of business time: above 0 are left, below 0 it is past.
    """
    for change in changes:
        if change.verb in CLOCK_VERBS:
            minutes = change.detail.get("minutes") or 0
            late = change.verb == "ticket.sla_breached"
            return {
                "sla_metric": change.detail.get("metric"),
                "sla_minutes": -minutes if late else minutes,
            }
    return {}


def _stage_before(change: Change) -> dict[str, Any]:
    stages = dict(
        Status.objects.filter(
            organization_id=change.organization_id, key__in=[change.old or "", change.new or ""]
        ).values_list("key", "category")
    )
    old, new = stages.get(str(change.old)), stages.get(str(change.new))
    return {} if old == new else {"status_category": old}


def _as_it_is(change: Change) -> Any:
    return frozenset(change.old) if isinstance(change.old, list) else change.old


def _category_before(change: Change) -> Any:
    rows = Category.objects.filter(organization_id=change.organization_id, name=change.old or "")
    return rows.values_list("pk", flat=True).first()


def _team_before(change: Change) -> Any:
    rows = Team.objects.filter(organization_id=change.organization_id, name=change.old or "")
    return rows.values_list("pk", flat=True).first()


def _assignee_before(change: Change) -> Any:
    return User.objects.filter(email=change.old or "").values_list("pk", flat=True).first()


_BEFORE: dict[str, Callable[[Change], Any]] = {
    "category": _category_before,
    "team": _team_before,
    "assignee": _assignee_before,
}
