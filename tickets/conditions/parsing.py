"""Reading a condition strictly: whatever is wrong is refused with its place and one sentence."""

import math
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from omnidesk.core.errors import BadInput
from tickets.conditions.asking import build
from tickets.conditions.fields import (
    STANDARD,
    WITH_LIST,
    WITHOUT_VALUE,
    Catalogue,
    Field,
    Kind,
    Op,
)
from tickets.conditions.moments import readable
from tickets.conditions.nodes import Condition, Leaf, Node, all_of, any_of, negated

MOST_PARTS = 200
DEEPEST = 6
LONGEST_VALUE = 500
MOST_VALUES = 200
LARGEST_NUMBER = 1e15
LARGEST_KEY = 2**63 - 1
_STANDARD = Catalogue(STANDARD)
_KEYS = {"field", "op", "value", "confidence"}


class ConditionError(BadInput):
    """A condition that cannot be used; `place` is where, such as "2.1", empty for the whole.

    `sentence` is the message without the place, for whoever shows it there.
    """

    def __init__(self, message: str, place: str) -> None:
        where = _("Condition %(place)s: ") % {"place": place} if place else ""
        super().__init__(where + message, "condition")
        self.place, self.sentence = place, message


def parse(data: Any, known: Catalogue = _STANDARD) -> Condition:
    """Read stored or submitted JSON; `None` and `{}` are the condition that always holds.

    Raises `ConditionError` naming the place: unknown fields and operators, values of the wrong
    type, keys that mean nothing, groups that are too deep or too large.
    """
    if data is None or data == {}:
        return Condition.of(all_of(()))
    if _count(data, 0) > MOST_PARTS:
        raise ConditionError(
            _("A condition may have at most %(limit)d parts.") % {"limit": MOST_PARTS}, ""
        )
    root = _node(data, known, ())
    return Condition.of(root)


def _count(data: Any, depth: int) -> int:
    if depth > DEEPEST + 1 or not isinstance(data, dict):
        return 1
    inner = [part for key in ("all", "any") for part in _list(data.get(key))]
    if "not" in data:
        inner.append(data["not"])
    return 1 + sum(_count(part, depth + 1) for part in inner[: MOST_PARTS + 1])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _node(data: Any, known: Catalogue, place: tuple[int, ...]) -> Node:
    where = ".".join(map(str, place))
    if len(place) > DEEPEST:
        raise ConditionError(
            _("Groups may stand at most %(limit)d deep in each other.") % {"limit": DEEPEST}, where
        )
    if not isinstance(data, dict):
        raise ConditionError(_("A condition or a group is expected here."), where)
    if "field" in data:
        return _leaf(data, known, where)
    if len(data) != 1:
        raise ConditionError(_("A group has exactly one of “all”, “any” and “not”."), where)
    kind, inner = next(iter(data.items()))
    if kind == "not":
        return negated(_node(inner, known, (*place, 1)))
    if kind not in ("all", "any"):
        raise ConditionError(_("“%(name)s” is no kind of group.") % {"name": _short(kind)}, where)
    if not isinstance(inner, list):
        raise ConditionError(_("A group holds a list of conditions."), where)
    if not inner and place:
        raise ConditionError(_("This group is empty."), where)
    parts = tuple(_node(part, known, (*place, i)) for i, part in enumerate(inner, 1))
    return all_of(parts) if kind == "all" else any_of(parts)


def _leaf(data: Mapping[str, Any], known: Catalogue, where: str) -> Leaf:
    for key in data:
        if key not in _KEYS:
            raise ConditionError(_("“%(name)s” means nothing here.") % {"name": _short(key)}, where)
    name = data["field"]
    field = known.get(name) if isinstance(name, str) else None
    if field is None:
        raise ConditionError(_("There is no field “%(name)s”.") % {"name": _short(name)}, where)
    op = next((op for op in field.operators if op.value == data.get("op")), None)
    if op is None:
        raise ConditionError(
            _("“%(field)s” cannot be asked “%(op)s”.")
            % {"field": field.label, "op": _short(data.get("op"))},
            where,
        )
    value = _value(data, field, op, where)
    confidence = _confidence(data, field, where)
    return Leaf(field, op, value, confidence, build(field, op, value, confidence))


def _value(data: Mapping[str, Any], field: Field, op: Op, where: str) -> Any:
    given = data.get("value")
    if op in WITHOUT_VALUE:
        if given not in (None, ""):
            raise ConditionError(_("This question takes no value."), where)
        return None
    if op is Op.MATCHES and isinstance(given, str) and not given.strip("* "):
        raise ConditionError(_("Enter more than “*”."), where)
    if op not in WITH_LIST:
        return _single(given, field, where)
    if not isinstance(given, list) or not given:
        raise ConditionError(_("Choose at least one value."), where)
    if len(given) > MOST_VALUES:
        raise ConditionError(
            _("At most %(limit)d values can be compared.") % {"limit": MOST_VALUES}, where
        )
    return tuple(dict.fromkeys(_single(each, field, where) for each in given))


def _single(value: Any, field: Field, where: str) -> Any:
    if field.kind is Kind.NUMBER:
        return _number(value, where)
    if field.kind is Kind.FLAG:
        if not isinstance(value, bool):
            raise ConditionError(_("Choose yes or no."), where)
        return value
    if field.kind is Kind.ROW and any(value == one.value for one in field.symbols):
        return value
    if field.kind is Kind.ROW:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_KEY:
            raise ConditionError(_("Choose a value from the list."), where)
        return value
    if not isinstance(value, str) or not value.strip() or "\x00" in value:
        raise ConditionError(_("Enter a value."), where)
    if len(value) > LONGEST_VALUE:
        raise ConditionError(
            _("A value may have at most %(limit)d characters.") % {"limit": LONGEST_VALUE}, where
        )
    if field.kind is Kind.MOMENT and not readable(value.strip()):
        raise ConditionError(_("Enter a date, or a time such as “-7d” or “+2h”."), where)
    if field.choices and value not in {choice.value for choice in field.choices}:
        raise ConditionError(
            _("“%(value)s” is no value of “%(field)s”.")
            % {"value": _short(value), "field": field.label},
            where,
        )
    return value.strip().lower() if field.kind is Kind.NAMES else value.strip()


def _number(value: Any, where: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConditionError(_("Enter a number."), where)
    if abs(value) > LARGEST_NUMBER or not math.isfinite(value):
        raise ConditionError(_("This number is too large."), where)
    return value


def _confidence(data: Mapping[str, Any], field: Field, where: str) -> float | None:
    given = data.get("confidence")
    if given is None:
        return None
    if not field.sure:
        raise ConditionError(_("Only what the AI says has a confidence."), where)
    value = _number(given, where)
    if not 0 <= value <= 1:
        raise ConditionError(_("A confidence lies between 0 and 1."), where)
    return float(value)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 40 else text[:40] + "…"
