"""Asking event rules about what happened: exactly once, in order, never in circles."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from tickets.actions.acting import act, fresh, note_problem, stop
from tickets.automation.rulesets import Compiled, Ruleset, ruleset
from tickets.conditions import Facts
from tickets.conditions.fields import OF_CLOCKS
from tickets.facts import before_of, clock_facts, facts_of, lean
from tickets.models import Change, Rule, RuleEvent, Ticket

# A rule's acting may make another rule act, and so on, so many times.
DEEPEST_CHAIN = 5
MOST_ATTEMPTS = 5
FIRST_WAIT_SECONDS = 30


@transaction.atomic
def run_next(ticket_id: int) -> bool:
    """Ask the rules about the ticket's oldest waiting event; False when none waits.

    The ticket's lock is held throughout, so two workers take turns: the event is gone in the
    same transaction that did what it led to. Queries: 4 where no rule acts.
    """
    rows = Ticket.objects.lock(ticket_id)
    waiting = _waiting(ticket_id).select_related("organization")
    event = waiting.select_for_update(of=("self",)).first()
    if event is None:
        return False
    # Read under the lock, so its organization's configuration is the present one.
    home = event.organization
    rules = ruleset(home.pk, Rule.Kind.EVENT.value, home.configuration)
    ticket = lean(rows, rules.needed).filter(pk=ticket_id, deleted_at=None).first()
    if ticket is not None:
        ticket.organization = home
        _ask(ticket, event, rules)
    event.delete()
    return True


def _waiting(ticket_id: int) -> QuerySet[RuleEvent]:
    return RuleEvent.objects.filter(
        ticket_id=ticket_id, available_at__lte=now(), attempts__lt=MOST_ATTEMPTS
    ).order_by("pk")


@transaction.atomic
def put_off(ticket_id: int, error: str) -> None:
    """Note that asking about the oldest event failed: later again, five times at most."""
    event = _waiting(ticket_id).select_for_update().first()
    if event is not None:
        event.attempts += 1
        event.available_at = now() + timedelta(seconds=FIRST_WAIT_SECONDS * 2**event.attempts)
        event.error = error[:300]
        event.save()


def _ask(ticket: Ticket, event: RuleEvent, rules: Ruleset) -> None:
    before, clock = _of_event(event, rules)
    what = event.triggers[0]

    def read(current: Ticket) -> Facts:
        return facts_of(current, needed=rules.needed, event=what, before=before, happened=clock)

    facts = read(ticket)
    happened = frozenset(event.triggers)
    for rule in rules.rules:
        if rule.problem:
            note_problem(rule, rule.problem)
            continue
        if rule.triggers and rule.triggers.isdisjoint(happened):
            continue
        if not rule.condition.holds(facts) or rule.pk in event.chain:
            # What a rule did itself, and what followed from it, never makes it act again.
            continue
        # Most events lead to nothing: the whole row is read for those that do.
        if _acted(rule, fresh(ticket), facts, event):
            if rule.stops:
                return
            ticket = fresh(ticket)
            facts = read(ticket)


def _of_event(event: RuleEvent, rules: Ruleset) -> tuple[dict[str, Any], dict[str, Any]]:
    """Earlier values and the clock that an event is about, where a rule asks for them."""
    rows = Change.objects.filter(pk__in=event.changes).order_by("pk")
    before: dict[str, Any] = {}
    if rules.asks_changes and Rule.Trigger.CHANGED in event.triggers:
        before = before_of(rows)
    return before, clock_facts(rows) if rules.needed & OF_CLOCKS else {}


def _acted(rule: Compiled, ticket: Ticket, facts: Facts, event: RuleEvent) -> bool:
    if len(event.chain) < DEEPEST_CHAIN:
        return act(rule, ticket, facts, event=event.triggers[0], chain=event.chain)
    with translation.override(ticket.organization.language):
        reason = _("Rules made each other act %(limit)d times in a row: %(names)s.") % {
            "limit": DEEPEST_CHAIN,
            "names": ", ".join(_names(event.chain)),
        }
        stop(rule, ticket, event.chain, reason)
    return False


def _names(chain: Sequence[int]) -> list[str]:
    names = dict(Rule.objects.filter(pk__in=chain).values_list("pk", "name"))
    return [names.get(pk, "?") for pk in chain]
