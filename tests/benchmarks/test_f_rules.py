"""What rules cost: 100 active ones per event, and a condition by itself."""

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.benchmarks.figures import WARM_UP, Figures, timed
from tests.cast import Cast
from tests.tickets.rules.making import rule
from tickets.actions.acting import fresh
from tickets.actions.base import Actor
from tickets.actions.reply import add_note
from tickets.actions.run_rules import run_next
from tickets.automation.rulesets import ruleset
from tickets.facts import facts_of

pytestmark = [pytest.mark.bench, pytest.mark.django_db]
RULES = 100
EVENTS = 200


def test_a_hundred_rules_on_one_event(cast: Cast, figures: Figures) -> None:
    with organization_scope(cast.nordwerk.pk):
        for n in range(RULES):
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
            rule(cast, f"Rule {n}", condition, [{"do": "add_tags", "tags": ["hit"]}], position=n)
        ticket = cast.ticket()
        while run_next(ticket.pk):
            pass

        ticket = fresh(ticket)
        rules = ruleset(cast.nordwerk.pk, "event")
        facts = facts_of(ticket, needed=rules.needed, event="noted")

        def ask(_: int) -> None:
            assert not any(each.condition.holds(facts) for each in rules.rules)

        def read_and_ask(_: int) -> None:
            known = ruleset(cast.nordwerk.pk, "event")
            found = facts_of(ticket, needed=known.needed, event="noted")
            assert not any(each.condition.holds(found) for each in known.rules)

        def event(_: int) -> None:
            assert run_next(ticket.pk)

        for _ in range(EVENTS + WARM_UP):
            add_note(ticket=ticket, actor=Actor.person(cast.alice), text="Something happened")
        figures.group("100 active rules, one event")
        figures.calls("asking their conditions", timed(ask, EVENTS))
        figures.calls("with reading rules and facts", timed(read_and_ask, EVENTS))
        figures.calls("with lock, queue and transaction", timed(event, EVENTS))
