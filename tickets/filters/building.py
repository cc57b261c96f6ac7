"""The filter builder's form: numbered rows in groups, to a condition and back.

Row 3 is `g3` (its group, 0 is the outer one), `f3` (field), `o3` (operator) and `v3` (values, as
many as there are). `m` says how the outer group is joined; an inner group is joined the other
way. `x` carries parts that no row can show, as JSON. Every step of it works as a plain form.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from tickets.conditions import ConditionError, Field, Group, Kind, Leaf, Node, Op, parse
from tickets.conditions.fields import WITH_LIST, WITHOUT_VALUE
from tickets.conditions.words import operator_label
from tickets.filters.fields import FilterFields, Pairs
from tickets.filters.reading import joined

MOST_ROWS = 40
_ROW = re.compile(r"f(\d{1,3})", re.ASCII)
_DROP = re.compile(r"drop-(\d{1,3})", re.ASCII)
_ADD = re.compile(r"add-(\d{1,2})", re.ASCII)


@dataclass(slots=True)
class Row:
    """One question of the form."""

    number: int
    group: int
    field: Field
    op: Op
    values: list[str]
    offered: tuple[Op, ...]
    options: Pairs = ()
    problem: str = ""
    fresh: bool = False

    @property
    def control(self) -> str:
        """Which control takes the value: none, list, flag, number, moment, names or text."""
        if self.op in WITHOUT_VALUE:
            return "none"
        if self.options and self.field.kind is not Kind.TEXT:
            return "list"
        return {
            Kind.FLAG: "flag", Kind.NUMBER: "number", Kind.MOMENT: "moment", Kind.NAMES: "names",
        }.get(self.field.kind, "text")  # fmt: skip

    @property
    def several(self) -> bool:
        """Whether more than one value may be chosen."""
        return self.op in WITH_LIST

    @property
    def operators(self) -> list[tuple[str, Any]]:
        """The operators to choose from."""
        return [(op.value, operator_label(self.field, op)) for op in self.offered]

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """The listed values with whether each is chosen; a chosen one that is gone stays."""
        known = [(str(key), name, str(key) in self.values) for key, name in self.options]
        keys = {key for key, _name, _chosen in known}
        gone = [(key, _("something deleted (%(key)s)") % {"key": key}, True)
                for key in self.values if key and key not in keys]  # fmt: skip
        return known + gone

    @property
    def text(self) -> str:
        """The typed value."""
        return ", ".join(self.values)

    def data(self) -> dict[str, Any]:
        """The question in the condition language."""
        question: dict[str, Any] = {"field": self.field.name, "op": self.op.value}
        if self.op in WITHOUT_VALUE:
            return question
        values = [_stored(self, value) for value in self._split()]
        one = values[0] if values else None
        return {**question, "value": values if self.several else one}

    def _split(self) -> Iterable[str]:
        if self.control in ("names", "text") and self.several:
            return [part.strip() for value in self.values for part in value.split(",")]
        return [value for value in self.values if value]


def _stored(row: Row, value: str) -> Any:
    kind = row.field.kind
    if kind is Kind.ROW and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    if kind is Kind.FLAG:
        return {"yes": True, "no": False}.get(value, value)
    if kind is Kind.NUMBER:
        try:
            return float(value) if "." in value or "e" in value.lower() else int(value[:20])
        except ValueError:
            return value
    return value


@dataclass(slots=True)
class Builder:
    """The whole form. `rest` are parts that no row can show."""

    match: str
    rows: list[Row]
    rest: list[dict[str, Any]]
    problem: str = ""

    @property
    def rest_texts(self) -> list[str]:
        """Those parts as hidden fields carry them."""
        return [json.dumps(part) for part in self.rest]

    @property
    def inner(self) -> str:
        """How inner groups are joined."""
        return "any" if self.match == "all" else "all"

    @property
    def groups(self) -> list[tuple[int, list[Row]]]:
        """Rows by group, the outer one first."""
        numbers = sorted({0, *(row.group for row in self.rows)})
        return [(n, [row for row in self.rows if row.group == n]) for n in numbers]

    @property
    def next_group(self) -> int:
        """The number of a group that is not there yet."""
        return max((row.group for row in self.rows), default=0) + 1

    def data(self) -> dict[str, Any]:
        """The condition that the rows say."""
        parts: list[Any] = list(self.rest)
        for number, rows in self.groups:
            said = [row.data() for row in rows]
            if number == 0:
                parts += said
            elif said:
                parts.append({self.inner: said})
        if not parts:
            return {}
        return joined(*parts) if self.match == "all" else {"any": parts}

    def check(self, fields: FilterFields) -> bool:
        """Put a sentence beside each row that cannot be asked; whether none has one."""
        for row in self.rows:
            try:
                parse(row.data(), fields.catalogue)
            except ConditionError as error:
                row.problem = str(error)
        if not any(row.problem for row in self.rows):
            try:
                parse(self.data(), fields.catalogue)
            except ConditionError as error:
                self.problem = str(error)
        return not self.problem and not any(row.problem for row in self.rows)


def from_condition(root: Node, fields: FilterFields) -> Builder:
    """The form that shows a condition."""
    match = "any" if isinstance(root, Group) and root.kind == "any" else "all"
    parts = root.parts if isinstance(root, Group) else (root,)
    found = Builder(match, [], [])
    group = 0
    for part in parts:
        inner = part.parts if isinstance(part, Group) and part.kind == found.inner else None
        if isinstance(part, Leaf) and part.confidence is None:
            _put(found, 0, [part], fields)
        elif inner is not None and all(_is_plain(one) for one in inner):
            group += 1
            _put(found, group, [one for one in inner if isinstance(one, Leaf)], fields)
        else:
            found.rest.append(part.as_json())
    return found


def _is_plain(node: Node) -> bool:
    return isinstance(node, Leaf) and node.confidence is None


def _put(found: Builder, group: int, leaves: Sequence[Leaf], fields: FilterFields) -> None:
    for leaf in leaves:
        values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
        texts = [_typed(value) for value in values if value is not None]
        number = len(found.rows)
        found.rows.append(_row(number, group, leaf.field, leaf.op, texts, fields))


def _typed(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _row(
    number: int, group: int, field: Field, op: Op | None, values: list[str], fields: FilterFields
) -> Row:
    offered = fields.operators(field)
    if op is not None and op not in offered and op in field.operators:
        # A question from elsewhere stays as it was asked.
        offered = (*offered, op)
    chosen = op if op in offered else offered[0]
    options = fields.options.get(field.name, ())
    return Row(number, group, field, chosen, values, offered, options)


def from_form(query: QueryDict, fields: FilterFields) -> Builder:
    """The form as it was sent, after the button that was pressed (`act`)."""
    match = "any" if query.get("m") == "any" else "all"
    found = Builder(match, [], list(_rest(query)))
    act = query.get("act", "")
    dropped = _DROP.fullmatch(act)
    for number in sorted({int(m[1]) for key in query if (m := _ROW.fullmatch(key))})[:MOST_ROWS]:
        field = fields.catalogue.get(query.get(f"f{number}", ""))
        if field is None or (dropped and int(dropped[1]) == number):
            continue
        op = next((op for op in Op if op.value == query.get(f"o{number}")), None)
        # Values of another field mean nothing here.
        same = query.get(f"w{number}", field.name) == field.name
        values = [v.strip()[:500] for v in query.getlist(f"v{number}")][:200] if same else []
        group = _group(query.get(f"g{number}", "0"))
        found.rows.append(_row(len(found.rows), group, field, op if same else None, values, fields))
    _grow(found, act, fields)
    return found


def _group(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 0


def _rest(query: QueryDict) -> Iterable[dict[str, Any]]:
    for text in query.getlist("x")[:20]:
        try:
            part = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(part, dict):
            yield part


def _grow(found: Builder, act: str, fields: FilterFields) -> None:
    wanted = _ADD.fullmatch(act)
    group = found.next_group if act == "group" else int(wanted[1]) if wanted else None
    if group is None or len(found.rows) >= MOST_ROWS:
        return
    first = next(iter(fields.catalogue.values()))
    row = _row(len(found.rows), group, first, None, [], fields)
    row.fresh = True
    found.rows.append(row)
