"""A condition as one `Q` over tickets.

Negation is carried down to the questions, where each kind of column says what its opposite is:
a comparison with NULL is unknown in SQL, and its negation would lose the tickets that have
nothing there. `tests/tickets/filters/test_compiling.py` holds this to `Condition.holds`.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Func, JSONField, Q, TextField, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    IContains,
    IExact,
    In,
    IRegex,
    IsNull,
    LessThan,
)
from django.utils.translation import gettext as _

from tickets.conditions import Condition, ConditionError, Kind, Leaf, Node, Not, Op
from tickets.conditions.moments import resolve
from tickets.conditions.own import CUSTOM
from tickets.filters.fields import ME, MINE
from tickets.models import Ticket, TicketTag
from tickets.sla import SlaState, in_sla_state

_COLUMNS = {
    "status": "status__key",
    "status_category": "status_category",
    "category": "category_id",
    "urgency": "urgency",
    "impact": "impact",
    "priority": "priority",
    "team": "team_id",
    "assignee": "assignee_id",
    "source": "source",
    "language": "language",
    "organization": "organization_id",
    "ai_state": "ai_state",
    "type": "type__key",
    "pending_reason": "pending_reason__key",
    "messages": "message_count",
    "created": "created_at",
    "activity": "last_activity_at",
    "due": "next_due",
    "resolved": "resolved_at",
}
_VERDICT = {"ai_category": "value", "ai_band": "band"}
_OPPOSITE = {Op.IS_NOT: Op.IS, Op.NONE_OF: Op.ONE_OF, Op.NOT_CONTAINS: Op.CONTAINS,
             Op.NOT_EMPTY: Op.EMPTY}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose list it is, and when: what "me", "my teams" and "-7d" mean."""

    user_id: int
    team_ids: frozenset[int]
    moment: datetime


def compiled(condition: Condition, reader: Reader) -> Q:
    """What the database is asked. Raises `ConditionError` where lists cannot ask a question."""
    return _node(condition.root, reader, negate=False)


def _node(node: Node, reader: Reader, *, negate: bool) -> Q:
    if isinstance(node, Leaf):
        return _leaf(node, reader, negate=negate)
    if isinstance(node, Not):
        return _node(node.part, reader, negate=not negate)
    if not node.parts:
        return Q(pk__in=[]) if negate else Q()
    parts = [_node(part, reader, negate=negate) for part in node.parts]
    together = parts[0]
    for part in parts[1:]:
        # Not all of them is one that does not.
        together = together & part if (node.kind == "all") != negate else _either(together, part)
    return together


def _either(one: Q, other: Q) -> Q:
    # An empty Q is "everything"; joined by `|` Django would drop it instead.
    return one | other if one and other else Q()


def _leaf(leaf: Leaf, reader: Reader, *, negate: bool) -> Q:
    op = _OPPOSITE.get(leaf.op, leaf.op)
    negative = op is not leaf.op
    if leaf.confidence is not None:
        # At least so sure: not below.
        below = _number("ai_verdict", ("category", "confidence"), leaf.confidence, above=False)
        known = _text_at("ai_verdict", ("category", "confidence"))
        held = Q(IsNull(known, False)) & ~below & _signed(leaf, op, reader, negative=negative)
        return ~Q(pk__in=_having(held)) if negate else held
    return _signed(leaf, op, reader, negative=negative != negate)


def _signed(leaf: Leaf, op: Op, reader: Reader, *, negative: bool) -> Q:
    if leaf.field.name == "sla_state":
        return _sla(leaf, op, reader, negative=negative)
    positive, nullable = _positive(leaf, op, reader)
    if not negative:
        return positive
    return ~Q(pk__in=_having(positive)) if nullable else ~positive


def _having(positive: Q) -> Any:
    # Null-safe for expressions, where Django adds no "or is null" by itself.
    return Ticket.objects.filter(positive).order_by().values("pk")


def _positive(leaf: Leaf, op: Op, reader: Reader) -> tuple[Q, bool]:
    """The question without its "not", and whether its answer may be unknown."""
    name = leaf.field.name
    if name in _COLUMNS:
        return _column(_COLUMNS[name], leaf, op, reader), False
    if name == "tags":
        tagged = TicketTag.objects.order_by()
        if op is not Op.EMPTY:
            tagged = tagged.filter(tag__name__in=_several(leaf.value))
        inside = Q(pk__in=tagged.values("ticket_id"))
        return (~inside if op is Op.EMPTY else inside), False
    if name == "text":
        return _words(leaf, op), False
    if name == "subject":
        return _text(("subject",), leaf, op), False
    if name == "requester":
        return _text(("requester__name", "requester__email"), leaf, op), False
    if name in _VERDICT:
        return _json(("ai_verdict", "category", _VERDICT[name]), leaf, op), True
    if name.startswith(CUSTOM):
        return _json(("custom_fields", name.removeprefix(CUSTOM)), leaf, op), True
    raise _refused(leaf)


def _refused(leaf: Leaf) -> ConditionError:
    words = _("“%(field)s” cannot be asked “%(op)s”.")
    return ConditionError(words % {"field": leaf.field.label, "op": leaf.op.value}, "")


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _column(column: str, leaf: Leaf, op: Op, reader: Reader) -> Q:
    if op is Op.EMPTY:
        empty = Q(**{f"{column}__isnull": True})
        return empty | Q(**{column: ""}) if column == "language" else empty
    if op in (Op.IS, Op.ONE_OF):
        values = _meant(leaf, reader)
        return Q(**{f"{column}__in": values}) if len(values) != 1 else Q(**{column: values[0]})
    if op not in (Op.GREATER, Op.LESS):
        raise _refused(leaf)
    if leaf.field.kind is Kind.LEVEL:
        keys = [choice.value for choice in leaf.field.choices]
        at = leaf.field.rank(leaf.value)
        return Q(**{f"{column}__in": keys[at + 1 :] if op is Op.GREATER else keys[:at]})
    if leaf.field.kind is Kind.MOMENT:
        lookup = "gte" if op is Op.GREATER else "lt"
        return Q(**{f"{column}__{lookup}": resolve(leaf.value, reader.moment)})
    return Q(**{f"{column}__{'gt' if op is Op.GREATER else 'lt'}": leaf.value})


def _meant(leaf: Leaf, reader: Reader) -> list[Any]:
    meant: list[Any] = []
    for value in _several(leaf.value):
        if value == ME:
            meant.append(reader.user_id)
        elif value == MINE:
            meant += sorted(reader.team_ids)
        else:
            meant.append(value)
    return meant


def _words(leaf: Leaf, op: Op) -> Q:
    """The full text of a ticket; a number alone is its number."""
    if op not in (Op.CONTAINS, Op.HAS_WORD):
        raise _refused(leaf)
    text = str(leaf.value)
    found = Q(search=SearchQuery(text, config="simple", search_type="websearch"))
    return found | Q(number=int(text)) if text.isdigit() and len(text) < 19 else found


def _text(columns: tuple[str, ...], leaf: Leaf, op: Op) -> Q:
    if op is Op.ONE_OF:
        pairs = ((column, value) for column in columns for value in _several(leaf.value))
        return _any_of(Q(**{f"{column}__iexact": value}) for column, value in pairs)
    if op is Op.EMPTY:
        return Q(**{columns[0]: ""})
    if op not in _TEXT_LOOKUPS:
        raise _refused(leaf)
    lookup, made = _TEXT_LOOKUPS[op]
    return _any_of(Q(**{f"{column}__{lookup}": made(leaf.value)}) for column in columns)


def _escaped(text: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", text, flags=re.ASCII)


def _wildcards(text: str) -> str:
    signs = {"*": ".*", "?": ".", "#": r"\d"}
    return "".join(signs.get(sign) or _escaped(sign) for sign in text)


_TEXT_LOOKUPS: dict[Op, tuple[str, Callable[[str], str]]] = {
    Op.CONTAINS: ("icontains", str),
    Op.IS: ("iexact", str),
    Op.HAS_WORD: ("iregex", lambda word: rf"(^|\W){_escaped(word)}($|\W)"),
    Op.MATCHES: ("iregex", _wildcards),
}


def _sla(leaf: Leaf, op: Op, reader: Reader, *, negative: bool) -> Q:
    if op not in (Op.IS, Op.ONE_OF):
        raise _refused(leaf)
    wanted = set(_several(leaf.value))
    states = [s.value for s in SlaState if (s.value in wanted) != negative]
    found = Q(pk__in=[])
    for state in states:
        found |= in_sla_state(state, reader.moment)
    return found


def _json(path: tuple[str, ...], leaf: Leaf, op: Op) -> Q:
    """A question about a value inside a JSON column; its answer may be unknown."""
    column, *keys = path
    text = _text_at(column, keys)
    if op is Op.EMPTY:
        return Q(IsNull(text, True)) | Q(In(text, ["", "[]"]))
    if leaf.field.kind is Kind.NAMES:
        # The list as text: names are compared without regard to case.
        names = (json.dumps(str(name), ensure_ascii=False) for name in _several(leaf.value))
        return _any_of(Q(IContains(text, name)) for name in names)
    if leaf.field.kind is Kind.TEXT and op is not Op.ONE_OF:
        return Q(_compared(text, leaf, op))
    if leaf.field.kind is Kind.TEXT:
        return _any_of(Q(IExact(text, value)) for value in leaf.value)
    if op in (Op.GREATER, Op.LESS):
        return _number(column, keys, leaf.value, above=op is Op.GREATER)
    if op not in (Op.IS, Op.ONE_OF):
        raise _refused(leaf)
    # Containment: the form that the index on custom fields answers.
    wanted = (_nested(keys, value) for value in _several(leaf.value))
    return _any_of(Q(**{f"{column}__contains": value}) for value in wanted)


def _compared(text: KeyTextTransform, leaf: Leaf, op: Op) -> Any:
    if op not in _TEXT_LOOKUPS:
        raise _refused(leaf)
    lookup, made = _TEXT_LOOKUPS[op]
    return {"icontains": IContains, "iexact": IExact, "iregex": IRegex}[lookup](
        text, made(leaf.value)
    )


def _any_of(parts: Iterable[Q]) -> Q:
    found = Q()
    for part in parts:
        found |= part
    return found


def _at(column: str, keys: Sequence[str]) -> Any:
    found: Any = column
    for key in keys:
        found = KeyTransform(key, found)
    return found


def _text_at(column: str, keys: Sequence[str]) -> KeyTextTransform:
    return KeyTextTransform(keys[-1], _at(column, keys[:-1]))


def _number(column: str, keys: Sequence[str], value: float, *, above: bool) -> Q:
    held = _at(column, keys)
    limit = Value(value, JSONField())
    # In JSON's own order a list is more than any number.
    typed = Exact(Func(held, function="jsonb_typeof", output_field=TextField()), Value("number"))
    return Q(GreaterThan(held, limit) if above else LessThan(held, limit)) & Q(typed)


def _nested(keys: Sequence[str], value: Any) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value
