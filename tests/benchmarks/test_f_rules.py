"""What rules cost: 100 active ones per event, and a condition by itself."""

from datetime import timedelta

import pytest

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.benchmarks.figures import WARM_UP, Figures, Sample, stopwatch, timed
from tests.cast import Cast
from tests.tickets.rules.making import rule
from tickets.actions.acting import fresh
from tickets.actions.base import Actor
from tickets.actions.reply import add_note
from tickets.actions.rules import switch_rule
from tickets.actions.run_rules import run_next
from tickets.automation.dry_run import try_out
from tickets.automation.rulesets import compiled, ruleset
from tickets.facts import facts_of
from tickets.models import Change, Rule, Ticket

pytestmark = [pytest.mark.bench, pytest.mark.django_db]
RULES = 100
EVENTS = 200
ROUNDS = 5
DRY_TICKETS = 10_000
LOGGED = (
    ("ticket.opened", "", None, None),
    ("ticket.priority_changed", "priority", "medium", "high"),
    ("ticket.priority_changed", "priority", "high", "medium"),
)


def usual_rule(cast: Cast, n: int) -> Rule:
    """One of those that an event makes nothing of."""
    condition = {
        "all": [
            {"field": "subject", "op": "has_word", "value": f"word{n}"},
            {"any": [
                {"field": "priority", "op": "one_of", "value": ["high", "critical"]},
                {"field": "tags", "op": "contains", "value": f"tag{n}"},
                {"field": "last_text", "op": "contains", "value": f"text{n}"},
                {"field": "team", "op": "changed_to", "value": cast.network.pk},
            ]},
        ]
    }  # fmt: skip
    return rule(cast, f"Rule {n}", condition, [{"do": "add_tags", "tags": ["hit"]}], position=n)


def whole_events(cast: Cast, ticket: Ticket) -> Sample:
    """Seconds for one event each as the worker handles it, from its transaction to its commit."""
    home = cast.nordwerk.pk

    def event(_: int) -> None:
        with organization_scope(home):
            assert run_next(ticket.pk)

    def one_more() -> bool:
        with organization_scope(home):
            return run_next(ticket.pk)

    while one_more():
        pass
    with organization_scope(home):
        for _ in range(EVENTS // ROUNDS + WARM_UP):
            add_note(ticket=ticket, actor=Actor.person(cast.alice), text="Something happened")
    return timed(event, EVENTS // ROUNDS)


def test_a_hundred_rules_on_one_event(live_cast: Cast, figures: Figures) -> None:
    cast = live_cast
    with organization_scope(cast.nordwerk.pk):
        _, *others = [usual_rule(cast, n) for n in range(RULES)]
        ticket = cast.ticket()
    alone: list[float] = []
    among: list[float] = []
    # In turns: what else the machine does falls on both alike.
    for _ in range(ROUNDS):
        for on, found in ((False, alone), (True, among)):
            with organization_scope(cast.nordwerk.pk):
                for other in others:
                    switch_rule(rule=other, on=on)
            found += whole_events(cast, ticket).seconds
    with organization_scope(cast.nordwerk.pk):
        ticket = fresh(ticket)
        rules = ruleset(cast.nordwerk.pk, "event")
        facts = facts_of(ticket, needed=rules.needed, event="noted")

        def ask(_: int) -> None:
            assert not any(each.condition.holds(facts) for each in rules.rules)

        def read_and_ask(_: int) -> None:
            known = ruleset(cast.nordwerk.pk, "event")
            found = facts_of(ticket, needed=known.needed, event="noted")
            assert not any(each.condition.holds(found) for each in known.rules)

        figures.group("100 active rules, one event")
        figures.calls("asking their conditions", timed(ask, EVENTS))
        figures.calls("with reading rules and facts", timed(read_and_ask, EVENTS))
        one, hundred = Sample(tuple(alone)), Sample(tuple(among))
        figures.calls("whole event, one rule", one)
        figures.calls("whole event, 100 rules", hundred)
        more = (hundred.median - one.median) * 1000
        figures.lines.append(f"  what 99 rules more cost an event      {more:6.1f} ms")


def test_a_dry_run_over_ten_thousand_tickets(cast: Cast, figures: Figures) -> None:
    with organization_scope(cast.nordwerk.pk):
        opened = cast.ticket()
        status, moment = opened.status, now()
        made = Ticket.objects.bulk_create(
            Ticket(
                organization=cast.nordwerk,
                subject=f"{'VPN' if n % 3 else 'Printer'} trouble {n}",
                description="It stopped working this morning. " * 20,
                status=status, status_category=status.category, requester=cast.dana,
                category=cast.vpn, source="portal", last_activity_at=moment,
            )
            for n in range(DRY_TICKETS)
        )  # fmt: skip
        Change.objects.bulk_create(
            Change(
                organization=cast.nordwerk, ticket=ticket, verb=verb, field=field, old=old, new=new,
                actor_kind="person", at=moment + timedelta(microseconds=step),
            )
            for ticket in made
            for step, (verb, field, old, new) in enumerate(LOGGED)
        )  # fmt: skip
        draft = Rule(
            organization=cast.nordwerk, name="Draft", actions=[{"do": "add_tags", "tags": ["x"]}],
            condition={
                "all": [
                    {"field": "subject", "op": "has_word", "value": "vpn"},
                    {"field": "priority", "op": "changed_from", "value": "medium"},
                    {"field": "tags", "op": "not_contains", "value": "vip"},
                ]
            },
        )  # fmt: skip
        with stopwatch() as seconds:
            found = try_out(cast.nordwerk.pk, compiled(draft), kind="event")
            spent = seconds()
    assert found.count > DRY_TICKETS // 2
    figures.group("A dry run of an event rule")
    figures.rate("tickets replayed, three events each", DRY_TICKETS / spent, "tickets")
