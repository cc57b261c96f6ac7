"""A condition in the reader's own words, and which of its parts held."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from tickets.conditions.facts import Facts
from tickets.conditions.fields import Field, Kind, Op, Words
from tickets.conditions.moments import moment_words
from tickets.conditions.nodes import Condition, Leaf, Node, Not

# Names of rows and open keys: field name -> stored value -> what it is called.
Labels = Mapping[str, Mapping[Any, str]]

_OPERATORS: dict[Op, Words] = {
    Op.IS: pgettext_lazy("condition", "is"),
    Op.IS_NOT: pgettext_lazy("condition", "is not"),
    Op.ONE_OF: pgettext_lazy("condition", "is one of"),
    Op.NONE_OF: pgettext_lazy("condition", "is none of"),
    Op.CONTAINS: pgettext_lazy("condition", "contains"),
    Op.NOT_CONTAINS: pgettext_lazy("condition", "does not contain"),
    Op.HAS_WORD: pgettext_lazy("condition", "contains the word"),
    Op.MATCHES: pgettext_lazy("condition", "matches (* ? #)"),
    Op.GREATER: pgettext_lazy("condition", "is more than"),
    Op.LESS: pgettext_lazy("condition", "is less than"),
    Op.EMPTY: pgettext_lazy("condition", "is empty"),
    Op.NOT_EMPTY: pgettext_lazy("condition", "is filled"),
    Op.CHANGED: pgettext_lazy("condition", "was changed"),
    Op.CHANGED_FROM: pgettext_lazy("condition", "was changed from"),
    Op.CHANGED_TO: pgettext_lazy("condition", "was changed to"),
}
_OF_NAMES: dict[Op, Words] = {
    Op.ONE_OF: pgettext_lazy("condition", "contain one of"),
    Op.NONE_OF: pgettext_lazy("condition", "contain none of"),
    Op.CONTAINS: pgettext_lazy("condition", "contain"),
    Op.NOT_CONTAINS: pgettext_lazy("condition", "do not contain"),
    Op.EMPTY: pgettext_lazy("condition", "are empty"),
    Op.NOT_EMPTY: pgettext_lazy("condition", "are filled"),
    Op.CHANGED: pgettext_lazy("condition", "were changed"),
}
_OF_MOMENTS: dict[Op, Words] = {
    Op.GREATER: pgettext_lazy("condition", "from"),
    Op.LESS: pgettext_lazy("condition", "before"),
}
_YES, _NO = gettext_lazy("yes"), gettext_lazy("no")


@dataclass(frozen=True, slots=True)
class Explained:
    """One part of a condition: its words, whether it held, and its own parts."""

    words: str
    held: bool
    parts: tuple["Explained", ...] = ()


def operator_label(field: Field, op: Op) -> Words:
    """What an operator is called with this field."""
    if field.kind is Kind.NAMES:
        return _OF_NAMES[op]
    if field.kind is Kind.MOMENT and op in _OF_MOMENTS:
        return _OF_MOMENTS[op]
    return _OPERATORS[op]


def describe(condition: Condition, labels: Labels | None = None) -> str:
    """The whole condition as one phrase; "always" where it asks nothing."""
    return _phrase(condition.root, labels or {}, inner=False)


def explain(condition: Condition, facts: Facts, labels: Labels | None = None) -> Explained:
    """Which parts hold for `facts`; the outermost says whether the whole does."""
    return _explain(condition.root, facts, labels or {})


def _explain(node: Node, facts: Facts, labels: Labels) -> Explained:
    words, held = _phrase(node, labels, inner=False), node.test(facts)
    if isinstance(node, Leaf):
        return Explained(words, held)
    parts = (node.part,) if isinstance(node, Not) else node.parts
    return Explained(words, held, tuple(_explain(part, facts, labels) for part in parts))


def _phrase(node: Node, labels: Labels, *, inner: bool) -> str:
    if isinstance(node, Leaf):
        return _question(node, labels)
    if isinstance(node, Not):
        return _("not (%(condition)s)") % {"condition": _phrase(node.part, labels, inner=False)}
    if not node.parts:
        return pgettext("condition", "always")
    parts = [_phrase(part, labels, inner=True) for part in node.parts]
    word = pgettext("condition", "and") if node.kind == "all" else pgettext("condition", "or")
    phrase = f" {word} ".join(parts)
    return f"({phrase})" if inner and len(parts) > 1 else phrase


def _question(leaf: Leaf, labels: Labels) -> str:
    pieces = [str(leaf.field.label), str(operator_label(leaf.field, leaf.op))]
    if leaf.value is not None:
        pieces.append(value_words(leaf, labels))
    phrase = " ".join(pieces)
    if leaf.confidence is None:
        return phrase
    percent = round(leaf.confidence * 100)
    return _("%(question)s with at least %(percent)d %% confidence") % {
        "question": phrase,
        "percent": percent,
    }


def value_words(leaf: Leaf, labels: Labels) -> str:
    """What a question compares with, in words; "" where it compares with nothing."""
    if leaf.value is None:
        return ""
    several = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    return ", ".join(_shown(leaf.field, each, labels) for each in several)


def _shown(field: Field, value: Any, labels: Labels) -> str:
    if isinstance(value, bool):
        return str(_YES if value else _NO)
    if isinstance(value, int | float) and field.kind is not Kind.ROW:
        return f"{value:g}"
    if field.kind is Kind.MOMENT:
        return moment_words(value)
    for choice in (*field.choices, *field.symbols):
        if choice.value == value:
            return str(choice.label)
    named = labels.get(field.name, {}).get(value)
    if named is not None:
        return named
    if field.kind is Kind.ROW:
        return _("something deleted (%(key)s)") % {"key": value}
    return f"“{value}”" if field.kind is Kind.TEXT else str(value)
