"""The part of a condition that the database can decide by its indexes, before facts are read.

Only ever too generous: a ticket that the condition holds for is always inside. The rest is
decided on the facts (`tests/tickets/rules/test_narrowing.py` compares both).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from tickets.choices import StatusCategory
from tickets.conditions import Condition, Group, Kind, Leaf, Node, Op

_COLUMNS = {
    "status": "status__key",
    "status_category": "status_category",
    "category": "category_id",
    "urgency": "urgency",
    "impact": "impact",
    "priority": "priority",
    "team": "team_id",
    "assignee": "assignee_id",
    "requester": "requester_id",
    "source": "source",
    "language": "language",
    "organization": "organization_id",
    "ai_state": "ai_state",
}
_TIMES = {"hours_open": "created_at", "hours_quiet": "last_activity_at"}
_STAGES = {"status", "status_category"}
# Longer ago than this is every ticket or none: no date can be computed from it.
MOST_HOURS = 24 * 366 * 100


def narrow(condition: Condition, moment: datetime) -> Q:
    """What every ticket must satisfy for which `condition` holds at `moment`."""
    return _of_node(condition.root, moment)


def asks_stage(condition: Condition) -> bool:
    """Whether it says itself which stages it is about; else only open ones are asked."""
    return bool(condition.fields & _STAGES)


def unsettled() -> Q:
    """Tickets that are not over."""
    return Q(status_category__in=[StatusCategory.OPEN, StatusCategory.PENDING])


def _of_node(node: Node, moment: datetime) -> Q:
    if isinstance(node, Leaf):
        return _of_leaf(node, moment)
    if isinstance(node, Group) and node.kind == "all":
        together = Q()
        for part in node.parts:
            together &= _of_node(part, moment)
        return together
    if isinstance(node, Group) and node.parts:
        return _either([_of_node(part, moment) for part in node.parts])
    return Q()


def _either(parts: list[Q]) -> Q:
    if not all(parts):
        # One part that the database cannot decide lets everything through.
        return Q()
    together = parts[0]
    for part in parts[1:]:
        together |= part
    return together


def _of_leaf(leaf: Leaf, moment: datetime) -> Q:
    if leaf.field.name in _TIMES:
        return _of_time(leaf, moment)
    column = _COLUMNS.get(leaf.field.name)
    make = _MADE.get(leaf.op)
    if column is None or make is None or leaf.field.kind is Kind.TEXT:
        return Q()
    return make(column, leaf)


def _of_time(leaf: Leaf, moment: datetime) -> Q:
    if leaf.op not in (Op.GREATER, Op.LESS) or abs(leaf.value) > MOST_HOURS:
        return Q()
    column = _TIMES[leaf.field.name]
    limit = moment - timedelta(hours=leaf.value)
    return Q(**{f"{column}__{'lt' if leaf.op is Op.GREATER else 'gt'}": limit})


def _ranked(column: str, leaf: Leaf) -> Q:
    keys = [choice.value for choice in leaf.field.choices]
    at = leaf.field.rank(leaf.value)
    return Q(**{f"{column}__in": keys[at + 1 :] if leaf.op is Op.GREATER else keys[:at]})


_MADE: dict[Op, Callable[[str, Any], Q]] = {
    Op.IS: lambda column, leaf: Q(**{column: leaf.value}),
    Op.ONE_OF: lambda column, leaf: Q(**{f"{column}__in": leaf.value}),
    Op.GREATER: _ranked,
    Op.LESS: _ranked,
}
