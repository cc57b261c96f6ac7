"""From one question to the function that answers it.

Whatever the facts hold, a test answers True or False: a missing fact is "nothing", a fact of an
unexpected type equals nothing. Text is compared without regard to case.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from omnidesk.core.clock import now
from tickets.conditions.facts import Facts
from tickets.conditions.fields import Field, Kind, Op
from tickets.conditions.moments import resolve
from tickets.conditions.nodes import Test
from tickets.conditions.patterns import pattern

_MISSING = object()
Ask = Callable[[Any], bool]


def build(field: Field, op: Op, value: Any, confidence: float | None) -> Test:
    """The test of one question; `value` has been checked by the parser."""
    name = field.name
    if op in _CHANGE_TESTS:
        return _CHANGE_TESTS[op](field, value)
    ask = _ask(field, op, value)

    def test(facts: Facts) -> bool:
        return ask(facts.values.get(name))

    if confidence is None:
        return test

    def sure(facts: Facts) -> bool:
        return facts.confidence.get(name, 0.0) >= confidence and ask(facts.values.get(name))

    return sure


def _ask(field: Field, op: Op, value: Any) -> Ask:
    if op is Op.EMPTY:
        return _is_empty
    if op is Op.NOT_EMPTY:
        return lambda actual: not _is_empty(actual)
    if field.kind is Kind.NAMES:
        return _names(op, value)
    if field.kind is Kind.TEXT:
        return _text(op, value)
    if op in (Op.GREATER, Op.LESS):
        return _order(field, op, value)
    return _equal(op, value)


def _is_empty(actual: Any) -> bool:
    return actual is None or actual == "" or actual == frozenset() or actual == []


def _equal(op: Op, value: Any) -> Ask:
    if op is Op.IS:
        return lambda actual: _same(actual, value)
    if op is Op.IS_NOT:
        return lambda actual: not _same(actual, value)
    if op is Op.ONE_OF:
        return lambda actual: any(_same(actual, each) for each in value)
    return lambda actual: not any(_same(actual, each) for each in value)


def _same(actual: Any, value: Any) -> bool:
    # True == 1 in Python; a flag must not equal a number.
    return bool(actual == value) and isinstance(actual, bool) == isinstance(value, bool)


def _order(field: Field, op: Op, value: Any) -> Ask:
    if field.kind is Kind.LEVEL:
        limit = field.rank(value)
        if op is Op.GREATER:
            return lambda actual: field.rank(actual) > limit
        return lambda actual: 0 <= field.rank(actual) < limit
    if field.kind is Kind.MOMENT:
        return _moment(op, value)
    if op is Op.GREATER:
        return lambda actual: _is_number(actual) and actual > value
    return lambda actual: _is_number(actual) and actual < value


def _moment(op: Op, value: str) -> Ask:
    if op is Op.GREATER:
        return lambda actual: isinstance(actual, datetime) and actual >= resolve(value, now())
    return lambda actual: isinstance(actual, datetime) and actual < resolve(value, now())


def _is_number(actual: Any) -> bool:
    return isinstance(actual, int | float) and not isinstance(actual, bool)


def _names(op: Op, value: Any) -> Ask:
    wanted = frozenset(value) if isinstance(value, tuple) else frozenset((value,))
    if op in (Op.CONTAINS, Op.ONE_OF):
        return lambda actual: not wanted.isdisjoint(actual or ())
    return lambda actual: wanted.isdisjoint(actual or ())


def _text(op: Op, value: Any) -> Ask:
    if op in (Op.ONE_OF, Op.NONE_OF):
        folded = frozenset(each.casefold() for each in value)
        if op is Op.ONE_OF:
            return lambda actual: _folded(actual) in folded
        return lambda actual: _folded(actual) not in folded
    needle = value.casefold()
    if op is Op.IS:
        return lambda actual: _folded(actual) == needle
    if op is Op.IS_NOT:
        return lambda actual: _folded(actual) != needle
    if op is Op.CONTAINS:
        return lambda actual: needle in _folded(actual)
    if op is Op.NOT_CONTAINS:
        return lambda actual: needle not in _folded(actual)
    if op is Op.HAS_WORD:
        # A fixed string between two single-character looks: linear in the text.
        word = re.compile(rf"(?<!\w){re.escape(needle)}(?!\w)")
        return lambda actual: word.search(_folded(actual)) is not None
    matches = pattern(needle)
    return lambda actual: matches(_folded(actual))


def _folded(actual: Any) -> str:
    return actual.casefold() if isinstance(actual, str) else ""


def _changed(field: Field, value: Any) -> Test:
    name = field.name
    return lambda facts: name in facts.before


def _changed_from(field: Field, value: Any) -> Test:
    name, ask = field.name, _ask(field, Op.IS, value)

    def test(facts: Facts) -> bool:
        before = facts.before.get(name, _MISSING)
        return before is not _MISSING and ask(before)

    return test


def _changed_to(field: Field, value: Any) -> Test:
    name, ask = field.name, _ask(field, Op.IS, value)
    return lambda facts: name in facts.before and ask(facts.values.get(name))


_CHANGE_TESTS: dict[Op, Callable[[Field, Any], Test]] = {
    Op.CHANGED: _changed,
    Op.CHANGED_FROM: _changed_from,
    Op.CHANGED_TO: _changed_to,
}
