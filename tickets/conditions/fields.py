"""The fields a condition may ask about, their types, and the operators of each type."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.choices import AiState, Impact, Priority, Source, StatusCategory, Urgency
from tickets.sla_rules import Metric

Words = str | Promise


class Op(Enum):
    """What is asked of a field; the values are what is stored."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    HAS_WORD = "has_word"
    MATCHES = "matches"
    GREATER = "greater"
    LESS = "less"
    EMPTY = "empty"
    NOT_EMPTY = "not_empty"
    CHANGED = "changed"
    CHANGED_FROM = "changed_from"
    CHANGED_TO = "changed_to"


class Kind(Enum):
    """What a field holds."""

    TEXT = "text"
    CHOICE = "choice"  # one of a list of keys
    LEVEL = "level"  # one of a list of keys that has an order, lowest first
    ROW = "row"  # the primary key of a row of the organization
    NAMES = "names"  # a set of names, in lower case
    NUMBER = "number"
    FLAG = "flag"
    MOMENT = "moment"  # a point in time, asked by a date or a distance (tickets.conditions.moments)


_EQUAL = (Op.IS, Op.IS_NOT)
_AMONG = (Op.ONE_OF, Op.NONE_OF)
_FILLED = (Op.EMPTY, Op.NOT_EMPTY)
_CHANGES = (Op.CHANGED, Op.CHANGED_FROM, Op.CHANGED_TO)
OPERATORS: dict[Kind, tuple[Op, ...]] = {
    Kind.TEXT: (
        Op.CONTAINS, Op.NOT_CONTAINS, Op.HAS_WORD, Op.MATCHES, *_EQUAL, *_AMONG, *_FILLED,
        *_CHANGES,
    ),
    Kind.CHOICE: (*_EQUAL, *_AMONG, *_FILLED, *_CHANGES),
    Kind.LEVEL: (*_EQUAL, *_AMONG, Op.GREATER, Op.LESS, *_FILLED, *_CHANGES),
    Kind.ROW: (*_EQUAL, *_AMONG, *_FILLED, *_CHANGES),
    Kind.NAMES: (Op.CONTAINS, Op.NOT_CONTAINS, *_AMONG, *_FILLED, Op.CHANGED),
    Kind.NUMBER: (Op.GREATER, Op.LESS, *_EQUAL, *_FILLED, *_CHANGES),
    Kind.FLAG: (Op.IS, *_CHANGES),
    Kind.MOMENT: (Op.GREATER, Op.LESS, *_FILLED),
}  # fmt: skip
# Operators that take no value, and those that take several.
WITHOUT_VALUE = frozenset({Op.EMPTY, Op.NOT_EMPTY, Op.CHANGED})
WITH_LIST = frozenset(_AMONG)
OF_CHANGE = frozenset(_CHANGES)


# Known only when an agreed time is what happened.
OF_CLOCKS = frozenset({"sla_metric", "sla_minutes"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a closed list."""

    value: str
    label: Words


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the catalogue.

    `choices` closes the list of a CHOICE and orders a LEVEL; without any, every key is taken.
    `source` says which rows a ROW field points to ("category", "team", "agent", "person",
    "organization") or which open list offers values. `changes`: whether its previous value is
    known. `sure`: whether a condition may ask for the AI's confidence. `symbols` are values of a
    ROW that stand for whoever asks ("me"); facts never equal them.
    """

    name: str
    kind: Kind
    label: Words
    choices: tuple[Choice, ...] = ()
    source: str = ""
    changes: bool = False
    sure: bool = False
    symbols: tuple[Choice, ...] = ()

    @property
    def operators(self) -> tuple[Op, ...]:
        """What may be asked of this field."""
        return tuple(op for op in OPERATORS[self.kind] if self.changes or op not in OF_CHANGE)

    def rank(self, key: object) -> int:
        """Where a LEVEL's key stands, from 0; -1 for a key it does not know."""
        return next((i for i, choice in enumerate(self.choices) if choice.value == key), -1)


class Catalogue(Mapping[str, Field]):
    """Fields by name, in the order they are offered."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields = {field.name: field for field in fields}

    def __getitem__(self, name: str) -> Field:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


def _choices(pairs: Iterable[tuple[Any, Words]]) -> tuple[Choice, ...]:
    return tuple(Choice(str(value), label) for value, label in pairs)


EVENTS = _choices(
    (
        ("opened", _("a ticket came in")),
        ("message", _("the requester wrote again")),
        ("replied", _("the desk answered")),
        ("noted", _("a note was written")),
        ("changed", _("a field was changed")),
        ("ai_read", _("the AI read the ticket")),
        ("sla_near", _("an agreed time came near")),
        ("sla_late", _("an agreed time passed")),
        ("sla_step", _("an agreed time led to a step")),
        ("time", _("time passed")),
        ("manual", _("by hand")),
    )
)
# The states of tickets.sla.SlaState (a test holds the two together; this module knows no rows).
SLA_STATES = _choices(
    (
        ("breached", _("Late")),
        ("met", _("In time")),
        ("paused", _("Paused")),
        ("running", _("Running")),
        ("none", _("No agreed times")),
    )
)
STANDARD: tuple[Field, ...] = (
    Field("event", Kind.CHOICE, _("What happened"), EVENTS),
    Field("subject", Kind.TEXT, _("Subject"), changes=True),
    Field("first_text", Kind.TEXT, _("Text of the first message")),
    Field("last_text", Kind.TEXT, _("Text of the last public message")),
    Field("requester", Kind.ROW, _("Requester"), source="person"),
    Field("requester_email", Kind.TEXT, _("Requester’s address")),
    Field("requester_domain", Kind.TEXT, _("Requester’s domain")),
    Field("organization", Kind.ROW, _("Organization"), source="organization"),
    Field("source", Kind.CHOICE, _("Channel"), _choices(Source.choices)),
    Field("type", Kind.CHOICE, _("Ticket type"), source="type", changes=True),
    Field("status", Kind.CHOICE, _("Status"), source="status", changes=True),
    Field(
        "status_category", Kind.CHOICE, _("Stage"), _choices(StatusCategory.choices), changes=True
    ),
    Field(
        "pending_reason", Kind.CHOICE, _("Reason for waiting"), source="pending_reason",
        changes=True,
    ),
    Field("category", Kind.ROW, _("Category"), source="category", changes=True),
    Field("urgency", Kind.LEVEL, _("Urgency"), _choices(Urgency.choices), changes=True),
    Field("impact", Kind.LEVEL, _("Impact"), _choices(Impact.choices), changes=True),
    Field("priority", Kind.LEVEL, _("Priority"), _choices(Priority.choices), changes=True),
    Field("team", Kind.ROW, _("Team"), source="team", changes=True),
    Field("assignee", Kind.ROW, _("Assignee"), source="agent", changes=True),
    Field("tags", Kind.NAMES, _("Tags"), source="tag", changes=True),
    Field("language", Kind.CHOICE, _("Language"), source="language", changes=True),
    Field("messages", Kind.NUMBER, _("Number of messages")),
    Field("hours_open", Kind.NUMBER, _("Hours since it came in")),
    Field("hours_quiet", Kind.NUMBER, _("Hours since the last activity")),
    Field("hours_since_reply", Kind.NUMBER, _("Hours since the desk’s last answer")),
    Field("hours_since_requester", Kind.NUMBER, _("Hours since the requester’s last message")),
    Field("sla_state", Kind.CHOICE, _("Agreed times"), SLA_STATES),
    Field("sla_metric", Kind.CHOICE, _("Which agreed time"), _choices(Metric.choices)),
    Field("sla_minutes", Kind.NUMBER, _("Minutes to the agreed time (below 0: past it)")),
    Field("ai_state", Kind.CHOICE, _("AI"), _choices(AiState.choices)),
    Field(
        "ai_category", Kind.CHOICE, pgettext_lazy("condition", "Category by the AI"),
        source="category_name", sure=True,
    ),
    Field(
        "ai_team", Kind.CHOICE, pgettext_lazy("condition", "Team by the AI"),
        source="team_name", sure=True,
    ),
    Field(
        "ai_urgency", Kind.LEVEL, pgettext_lazy("condition", "Urgency by the AI"),
        _choices(Urgency.choices), sure=True,
    ),
)  # fmt: skip

FieldSource = Callable[[int], Iterable[Field]]
_sources: list[FieldSource] = []


def add_field_source(source: FieldSource) -> FieldSource:
    """Let `source(organization_id)` add an organization's own fields; usable as a decorator.

    The same facts must then come from a source given to `tickets.facts.add_fact_source`;
    `custom.<key>` is filled from the ticket's custom fields without one.
    """
    if source not in _sources:
        _sources.append(source)
    return source


def catalogue(organization_id: int) -> Catalogue:
    """Every field an organization's conditions may ask about (queries: those of the sources)."""
    own = [field for source in _sources for field in source(organization_id)]
    return Catalogue((*STANDARD, *own))
