"""The rows are the queue: nothing lost, nothing done twice, whoever dies or runs beside."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.at_once import at_once
from tests.cast import Cast
from tests.tickets.rules.making import rule, tag, told
from tickets.actions.base import Actor
from tickets.actions.reply import add_note
from tickets.actions.run_rules import MOST_ATTEMPTS, put_off, run_next
from tickets.models import Message, Rule, RuleEvent
from tickets.rule_tasks import run_rules, run_time_rules, sweep_rules

pytestmark = pytest.mark.django_db(transaction=True)


def notes(ticket: Any) -> int:
    return Message.objects.filter(ticket=ticket, kind="internal").count()


def test_four_workers_on_one_ticket_let_a_rule_act_once(
    live_cast: Cast, redis_client: object
) -> None:
    home = live_cast.nordwerk.pk
    with organization_scope(home):
        rule(live_cast, "Once", None, [{"do": "note", "text": "Seen"}], triggers=["opened"])
        ticket = live_cast.ticket()
    at_once(lambda: run_rules(home, ticket.pk), 4)
    with organization_scope(home):
        assert (len(told(ticket)), notes(ticket)) == (1, 1)
        assert not RuleEvent.objects.exists()


def test_four_beats_at_once_let_a_time_rule_act_once(live_cast: Cast, redis_client: object) -> None:
    home = live_cast.nordwerk.pk
    with organization_scope(home):
        rule(live_cast, "Always", None, [{"do": "note", "text": "Seen"}], kind="time")
        tickets = [live_cast.ticket() for _ in range(3)]
    at_once(run_time_rules, 4)
    with organization_scope(home):
        assert [notes(ticket) for ticket in tickets] == [1, 1, 1]


def test_a_change_that_is_rolled_back_is_never_asked_about(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Any", None, [tag("x")], triggers=["noted"])
        ticket = cast.ticket()
    waiting = RuleEvent.objects.filter(triggers__contains=["noted"])

    class Died(Exception):
        pass

    def note_and_die() -> None:
        with organization_scope(cast.nordwerk.pk):
            add_note(ticket=ticket, actor=Actor.person(cast.alice), text="Lost")
            assert waiting.count() == 1
            raise Died

    with pytest.raises(Died):
        note_and_die()
    with organization_scope(cast.nordwerk.pk):
        assert waiting.count() == 0


def test_the_sweep_finds_what_nobody_was_nudged_for(live_cast: Cast, redis_client: object) -> None:
    home = live_cast.nordwerk.pk
    with organization_scope(home):
        rule(live_cast, "Any", None, [tag("x")], triggers=["opened"])
        ticket = live_cast.ticket()
    assert sweep_rules() == 1
    assert run_rules(home, ticket.pk) == 2
    assert sweep_rules() == 0


def test_an_event_that_fails_is_put_off_and_given_up_in_the_end(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Any", None, [tag("x")], triggers=["opened"])
        ticket = cast.ticket()
        event = RuleEvent.objects.get()
        for attempt in range(1, MOST_ATTEMPTS + 1):
            put_off(ticket.pk, "OperationalError: gone")
            event.refresh_from_db()
            assert event.attempts == attempt
            assert event.available_at > now() + timedelta(seconds=20)
            assert not run_next(ticket.pk)
            RuleEvent.objects.update(available_at=now())
        assert not run_next(ticket.pk)
        assert event.error == "OperationalError: gone"
        assert told(ticket) == []


def test_an_event_that_leads_to_nothing_costs_four_queries(
    live_cast: Cast, redis_client: object, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        for n in range(20):
            condition = {"all": [
                {"field": "subject", "op": "has_word", "value": f"word{n}"},
                {"field": "tags", "op": "contains", "value": "vip"},
                {"field": "last_text", "op": "contains", "value": "vpn"},
            ]}  # fmt: skip
            rule(live_cast, f"Rule {n}", condition, [tag("hit")])
        ticket = live_cast.ticket()
        assert run_next(ticket.pk)
        add_note(ticket=ticket, actor=Actor.person(live_cast.alice), text="Something")
        # A savepoint (2); the lock, the event with its organization's configuration, the ticket's
        # row, the event's end. Rules are kept, and nothing of other tables is asked for.
        with django_assert_num_queries(6):
            assert run_next(ticket.pk)


def test_a_changed_rule_counts_at_once(live_cast: Cast, redis_client: object) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        made = rule(live_cast, "Note", None, [{"do": "note", "text": "Seen"}], triggers=["opened"])
        first = live_cast.ticket()
        assert run_next(first.pk)
        Rule.objects.filter(pk=made.pk).update(is_active=False)
        second = live_cast.ticket()
        run_next(second.pk)
        assert (notes(first), notes(second)) == (1, 0)
