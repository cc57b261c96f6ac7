"""Rules of time: asked again and again about the tickets as they stand, acting once.

A mark per rule and ticket says that it has acted. It is written in the transaction that acts,
so two sweeps at once act once; it goes when the condition no longer holds.
"""

from datetime import timedelta

from django.db import transaction

from omnidesk.core.clock import now
from tickets.actions.acting import act, note_problem
from tickets.automation.narrowing import asks_stage, narrow, unsettled
from tickets.automation.rulesets import Compiled, ruleset
from tickets.facts import facts_in_bulk, facts_of, lean
from tickets.models import Rule, RuleMark, Ticket, TicketQuerySet

BATCH = 1_000
# A rule that suddenly holds for everything acts on so many tickets a sweep, the rest later.
MOST_A_SWEEP = 500
EVENT = "time"


def due(organization_id: int) -> list[tuple[Compiled, list[int]]]:
    """Which time rule has to act on which tickets now; forgets marks that hold no longer."""
    found = []
    for rule in ruleset(organization_id, Rule.Kind.TIME.value).rules:
        if rule.problem:
            note_problem(rule, rule.problem)
            continue
        holding = holding_now(organization_id, rule)
        marks = dict(RuleMark.objects.filter(rule_id=rule.pk).values_list("ticket_id", "at"))
        gone = set(marks) - set(holding)
        if gone:
            RuleMark.objects.filter(rule_id=rule.pk, ticket__in=gone).delete()
        waits = {pk for pk, at in marks.items() if not _again(rule, at)}
        acting = [pk for pk in holding if pk not in waits][:MOST_A_SWEEP]
        if acting:
            found.append((rule, acting))
    return found


def _again(rule: Compiled, at: object) -> bool:
    hours = rule.repeat_hours
    return bool(hours and at < now() - timedelta(hours=hours))  # type: ignore[operator]


def candidates(organization_id: int, rule: Compiled) -> TicketQuerySet:
    """The tickets a time rule may hold for at all, by what the database can decide."""
    tickets = Ticket.objects.alive().filter(
        narrow(rule.condition, now()), organization_id=organization_id
    )
    return tickets if asks_stage(rule.condition) else tickets.filter(unsettled())


def holding_now(organization_id: int, rule: Compiled) -> list[int]:
    """Ids of the tickets that the rule's condition holds for, oldest first."""
    found: list[int] = []
    after = 0
    rows = lean(candidates(organization_id, rule), rule.condition.fields).order_by("pk")
    while batch := list(rows.filter(pk__gt=after)[:BATCH]):
        after = batch[-1].pk
        facts = facts_in_bulk(batch, needed=rule.condition.fields, event=EVENT)
        found += [ticket.pk for ticket in batch if rule.condition.holds(facts[ticket.pk])]
    return found


@transaction.atomic
def act_in_time(rule: Compiled, ticket_id: int) -> bool:
    """Act on one ticket, if the rule still holds for it and no other sweep was faster."""
    tickets = Ticket.objects.alive().lock(ticket_id).with_row_relations().filter(pk=ticket_id)
    ticket = tickets.select_related("organization").first()
    if ticket is None:
        return False
    facts = facts_of(ticket, needed=rule.condition.fields, event=EVENT)
    if not rule.condition.holds(facts) or not _mark(rule, ticket):
        return False
    return act(rule, ticket, facts, event=EVENT)


def _mark(rule: Compiled, ticket: Ticket) -> bool:
    """Write or renew the mark; False where it is there and not old enough. The ticket is locked."""
    mark = RuleMark.objects.filter(rule_id=rule.pk, ticket=ticket).first()
    if mark is None:
        RuleMark.objects.create(
            organization_id=ticket.organization_id, rule_id=rule.pk, ticket=ticket, at=now()
        )
        return True
    if not _again(rule, mark.at):
        return False
    mark.at = now()
    mark.save()
    return True
