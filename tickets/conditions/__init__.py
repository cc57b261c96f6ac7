"""The desk's one condition language: rules, macros, agreed times and views share it.

A condition is plain JSON, made of three shapes:

    {"all": [part, ...]}   {"any": [part, ...]}   {"not": part}
    {"field": "priority", "op": "one_of", "value": ["high", "critical"]}

`parse` reads it strictly against a catalogue of typed fields and compiles it once;
`condition.holds(facts)` is then a call of closures. `explain` says which parts held, `describe`
says the whole in the reader's language. Pure: no query is made here.
"""

from tickets.conditions.facts import Facts
from tickets.conditions.fields import (
    OPERATORS,
    Catalogue,
    Choice,
    Field,
    Kind,
    Op,
    add_field_source,
    catalogue,
)
from tickets.conditions.nodes import Condition, Group, Leaf, Node, Not
from tickets.conditions.parsing import ConditionError, parse
from tickets.conditions.words import (
    Explained,
    describe,
    explain,
    operator_label,
    value_words,
)

__all__ = [
    "OPERATORS",
    "Catalogue",
    "Choice",
    "Condition",
    "ConditionError",
    "Explained",
    "Facts",
    "Field",
    "Group",
    "Kind",
    "Leaf",
    "Node",
    "Not",
    "Op",
    "add_field_source",
    "catalogue",
    "describe",
    "explain",
    "operator_label",
    "parse",
    "value_words",
]
