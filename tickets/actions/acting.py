"""A rule acts on a ticket: all of its actions or none, and the log says what and why.

Shared by event rules and time rules. The log row is the record of what fired: `ticket.rule_fired`
(or `rule_failed`, `rule_stopped`) with the rule, its version, which parts held and what was done,
in the organization's language.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from tickets.actions.base import Actor, FieldChange, record
from tickets.automation.options import labels, names_of, wanted_by_steps
from tickets.automation.registry import Doing, Step
from tickets.automation.rulesets import Compiled
from tickets.choices import ActorKind
from tickets.conditions import Explained, Facts, catalogue, explain
from tickets.models import Change, Rule, Ticket

logger = logging.getLogger(__name__)

# One rule acts at most so often on one ticket in an hour, whatever leads to it: a rule and a
# machine outside (an auto-responder, the AI) that answer each other stop here.
MOST_PER_HOUR = 10
LONGEST_PROBLEM = 300
FIRED, FAILED, STOPPED = "ticket.rule_fired", "ticket.rule_failed", "ticket.rule_stopped"


def act(
    rule: Compiled, ticket: Ticket, facts: Facts, *, event: str, chain: Sequence[int] = ()
) -> bool:
    """Let `rule`, whose condition held for `facts`, act; returns whether it did.

    The caller holds the ticket's lock. A failing action takes the whole rule back; the failure
    is written on the ticket and on the rule, and never raised.
    """
    actor = Actor(ActorKind.RULE, None, rule.name, (*chain, rule.pk))
    with translation.override(ticket.organization.language):
        if _too_often(rule, ticket):
            stop(rule, ticket, chain, _("It acted too often on this ticket within an hour."))
            return False
        detail = {
            "rule": rule.pk, "version": rule.version, "event": event, "chain": list(chain),
            "why": _why(rule, facts, ticket.organization_id),
        }  # fmt: skip
        doing = Doing(actor)
        problem = _do(rule, ticket, doing)
        if problem:
            _write(ticket, actor, FAILED, {**detail, "problem": problem})
            note_problem(rule, problem)
            return False
        did = [*say(rule.steps, ticket.organization_id), *doing.notes]
        _write(ticket, actor, FIRED, {**detail, "did": did})
    return True


def fresh(ticket: Ticket) -> Ticket:
    """The ticket again, as the last action left it (its lock is held)."""
    return Ticket.objects.with_row_relations().select_related("organization").get(pk=ticket.pk)


def _do(rule: Compiled, ticket: Ticket, doing: Doing) -> str:
    try:
        with transaction.atomic():
            for place, step in enumerate(rule.steps):
                step.kind.apply(fresh(ticket) if place else ticket, step.params, doing)
    except (BadInput, PermissionDenied) as error:
        return str(error)
    except Exception:  # intended: one broken action must not stop the ticket's other rules
        logger.exception("rule_action_failed", extra={"rule": rule.pk, "ticket": ticket.pk})
        return _("An action ended with an unexpected error; the log of the server has it.")
    return ""


def say(steps: Sequence[Step], organization_id: int) -> list[str]:
    """What the actions do, in words. Queries: one per kind of row they name."""
    names = names_of(organization_id, wanted_by_steps(steps))
    return [step.kind.words(step.params, names) for step in steps]


def _why(rule: Compiled, facts: Facts, organization_id: int) -> list[str]:
    known = catalogue(organization_id)
    named = labels(organization_id, rule.condition, known)
    return _held(explain(rule.condition, facts, named)) or [_("It always holds.")]


def _held(part: Explained) -> list[str]:
    """The smallest parts that held: what a reader wants to know."""
    if not part.held:
        return []
    if not part.parts or not any(each.held for each in part.parts):
        # A question, or a negation whose inner part does not hold: its words say it.
        return [part.words] if part.words else []
    return [words for each in part.parts for words in _held(each)]


def _too_often(rule: Compiled, ticket: Ticket) -> bool:
    recent = Change.objects.filter(
        ticket=ticket, at__gte=now() - timedelta(hours=1), verb=FIRED, detail__rule=rule.pk
    )
    return recent.count() >= MOST_PER_HOUR


def stop(rule: Compiled, ticket: Ticket, chain: Sequence[int], reason: str) -> None:
    """Write on the ticket, once an hour, and on the rule that it was not allowed to act."""
    told = Change.objects.filter(
        ticket=ticket, at__gte=now() - timedelta(hours=1), verb=STOPPED, detail__rule=rule.pk
    )
    if not told.exists():
        actor = Actor(ActorKind.RULE, None, rule.name, (*chain, rule.pk))
        detail = {"rule": rule.pk, "chain": list(chain), "problem": reason}
        _write(ticket, actor, STOPPED, detail)
    note_problem(rule, reason)


def note_problem(rule: Compiled, problem: str) -> None:
    """Keep why a rule could not act, for whoever administers it."""
    text = problem[:LONGEST_PROBLEM]
    Rule.objects.filter(pk=rule.pk, version=rule.version).exclude(problem=text).update(problem=text)


def _write(ticket: Ticket, actor: Actor, verb: str, detail: Mapping[str, Any]) -> None:
    change = FieldChange(verb, detail=detail)
    record(fresh(ticket), actor, change, activity=False)
