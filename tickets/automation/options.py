"""The rows that conditions and actions may name: offered to whoever configures, and checked."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.db.models import Q, QuerySet

from omnidesk.accounts.models import Organization, Team, User
from omnidesk.accounts.roles import STAFF_ROLES
from omnidesk.core.text import LANGUAGES
from tickets.approval_selectors import policies_of
from tickets.automation.registry import Step
from tickets.conditions import Catalogue, Condition, Kind, Leaf
from tickets.conditions.nodes import leaves
from tickets.models import (
    Category,
    ChecklistTemplate,
    CustomField,
    PendingReason,
    Status,
    Tag,
    TicketType,
)
from tickets.runbook_selectors import for_machines

# More options than these are not offered in one list; any of them is still accepted.
MOST_OFFERED = 500
Pairs = list[tuple[Any, str]]
Reader = Callable[[int, Collection[Any] | None], Pairs]


def _people(organization_id: int, keys: Collection[Any] | None, *, staff: bool) -> Pairs:
    of_here = Q(memberships__organization_id=organization_id)
    if staff:
        of_here &= Q(memberships__role__in=STAFF_ROLES)
    people = User.objects.filter(of_here, is_active=True).distinct().order_by("name", "email")
    if keys is not None:
        people = people.filter(pk__in=[key for key in keys if isinstance(key, int)])
    return [(person.pk, person.display_name) for person in people[:MOST_OFFERED]]


def _agents(organization_id: int, keys: Collection[Any] | None) -> Pairs:
    return _people(organization_id, keys, staff=True)


def _persons(organization_id: int, keys: Collection[Any] | None) -> Pairs:
    return _people(organization_id, keys, staff=False)


def _rows(rows: QuerySet[Any], organization_id: int, keys: Collection[Any] | None) -> Pairs:
    rows = rows.filter(organization_id=organization_id)
    if keys is not None:
        rows = rows.filter(pk__in=[key for key in keys if isinstance(key, int)])
    return [(row.pk, str(row)) for row in rows[:MOST_OFFERED]]


def _keyed(rows: QuerySet[Any], organization_id: int) -> Pairs:
    return [(row.key, str(row)) for row in rows.filter(organization_id=organization_id)]


def _named(rows: QuerySet[Any], organization_id: int) -> Pairs:
    found = rows.filter(organization_id=organization_id).order_by("name")
    return [(name, name) for name in found.values_list("name", flat=True)[:MOST_OFFERED]]


def _own_fields(organization_id: int) -> Pairs:
    rows = CustomField.objects.filter(organization_id=organization_id)
    return [(row.key, str(row)) for row in rows]


def _organization(organization_id: int, keys: Collection[Any] | None) -> Pairs:
    rows = Organization.objects.filter(pk=organization_id)
    return [(row.pk, row.name) for row in rows]


_READERS: dict[str, Reader] = {
    "agent": _agents,
    "person": _persons,
    "category": lambda pk, keys: _rows(Category.objects.all(), pk, keys),
    "team": lambda pk, keys: _rows(Team.objects.filter(is_active=True), pk, keys),
    "organization": _organization,
    "status": lambda pk, keys: _keyed(Status.objects.all(), pk),
    "type": lambda pk, keys: _keyed(TicketType.objects.all(), pk),
    "own_field": lambda pk, keys: _own_fields(pk),
    "pending_reason": lambda pk, keys: _keyed(PendingReason.objects.all(), pk),
    "tag": lambda pk, keys: _named(Tag.objects.all(), pk),
    "category_name": lambda pk, keys: _named(Category.objects.all(), pk),
    "team_name": lambda pk, keys: _named(Team.objects.filter(is_active=True), pk),
    "approval": lambda pk, keys: _rows(policies_of(pk), pk, keys),
    "runbook": lambda pk, keys: _rows(for_machines(pk), pk, keys),
    "checklist": lambda pk, keys: _rows(ChecklistTemplate.objects.filter(is_active=True), pk, keys),
    "language": lambda pk, keys: [(code, code) for code in LANGUAGES],
}
# Lists whose values may be typed as well: a tag that does not exist yet is no mistake.
OPEN = frozenset({"tag", "language"})


def add_option_source(name: str, reader: Reader) -> None:
    """Let `reader(organization_id, keys or None)` offer the rows of a new source."""
    _READERS[name] = reader


def options(organization_id: int, source: str) -> Pairs:
    """What to offer for a source: (stored value, what it is called). Queries: 0 or 1."""
    reader = _READERS.get(source)
    return reader(organization_id, None) if reader else []


def names_of(organization_id: int, wanted: dict[str, set[Any]]) -> dict[str, dict[Any, str]]:
    """What the wanted keys of each source are called; one query each, missing rows left out."""
    return {
        source: dict(_READERS[source](organization_id, keys))
        for source, keys in wanted.items()
        if source in _READERS
    }


def wanted_by_condition(condition: Condition) -> dict[str, set[Any]]:
    """The keys that a condition names, by source."""
    wanted: dict[str, set[Any]] = {}
    for leaf in leaves(condition.root):
        if leaf.field.source and leaf.value is not None:
            wanted.setdefault(leaf.field.source, set()).update(_values(leaf))
    return wanted


def _values(leaf: Leaf) -> Iterable[Any]:
    return leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)


def wanted_by_steps(steps: Iterable[Step]) -> dict[str, set[Any]]:
    """The keys that actions name, by source."""
    wanted: dict[str, set[Any]] = {}
    for step in steps:
        for param in step.kind.params:
            value = step.params.get(param.name)
            if param.source and value is not None:
                several = value if isinstance(value, list) else [value]
                wanted.setdefault(param.source, set()).update(several)
    return wanted


def missing(organization_id: int, wanted: dict[str, set[Any]]) -> dict[str, set[Any]]:
    """Those of the wanted keys that no row of the organization has (any more)."""
    closed = {source: keys for source, keys in wanted.items() if source not in OPEN}
    names = names_of(organization_id, closed)
    gone = {source: keys - set(names.get(source, ())) for source, keys in closed.items()}
    return {source: keys for source, keys in gone.items() if keys and source in _READERS}


def labels(organization_id: int, condition: Condition, known: Catalogue) -> dict[str, Any]:
    """Names for `tickets.conditions.describe`: by field. Queries: one per source it names."""
    names = names_of(organization_id, wanted_by_condition(condition))
    return {
        field.name: names[field.source]
        for field in known.values()
        if field.source in names and field.kind is not Kind.NAMES
    }
