"""Writing rules: checked strictly, every version kept, restored by saving it again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.text import one_line
from tickets.automation.options import missing, wanted_by_condition, wanted_by_steps
from tickets.automation.registry import ActionError, Step, parse_steps, steps_as_json
from tickets.conditions import ConditionError, catalogue, parse
from tickets.conditions.fields import OF_CLOCKS
from tickets.models import Rule, RuleVersion

LONGEST_DESCRIPTION = 2_000
MOST_HOURS = 24 * 366


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleContent:
    """Everything a rule is, apart from whether it is on."""

    name: str
    condition: Any = None
    actions: Any = None
    kind: str = Rule.Kind.EVENT.value
    triggers: list[str] = field(default_factory=list)
    description: str = ""
    position: int = 100
    stops: bool = False
    repeat_hours: int = 0

    def as_json(self) -> dict[str, Any]:
        """What a version keeps."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@transaction.atomic
def save_rule(
    *, organization_id: int, content: RuleContent, author: User | None, rule: Rule | None = None
) -> Rule:
    """Create a rule (off at first) or save its next version.

    Raises `BadInput` naming the field: unknown fields, operators and actions, values of a wrong
    type, rows that do not exist. Saving clears the rule's problem.
    """
    checked = check_content(organization_id, content)
    if rule is None:
        rule = Rule(organization_id=organization_id, version=0)
    else:
        rule = Rule.objects.select_for_update().get(pk=rule.pk)
    for name, value in checked.as_json().items():
        setattr(rule, name, value)
    rule.version += 1
    rule.problem = ""
    rule.save()
    RuleVersion.objects.create(
        organization_id=organization_id,
        rule=rule,
        version=rule.version,
        content=checked.as_json(),
        author=author,
        created_at=now(),
    )
    return rule


def check_content(organization_id: int, content: RuleContent) -> RuleContent:
    """`content` in its normal form, or `BadInput`: the same check for saving and trying out."""
    name = one_line(content.name, 120)
    if not name:
        raise BadInput(_("Enter a name."), "name")
    if content.kind not in Rule.Kind.values:
        raise BadInput(_("Choose when the rule is asked."), "kind")
    triggers = [value for value in Rule.Trigger.values if value in content.triggers]
    if len(triggers) != len(set(content.triggers)):
        raise BadInput(_("Choose from the list what has to happen."), "triggers")
    if not 0 <= content.repeat_hours <= MOST_HOURS:
        raise BadInput(_("Enter between 0 and %(limit)d hours.") % {"limit": MOST_HOURS}, "hours")
    condition, actions = check_parts(organization_id, content.condition, content.actions)
    if content.kind == Rule.Kind.TIME and asks_changes(organization_id, condition):
        raise BadInput(
            _("A rule of time cannot ask whether a field was changed: nothing changes then."),
            "condition",
        )
    if content.kind == Rule.Kind.TIME and asks_clocks(organization_id, condition):
        raise BadInput(
            _(
                "Which agreed time it is, and its minutes, are known only when one comes near or "
                "passes: choose a rule of events."
            ),
            "condition",
        )
    return RuleContent(
        name=name,
        kind=content.kind,
        triggers=triggers,
        condition=condition,
        actions=actions,
        description=content.description.strip()[:LONGEST_DESCRIPTION],
        position=max(0, min(content.position, 32_000)),
        stops=content.stops,
        repeat_hours=content.repeat_hours,
    )


def asks_changes(organization_id: int, condition: Any) -> bool:
    """Whether a checked condition asks about previous values."""
    return parse(condition, catalogue(organization_id)).asks_changes


def asks_clocks(organization_id: int, condition: Any) -> bool:
    """Whether a checked condition asks what only the event of an agreed time knows."""
    return bool(parse(condition, catalogue(organization_id)).fields & OF_CLOCKS)


def check_parts(
    organization_id: int, condition: Any, actions: Any, *, macros: bool = False
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Condition and actions in their normal form; raises `BadInput` for what cannot work."""
    parsed = parse(condition, catalogue(organization_id))
    steps = parse_steps(actions, macros=macros)
    if not steps and not macros:
        raise ActionError(_("Choose at least one action."), 0)
    gone = missing(organization_id, wanted_by_condition(parsed))
    if gone:
        raise ConditionError(_gone(gone), "")
    for place, step in enumerate(steps, 1):
        gone = missing(organization_id, wanted_by_steps([step]))
        if gone:
            raise ActionError(_gone(gone), place)
        _check_here(step, organization_id, place)
    return parsed.as_json(), steps_as_json(steps)


def _check_here(step: Step, organization_id: int, place: int) -> None:
    try:
        step.kind.check_here(organization_id, step.params)
    except BadInput as error:
        known = {param.name for param in step.kind.params}
        raise ActionError(str(error), place, error.field if error.field in known else "") from error


def _gone(gone: Mapping[str, set[Any]]) -> str:
    keys = sorted(str(key)[:40] for several in gone.values() for key in several)
    return _("It names something that does not exist here: %(keys)s.") % {"keys": ", ".join(keys)}


@transaction.atomic
def switch_rule(*, rule: Rule, on: bool) -> Rule:
    """Switch a rule on or off. One that cannot work any more is refused with the reason."""
    rule = Rule.objects.select_for_update().get(pk=rule.pk)
    if on:
        check_parts(rule.organization_id, rule.condition, rule.actions)
        rule.problem = ""
    rule.is_active = on
    rule.save()
    return rule


@transaction.atomic
def restore_version(*, version: RuleVersion, author: User | None) -> Rule:
    """Make an earlier version the newest; what it names must still exist."""
    content = RuleContent(**version.content)
    return save_rule(
        organization_id=version.organization_id, content=content, author=author, rule=version.rule
    )
