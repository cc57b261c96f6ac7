"""What an agent may filter a list by: the words of the condition language that lists know."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from omnidesk.core.text import LANGUAGES
from tickets.conditions import Catalogue, Choice, Field, Kind, Op
from tickets.conditions.fields import STANDARD
from tickets.conditions.own import own_field
from tickets.fields import in_words
from tickets.setup_selectors import Setup

ME, MINE = "me", "mine"
_STANDARD = Catalogue(STANDARD)
BANDS = (
    Choice("very_likely", gettext_lazy("Very likely")),
    Choice("likely", gettext_lazy("Likely")),
    Choice("unsure", gettext_lazy("Not sure")),
)
# Names that rules use as well mean the same there.
_SHARED = (
    "status", "status_category", "priority", "team", "assignee", "organization", "source",
    "tags", "category", "type", "urgency", "impact", "pending_reason", "language", "sla_state",
    "ai_state", "ai_category",
)  # fmt: skip
_OWN = (
    Field("text", Kind.TEXT, gettext_lazy("Text")),
    Field("subject", Kind.TEXT, gettext_lazy("Subject")),
    Field("requester", Kind.TEXT, gettext_lazy("Requester")),
    Field("created", Kind.MOMENT, pgettext_lazy("ticket", "Created")),
    Field("activity", Kind.MOMENT, gettext_lazy("Last activity")),
    Field("due", Kind.MOMENT, gettext_lazy("Next due")),
    Field("resolved", Kind.MOMENT, pgettext_lazy("ticket", "Solved on")),
    Field("messages", Kind.NUMBER, gettext_lazy("Number of messages")),
    Field("ai_band", Kind.CHOICE, gettext_lazy("How sure the AI is of the category"), BANDS),
)
_SYMBOLS = {
    "assignee": (Choice(ME, gettext_lazy("me")),),
    "team": (Choice(MINE, gettext_lazy("my teams")),),
}
_ORDER = (
    "status", "status_category", "priority", "team", "assignee", "requester", "organization",
    "source", "tags", "category", "type", "text", "subject", "created", "activity", "due",
    "resolved", "sla_state", "pending_reason", "urgency", "impact", "language", "messages",
    "ai_category", "ai_band", "ai_state",
)  # fmt: skip
# What the builder offers per kind; the language knows more, and a stored condition may use it.
OFFERED: dict[Kind, tuple[Op, ...]] = {
    Kind.TEXT: (Op.CONTAINS, Op.NOT_CONTAINS, Op.IS, Op.IS_NOT, Op.EMPTY, Op.NOT_EMPTY),
    Kind.CHOICE: (Op.ONE_OF, Op.NONE_OF, Op.EMPTY, Op.NOT_EMPTY),
    Kind.LEVEL: (Op.ONE_OF, Op.NONE_OF, Op.GREATER, Op.LESS),
    Kind.ROW: (Op.ONE_OF, Op.NONE_OF, Op.EMPTY, Op.NOT_EMPTY),
    Kind.NAMES: (Op.ONE_OF, Op.NONE_OF, Op.EMPTY, Op.NOT_EMPTY),
    Kind.NUMBER: (Op.GREATER, Op.LESS, Op.IS, Op.EMPTY, Op.NOT_EMPTY),
    Kind.FLAG: (Op.IS,),
    Kind.MOMENT: (Op.GREATER, Op.LESS, Op.EMPTY, Op.NOT_EMPTY),
}
ALWAYS_FILLED = frozenset({"status", "status_category", "organization", "source", "subject",
                           "created", "activity", "messages", "requester", "sla_state",
                           "ai_state"})  # fmt: skip
Pairs = tuple[tuple[Any, str], ...]


@dataclass(frozen=True, slots=True)
class FilterFields:
    """The fields of one person's lists, with what may be chosen for each."""

    catalogue: Catalogue
    options: dict[str, Pairs]

    @property
    def labels(self) -> dict[str, dict[Any, str]]:
        """Names of stored values, as `tickets.conditions.describe` takes them."""
        return {name: dict(pairs) for name, pairs in self.options.items()}

    def operators(self, field: Field) -> tuple[Op, ...]:
        """What the builder offers to ask of a field."""
        if field.name == "text":
            return (Op.CONTAINS, Op.NOT_CONTAINS)
        offered = OFFERED[field.kind]
        if field.name in ALWAYS_FILLED:
            return tuple(op for op in offered if op not in (Op.EMPTY, Op.NOT_EMPTY))
        return offered


def filter_fields(setups: Sequence[Setup]) -> FilterFields:
    """What may be asked in these organizations. Queries: 0."""
    language = get_language() or "en"
    known = {field.name: field for field in _OWN}
    for name in _SHARED:
        field = _STANDARD[name]
        known[name] = Field(
            name, field.kind, field.label, field.choices, field.source, sure=field.sure,
            symbols=_SYMBOLS.get(name, ()),
        )  # fmt: skip
    own: dict[str, Field] = {}
    lists: dict[str, Pairs] = {}
    for setup in setups:
        for rule in setup.rules:
            field = own_field(rule, language, changes=False)
            own.setdefault(field.name, field)
            if field.kind is Kind.NAMES:
                listed = {
                    o.value.lower(): in_words(o.label, language, o.value) for o in rule.options
                }
                lists.setdefault(field.name, tuple(listed.items()))
    fields = [known[name] for name in _ORDER if name in known] + list(own.values())
    options = {field.name: _options(field, setups) for field in fields} | lists
    return FilterFields(Catalogue(fields), {k: v for k, v in options.items() if v})


def _options(field: Field, setups: Sequence[Setup]) -> Pairs:
    symbols = tuple((one.value, str(one.label)) for one in field.symbols)
    if field.choices:
        return tuple((one.value, str(one.label)) for one in field.choices)
    several = len(setups) > 1
    found: dict[Any, str] = {}
    for setup in setups:
        for key, name in _rows(field.source, setup):
            # Two organizations may call two rows alike; a key is one value for all of them.
            apart = several and isinstance(key, int) and field.source not in _BY_ITSELF
            found.setdefault(key, f"{name} · {setup.name}" if apart else name)
    return symbols + tuple(found.items())


_BY_ITSELF = ("organization", "agent")


def _rows(source: str, setup: Setup) -> Iterable[tuple[Any, str]]:
    if source == "status":
        return ((row.key, _(row.name)) for row in setup.statuses)
    if source == "type":
        return ((row.key, str(row)) for row in setup.types)
    if source == "pending_reason":
        return ((row.key, str(row)) for row in setup.reasons)
    if source == "team":
        return ((row.pk, row.name) for row in setup.teams)
    if source == "category":
        return ((row.pk, row.name) for row in setup.categories)
    if source == "category_name":
        return ((row.name, row.name) for row in setup.categories)
    if source == "agent":
        return ((row.pk, row.display_name) for row in setup.agents)
    if source == "organization":
        return ((setup.organization_id, setup.name),)
    if source == "language":
        return ((code, code) for code in LANGUAGES)
    return ()
