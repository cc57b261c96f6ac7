"""An organization's active rules, compiled once and kept until one of them changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from omnidesk.core.errors import BadInput
from tickets.automation.registry import Step, parse_steps
from tickets.conditions import Catalogue, Condition, catalogue, parse
from tickets.conditions.nodes import all_of, negated
from tickets.kept import Kept
from tickets.models import Rule


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule ready to be asked. Where it cannot be read, `problem` says why and it never holds."""

    pk: int
    name: str
    version: int
    triggers: frozenset[str]
    condition: Condition
    steps: tuple[Step, ...]
    stops: bool
    repeat_hours: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All active rules of one kind, in order, with what they need to know of a ticket."""

    rules: tuple[Compiled, ...]
    needed: frozenset[str]
    asks_changes: bool


_NEVER = Condition.of(negated(all_of(())))


def ruleset(organization_id: int, kind: str, version: UUID | None = None) -> Ruleset:
    """The organization's active rules of a kind; `version` as `tickets.kept` takes it.

    Queries: 1, none with `version`; 1 more and those of its own fields when something changed.
    """
    return _KEPT[kind].of(organization_id, version)


def _read(organization_id: int, kind: str) -> Ruleset:
    rows = Rule.objects.filter(organization_id=organization_id, kind=kind, is_active=True)
    known = catalogue(organization_id)
    return _join(tuple(compiled(rule, known) for rule in rows.order_by("position", "pk")))


def compiled(rule: Rule, known: Mapping[str, Any] | None = None) -> Compiled:
    """One rule; what cannot be read becomes its `problem` instead of an error."""
    fields = known if isinstance(known, Catalogue) else catalogue(rule.organization_id)
    condition, problem = _NEVER, ""
    steps: tuple[Step, ...] = ()
    try:
        condition, steps = parse(rule.condition, fields), parse_steps(rule.actions)
    except BadInput as error:
        condition, problem = _NEVER, str(error)
    if not problem and not steps:
        condition, problem = _NEVER, _("It has no action.")
    return Compiled(
        pk=rule.pk,
        name=rule.name,
        version=rule.version,
        triggers=frozenset(rule.triggers),
        condition=condition,
        steps=steps,
        stops=rule.stops,
        repeat_hours=rule.repeat_hours,
        problem=problem,
    )


def _join(rules: tuple[Compiled, ...]) -> Ruleset:
    return Ruleset(
        rules=rules,
        needed=frozenset().union(*(rule.condition.fields for rule in rules)),
        asks_changes=any(rule.condition.asks_changes for rule in rules),
    )


_KEPT = {kind: Kept(partial(_read, kind=kind)) for kind in Rule.Kind.values}
