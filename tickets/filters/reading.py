"""A condition from a list's URL, in both of its forms, and the chips that show it in words.

`?where=` holds the condition as JSON. Short forms from before (`?q=`, `?category=`, `?priority=`,
`?source=`, `?tag=`) mean one question each and stand beside it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tickets.choices import Priority, Source
from tickets.conditions import (
    Condition,
    ConditionError,
    Group,
    Kind,
    Leaf,
    Node,
    Not,
    describe,
    operator_label,
    parse,
    value_words,
)
from tickets.conditions.nodes import leaves
from tickets.filters.fields import FilterFields

WHERE = "where"
LONGEST_WHERE = 6_000
SHORT = ("q", "category", "priority", "source", "tag")
# What a change of the filter makes wrong: the place in the list.
PLACES = ("page", "after", "before")


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of a condition: field, operator and value in words, and the query without it."""

    field: str
    operator: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a URL asks for. `problem` says in a sentence why it cannot be asked."""

    data: dict[str, Any]
    condition: Condition
    problem: str = ""
    # Whether the URL says it; else the view's own condition counts.
    given: bool = False


def wanted(query: QueryDict, fields: FilterFields, stored: Any = None) -> Wanted:
    """The condition of a list: the URL's, or the one `stored` with the view."""
    given = WHERE in query
    try:
        base = _loaded(query.get(WHERE, "")) if given else stored
        data = joined(base, *_short(query, fields))
        return Wanted(data, parse(data, fields.catalogue), given=given or any(_set(query)))
    except ConditionError as error:
        return Wanted({}, parse(None), str(error), given=given)


def _loaded(text: str) -> Any:
    if len(text) > LONGEST_WHERE:
        raise ConditionError(_("This filter is too long."), "")
    try:
        return json.loads(text or "{}", parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        raise ConditionError(_("This filter cannot be read."), "") from None


def _set(query: QueryDict) -> Iterator[bool]:
    return (any(query.getlist(name)) for name in SHORT)


def _short(query: QueryDict, fields: FilterFields) -> Iterator[dict[str, Any]]:
    text = query.get("q", "")[:200].replace("\x00", "").strip()
    if text:
        yield {"field": "text", "op": "contains", "value": text}
    names = [value for value in query.getlist("category") if value]
    if names:
        keys = [k for k, name in fields.options.get("category", ()) if _is_one(name, names)]
        # A name that is not there any more finds nothing, as it says.
        yield {"field": "category", "op": "one_of", "value": keys or [2**62]}
    for name, known in (("priority", Priority.values), ("source", Source.values)):
        values = [value for value in query.getlist(name) if value in known]
        if values:
            yield {"field": name, "op": "one_of", "value": values}
    tags = [value for value in query.getlist("tag") if value.strip()]
    if tags:
        yield {"field": "tags", "op": "one_of", "value": tags[:50]}


def _is_one(name: str, wanted_names: Sequence[str]) -> bool:
    return any(name == one or name.startswith(f"{one} · ") for one in wanted_names)


def joined(*parts: Any) -> dict[str, Any]:
    """All parts together as one group; what asks nothing is left out."""
    flat: list[Any] = []
    for part in parts:
        if part in (None, {}, {"all": []}):
            continue
        inner = part.get("all") if isinstance(part, dict) and len(part) == 1 else None
        flat += inner if isinstance(inner, list) else [part]
    return {"all": flat} if flat else {}


def as_text(data: Any) -> str:
    """A condition as `?where=` holds it."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def chips(query: QueryDict, found: Wanted, fields: FilterFields, *, keep: bool) -> list[Chip]:
    """The parts of a condition, each with the way out of it.

    `keep`: the view has a condition of its own, so that an empty filter has to be said as well.
    """
    root = found.condition.root
    parts = root.parts if isinstance(root, Group) and root.kind == "all" else (root,)
    labels = fields.labels
    return [
        _chip(part, _without(query, [p for p in parts if p is not part], keep=keep), labels)
        for part in parts
    ]


def _without(query: QueryDict, parts: Iterable[Node], *, keep: bool) -> str:
    rest = query.copy()
    for name in (*SHORT, *PLACES, WHERE):
        rest.pop(name, None)
    data = joined(*(part.as_json() for part in parts))
    if data or keep:
        rest[WHERE] = as_text(data)
    return rest.urlencode()


def _chip(part: Node, without: str, labels: dict[str, dict[Any, str]]) -> Chip:
    if isinstance(part, Leaf):
        words = str(operator_label(part.field, part.op))
        return Chip(str(part.field.label), words, value_words(part, labels), without)
    name = pgettext("filter", "any of")
    if isinstance(part, Not):
        name = pgettext("filter", "none of")
    elif part.kind == "all":
        name = pgettext("filter", "all of")
    whole = Condition.of(part.part if isinstance(part, Not) else part)
    return Chip(name, "", describe(whole, labels), without)


def stale(condition: Condition, fields: FilterFields) -> list[str]:
    """One sentence for each value that is not there any more. It finds nothing."""
    sentences = []
    for leaf in leaves(condition.root):
        if leaf.field.kind not in (Kind.ROW, Kind.CHOICE) or leaf.field.name not in fields.options:
            continue
        known = {key for key, _name in fields.options[leaf.field.name]}
        values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
        if any(value is not None and value not in known for value in values):
            words = _("“%(field)s” names something that is not there any more.")
            sentences.append(words % {"field": leaf.field.label})
    return list(dict.fromkeys(sentences))
