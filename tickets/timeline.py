"""The conversation as it is shown: messages and event lines in one order."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from omnidesk.accounts.models import User
from tickets.choices import ActorKind, Priority, Source, Urgency
from tickets.linking import Relation
from tickets.models import Change, Message, PendingReason, RunState, Status, TicketType
from tickets.sla_rules import Metric

FOLD_FROM = 3


@dataclass(frozen=True, slots=True)
class EventLine:
    """One quiet line: what happened, by whom, when."""

    icon: str
    text: str
    at: datetime
    # At equal times: how it came in stands above the first message, the rest below.
    rank: int = 1


@dataclass(slots=True)
class Item:
    """A message, or a run of events (three and more are folded)."""

    message: Message | None = None
    events: list[EventLine] = field(default_factory=list)

    @property
    def folded(self) -> bool:
        """Whether the run is long enough to hide behind its count."""
        return len(self.events) >= FOLD_FROM


@dataclass(frozen=True, slots=True)
class Names:
    """What stored keys and addresses are called on the page."""

    statuses: dict[str, str]
    people: dict[str, str]
    reasons: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    # Custom fields by key; one that nobody names is called by it.
    fields: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(
        cls,
        statuses: Iterable[Status],
        people: Iterable[User],
        reasons: Iterable[PendingReason],
        types: Iterable[TicketType],
    ) -> "Names":
        """From the options of the property menus, which the page has read anyway."""
        return cls(
            {status.key: _(status.name) for status in statuses},
            {person.email: person.display_name for person in people},
            {reason.key: str(reason) for reason in reasons},
            {kind.key: str(kind) for kind in types},
        )


def timeline(messages: Sequence[Message], changes: Iterable[Change], names: Names) -> list[Item]:
    """Messages and event lines by time; equal times keep the event after its message."""
    lines = [line for change in changes if (line := describe(change, names))]
    entries: list[tuple[datetime, int, Message | EventLine]] = [
        *((message.created_at, 0, message) for message in messages),
        *((line.at, line.rank, line) for line in lines),
    ]
    items: list[Item] = []
    for _at, _rank, entry in sorted(entries, key=lambda row: row[:2]):
        if isinstance(entry, Message):
            items.append(Item(message=entry))
        elif items and items[-1].message is None:
            items[-1].events.append(entry)
        else:
            items.append(Item(events=[entry]))
    return items


def describe(change: Change, names: Names) -> EventLine | None:
    """The line for a change; None for what the conversation shows anyway."""
    teller = _TELLERS.get(change.verb)
    if teller is None:
        return None
    icon, tell = teller
    text = tell(change, names)
    if not text:
        return None
    if change.verb == "ticket.opened":
        return EventLine(icon, text, change.ticket.created_at, rank=-1)
    return EventLine(icon, text, change.at)


def _who(change: Change) -> str:
    if change.actor_kind == ActorKind.AI:
        return _("AI")
    return change.actor.display_name if change.actor else change.actor_label or _("The system")


def _opened(change: Change, names: Names) -> str:
    source = change.detail.get("source", "")
    if source == Source.EMAIL:
        return _("Received by e-mail")
    if source == Source.PORTAL:
        return _("Sent from the portal")
    if source == Source.PHONE:
        return _("Taken by phone")
    return _("Received through %(channel)s") % {"channel": dict(Source.choices).get(source, source)}


def _status(change: Change, names: Names) -> str:
    name = names.statuses.get(str(change.new), change.new)
    return _("%(who)s set %(status)s") % {"who": _who(change), "status": name}


def _typed(change: Change, names: Names) -> str:
    kind = names.types.get(str(change.new), change.new)
    return _("%(who)s made it a %(type)s") % {"who": _who(change), "type": kind}


def _field(change: Change, names: Names) -> str:
    labels = [names.fields.get(key, key) for key in change.new or {}]
    return _("%(who)s changed %(fields)s") % {"who": _who(change), "fields": ", ".join(labels)}


def _waits(change: Change, names: Names) -> str:
    if not change.new:
        return ""  # The move that ended the waiting has its own line.
    reason = names.reasons.get(str(change.new), change.new)
    return _("It waits for: %(reason)s") % {"reason": reason}


def _reminded(change: Change, names: Names) -> str:
    values = {"count": change.detail.get("count"), "of": change.detail.get("of")}
    return _("Reminder %(count)s of %(of)s was sent") % values


def _not_followed(change: Change, names: Names) -> str:
    return _("It could not go on by itself: %(why)s") % {"why": change.detail.get("why", "")}


def _linked(change: Change, names: Names) -> str:
    return _link_words(change, _("%(who)s linked it: %(relation)s %(number)s"))


def _unlinked(change: Change, names: Names) -> str:
    return _link_words(change, _("%(who)s removed a link: %(relation)s %(number)s"))


def _link_words(change: Change, sentence: str) -> str:
    relation = dict(Relation.choices).get(change.detail.get("relation"), "")
    number = change.detail.get("number")
    return sentence % {"who": _who(change), "relation": relation, "number": number}


def _children(change: Change, names: Names) -> str:
    numbers = change.detail.get("numbers", [])
    text = ngettext(
        "%(who)s solved %(count)d ticket that hangs on it",
        "%(who)s solved %(count)d tickets that hang on it",
        len(numbers),
    )
    return text % {"who": _who(change), "count": len(numbers)}


def _numbered(sentence: Any) -> Callable[[Change, Names], str]:
    """A teller for what happened with another ticket; `sentence` is called late."""

    def tell(change: Change, names: Names) -> str:
        values = {"who": _who(change), "number": change.detail.get("number")}
        return str(sentence()) % values

    return tell


def _reopened(change: Change, names: Names) -> str:
    return _("Opened again by an answer")


def _assigned(change: Change, names: Names) -> str:
    if not change.new:
        return _("%(who)s removed the assignee") % {"who": _who(change)}
    if change.actor and change.actor.email == change.new:
        return _("%(who)s took it") % {"who": _who(change)}
    assignee = names.people.get(str(change.new), change.new)
    return _("%(who)s assigned it to %(assignee)s") % {"who": _who(change), "assignee": assignee}


_METRICS = dict(Metric.choices)


def _metric(change: Change) -> str:
    return str(_METRICS.get(change.detail.get("metric", ""), ""))


def _warned(change: Change, names: Names) -> str:
    left = {"time": _metric(change), "minutes": change.detail.get("minutes", 0)}
    return _("%(time)s: %(minutes)s minutes of business time left, people were told") % left


def _failed(change: Change, names: Names) -> str:
    return _("%(time)s not in time, %(minutes)s minutes late") % {
        "time": _metric(change),
        "minutes": change.detail.get("minutes", 0),
    }


def _escalated(change: Change, names: Names) -> str:
    if change.detail.get("action") != "notify":
        return ""  # What it did to the ticket has a line of its own.
    return _("%(time)s: the escalation of “%(policy)s” told people") % {
        "time": _metric(change),
        "policy": change.detail.get("policy", ""),
    }


def _covered(change: Change, names: Names) -> str:
    if not change.new:
        return _("No agreed times any more")
    return _("The agreed times are now those of “%(policy)s”") % {"policy": change.new}


def _valued(sentence: Any, labels: dict[str, Any] | None = None) -> Callable[[Change, Names], str]:
    """A teller for "who set X to Y"; `sentence` is called late, for the reader's language."""

    def tell(change: Change, names: Names) -> str:
        value = (labels or {}).get(str(change.new), change.new) or _("nothing")
        if isinstance(value, list):
            value = ", ".join(value) or _("nothing")
        return str(sentence()) % {"who": _who(change), "value": value}

    return tell


def _rule_fired(change: Change, names: Names) -> str:
    return _("Rule “%(rule)s” acted. Why: %(why)s. What: %(did)s") % {
        "rule": change.actor_label,
        "why": "; ".join(change.detail.get("why", ())),
        "did": "; ".join(change.detail.get("did", ())),
    }


def _rule_problem(change: Change, names: Names) -> str:
    return _("Rule “%(rule)s” could not act: %(problem)s") % {
        "rule": change.actor_label,
        "problem": change.detail.get("problem", ""),
    }


def _approval_asked(change: Change, names: Names) -> str:
    values = {"who": _who(change), "name": change.detail.get("name", "")}
    return _("%(who)s asked for approval: %(name)s") % values


def _approval_answered(change: Change, names: Names) -> str:
    agreed = _("%(who)s agreed: %(name)s")
    refused = _("%(who)s refused: %(name)s")
    values = {"who": _who(change), "name": change.detail.get("name", "")}
    said = (agreed if change.new == "approved" else refused) % values
    comment = str(change.detail.get("comment", ""))
    return f"{said}. “{comment}”" if comment else said


def _approval_passed_on(change: Change, names: Names) -> str:
    people = [names.people.get(one, one) for one in change.detail.get("people", [])]
    values = {"people": ", ".join(people) or "-", "name": change.detail.get("instead_of", "")}
    return _("%(name)s cannot decide; asked instead: %(people)s") % values


def _approval_decided(change: Change, names: Names) -> str:
    words = {
        "approved": _("Approved: %(name)s"),
        "rejected": _("Rejected: %(name)s"),
        "withdrawn": _("Question taken back: %(name)s"),
    }
    said = words.get(str(change.new), "%(name)s") % {"name": change.detail.get("name", "")}
    reason = change.detail.get("reason", "")
    return f"{said} ({reason})" if reason else said


def _runbook(change: Change, names: Names) -> str:
    state = dict(RunState.choices).get(str(change.new), change.new)
    said = f"{_who(change)}: {change.detail.get('name', '')}, {state}"
    error = change.detail.get("error", "")
    return f"{said} ({error})" if error else said


def _snoozed(change: Change, names: Names) -> str:
    until = parse_datetime(str(change.new)) if change.new else None
    if until is None:
        return _("%(who)s snoozed it until there is an answer") % {"who": _who(change)}
    when = date_format(timezone.localtime(until), "SHORT_DATETIME_FORMAT")
    return _("%(who)s snoozed it until %(time)s") % {"who": _who(change), "time": when}


def _woken(change: Change, names: Names) -> str:
    return _("The snooze is over")


def _incident(change: Change, names: Names) -> str:
    words = {
        "declared": _("%(who)s made it an incident"),
        "asked": _("%(who)s asked %(people)s people whether it is their problem"),
        "update": _("%(who)s sent an update to %(people)s people"),
    }[change.verb.rpartition("_")[2]]
    return words % {"who": _who(change), "people": change.detail.get("people", 0)}


def _belongs(change: Change, names: Names) -> str:
    same, other = _("%(who)s: part of incident %(n)s"), _("%(who)s: not part of incident %(n)s")
    values = {"who": _who(change), "n": change.detail.get("number")}
    return (same if change.detail.get("same") else other) % values


def _explained(change: Change, names: Names) -> str:
    return str(change.detail.get("why", ""))


_TELLERS: dict[str, tuple[str, Callable[[Change, Names], str]]] = {
    "ticket.opened": ("inbox", _opened),
    "ticket.rule_fired": ("bolt", _rule_fired),
    "ticket.assignment_explained": ("person-plus", _explained),
    "ticket.rule_failed": ("alert", _rule_problem),
    "ticket.rule_stopped": ("alert", _rule_problem),
    "ticket.status_changed": ("status-open", _status),
    "ticket.type_changed": ("list", _typed),
    "ticket.pending_reason_changed": ("pause", _waits),
    "ticket.reminded": ("bell", _reminded),
    "ticket.follow_up_refused": ("alert", _not_followed),
    "ticket.linked": ("link", _linked),
    "ticket.unlinked": ("link", _unlinked),
    "ticket.children_solved": ("check", _children),
    "ticket.incident_declared": ("alert", _incident),
    "ticket.incident_asked": ("alert", _incident),
    "ticket.incident_update": ("alert", _incident),
    "ticket.incident_answered": ("alert", _belongs),
    "ticket.merged": ("merge", _numbered(lambda: _("%(who)s merged %(number)s into this ticket"))),
    "ticket.merged_away": (
        "merge",
        _numbered(lambda: _("%(who)s merged this ticket into %(number)s")),
    ),
    "ticket.merge_undone": (
        "undo",
        _numbered(lambda: _("%(who)s undid the merge with %(number)s")),
    ),
    "ticket.split": ("split", _numbered(lambda: _("%(who)s split off %(number)s"))),
    "ticket.message_moved_away": (
        "split",
        _numbered(lambda: _("%(who)s moved a message to %(number)s")),
    ),
    "ticket.message_moved_here": (
        "merge",
        _numbered(lambda: _("%(who)s moved a message here from %(number)s")),
    ),
    "ticket.approval_asked": ("shield", _approval_asked),
    "ticket.approval_answered": ("shield", _approval_answered),
    "ticket.approval_passed_on": ("shield", _approval_passed_on),
    "ticket.approval_decided": ("shield", _approval_decided),
    "ticket.runbook_proposed": ("bolt", _runbook),
    "ticket.runbook_started": ("bolt", _runbook),
    "ticket.runbook_undo_asked": ("bolt", _runbook),
    "ticket.runbook_ended": ("bolt", _runbook),
    "ticket.reopened": ("undo", _reopened),
    "ticket.snoozed": ("moon", _snoozed),
    "ticket.woken": ("moon", _woken),
    "ticket.sla_warned": ("clock", _warned),
    "ticket.sla_breached": ("alert", _failed),
    "ticket.sla_escalated": ("clock", _escalated),
    "ticket.sla_changed": ("clock", _covered),
    "ticket.assigned": ("person", _assigned),
    "ticket.routed": ("people", _valued(lambda: _("%(who)s routed it to %(value)s"))),
    "ticket.categorised": (
        "folder",
        _valued(lambda: _("%(who)s set the category to %(value)s")),
    ),
    "ticket.priority_changed": (
        "flag",
        _valued(lambda: _("%(who)s set the priority to %(value)s"), dict(Priority.choices)),
    ),
    "ticket.urgency_changed": (
        "flag",
        _valued(lambda: _("%(who)s set the urgency to %(value)s"), dict(Urgency.choices)),
    ),
    "ticket.tagged": ("tag", _valued(lambda: _("%(who)s set the tags to %(value)s"))),
    "ticket.fields_changed": ("pencil", _field),
    "ticket.renamed": ("pencil", _valued(lambda: _("%(who)s changed the subject to %(value)s"))),
}
