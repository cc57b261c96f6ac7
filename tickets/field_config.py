"""What is wrong with a definition, said before it is saved. Pure."""

from __future__ import annotations

import importlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from tickets.field_texts import from_text
from tickets.fields import (
    FACTS,
    KEY,
    LONGEST_MATCHED,
    Condition,
    FieldError,
    FieldKind,
    FieldRule,
    check_value,
)

LONGEST_PATTERN = 200
MOST_PATHS = 100_000
MOST_OPTIONS = 200
MOST_CONDITIONS = 10
# The parser of regular expressions: the only sound way to see what a pattern may cost.
_parser: Any = importlib.import_module("re._parser")


def definition_problems(
    rule: FieldRule, *, keys: Collection[str], categories: Collection[str] | None = None
) -> dict[str, str]:
    """Attribute -> sentence, for everything that an administrator has to correct.

    `keys` are the organization's other fields, `categories` its category names where known.
    """
    found: dict[str, str] = {}
    if not KEY.fullmatch(rule.key) or rule.key in FACTS:
        found["key"] = _("Small letters, digits and _, beginning with a letter; not a fact's name.")
    if not any(rule.label.values()):
        found["label"] = _("Give it a name in at least one language.")
    if rule.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        if not rule.options:
            found["options"] = _("A list needs at least one entry.")
        elif len(rule.options) > MOST_OPTIONS:
            found["options"] = _("At most %(limit)d entries.") % {"limit": MOST_OPTIONS}
    if rule.minimum is not None and rule.maximum is not None and rule.minimum > rule.maximum:
        found["maximum"] = _("The largest number is below the smallest.")
    if rule.kind == FieldKind.PATTERN and (problem := pattern_problem(rule.pattern)):
        found["pattern"] = problem
    for name, conditions in (
        ("shown_when", rule.shown_when),
        ("required_when", rule.required_when),
    ):
        if problem := condition_problem(conditions, keys - {rule.key}, categories):  # type: ignore[operator]
            found[name] = problem
    if rule.default and not found:
        _check_default(rule, found)
    return found


def _check_default(rule: FieldRule, found: dict[str, str]) -> None:
    try:
        check_value(rule, from_text(rule, rule.default), lambda email: True)
    except FieldError as error:
        found["default"] = str(error)


def condition_problem(
    conditions: Sequence[Condition],
    keys: Collection[str],
    categories: Collection[str] | None = None,
) -> str:
    """What is wrong with the first condition that can never hold, or ""."""
    if len(conditions) > MOST_CONDITIONS:
        return _("At most %(limit)d conditions.") % {"limit": MOST_CONDITIONS}
    names = {name.casefold() for name in categories or ()}
    for condition in conditions:
        if condition.field not in FACTS and condition.field not in keys:
            known = ", ".join([*FACTS, *sorted(keys)])
            return _("There is no field “%(name)s”. There is: %(known)s.") % {
                "name": condition.field,
                "known": known,
            }
        if condition.field == "category" and categories is not None:
            missing = [v for v in condition.values if v.casefold() not in names]
            if missing:
                return _("There is no category “%(name)s”.") % {"name": missing[0]}
    return ""


def pattern_problem(pattern: str) -> str:
    """Why a regular expression is refused, or "".

    A pattern is taken only where the number of ways to match 200 characters is bounded, so
    that no value can keep a worker busy. Counting them needs no trial: every choice multiplies.
    """
    if not pattern:
        return _("Write the pattern.")
    if len(pattern) > LONGEST_PATTERN:
        return _("A pattern may have at most %(limit)d characters.") % {"limit": LONGEST_PATTERN}
    try:
        re.compile(pattern)
        ways = _ways(list(_parser.parse(pattern)))
    except (re.error, RecursionError, OverflowError) as error:
        return _("This is no valid pattern: %(reason)s.") % {"reason": error}
    if ways > MOST_PATHS:
        return _(
            "This pattern could take too long: use fewer open repeats such as * and +, none "
            "inside another, and no references back or look-arounds."
        )
    return ""


def _ways(tokens: Sequence[Any]) -> int:
    """An upper bound of the ways to match; above `MOST_PATHS` it only says "too many"."""
    total = 1
    for name, argument in tokens:
        total = min(total * _ways_of(str(name), argument), MOST_PATHS + 1)
    return total


_PLAIN = {"LITERAL", "NOT_LITERAL", "ANY", "IN", "AT", "RANGE", "CATEGORY"}


def _ways_of(name: str, argument: Any) -> int:
    if name in _PLAIN:
        return 1
    if name == "SUBPATTERN":
        return _ways(list(argument[-1]))
    if name == "BRANCH":
        return min(sum(_ways(list(branch)) for branch in argument[1]), MOST_PATHS + 1)
    if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        low, high, inner = argument
        most = min(int(high), LONGEST_MATCHED)
        inside = _ways(list(inner))
        lengths = max(most - int(low), 0) + 1
        return lengths if inside == 1 else _power(inside, max(most, 1)) * lengths
    # References back, look-arounds, conditionals: no bound is known.
    return MOST_PATHS + 1


def _power(base: int, exponent: int) -> int:
    return base**exponent if exponent <= 20 and base <= 100 else MOST_PATHS + 1


def words_problem(words: Mapping[str, str], limit: int) -> str:
    """Why a text in several languages is refused, or ""."""
    if any(len(text) > limit for text in words.values()):
        return _("At most %(limit)d characters.") % {"limit": limit}
    return ""
