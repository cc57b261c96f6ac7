"""Short ways to make rules and to let them run."""

from typing import Any

from tests.cast import Cast
from tickets.actions.rules import RuleContent, save_rule, switch_rule
from tickets.actions.run_rules import run_next
from tickets.models import Change, Rule, Ticket


def rule(
    cast: Cast,
    name: str = "Rule",
    condition: Any = None,
    actions: Any = None,
    **more: Any,
) -> Rule:
    """An active rule of Nordwerk; call inside its scope."""
    content = RuleContent(name=name, condition=condition, actions=actions, **more)
    made = save_rule(organization_id=cast.nordwerk.pk, content=content, author=cast.bob)
    return switch_rule(rule=made, on=True)


def run(ticket: Ticket) -> int:
    """Ask the rules about everything that waits; returns how many events there were."""
    done = 0
    while run_next(ticket.pk):
        done += 1
        assert done < 100, "rules never come to rest"
    return done


def told(ticket: Ticket, verb: str = "ticket.rule_fired") -> list[Change]:
    """What the log says about rules on a ticket."""
    return list(Change.objects.filter(ticket=ticket, verb=verb).order_by("pk"))


PRIORITY_HIGH = {"do": "set_priority", "value": "high"}


def asks(field: str, op: str, value: Any = None) -> dict[str, Any]:
    """One question."""
    data = {"field": field, "op": op}
    return data if value is None else {**data, "value": value}


def tag(*names: str) -> dict[str, Any]:
    """The action that adds tags."""
    return {"do": "add_tags", "tags": list(names)}
