"""Rules that hear of agreed times: which one, how far, and each once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from time_machine import Traveller

from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import asks, rule, run, tag, told
from tickets.actions.base import Actor
from tickets.actions.sla_sweep import sweep_due
from tickets.actions.triage import assign
from tickets.automation.dry_run import try_out
from tickets.automation.rulesets import compiled
from tickets.conditions import catalogue
from tickets.conditions.fields import EVENTS
from tickets.models import Rule, RuleEvent, SlaPolicy, SlaStep, Ticket

TEN = datetime(2026, 6, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEAR = timedelta(hours=3, minutes=12, seconds=1)  # at 80 % of four hours


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with time_machine.travel(TEN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk(cast: Cast) -> Iterator[Cast]:
    with organization_scope(cast.nordwerk.pk):
        yield cast


def held(desk: Cast) -> Ticket:
    """A ticket that Alice has; what its opening led to has been asked about."""
    ticket = desk.ticket()
    assign(ticket=ticket, actor=Actor.person(desk.bob), assignee=desk.alice)
    run(ticket)
    return ticket


def sweep(desk: Cast) -> None:
    while sweep_due(organization_id=desk.nordwerk.pk):
        pass


def tags(ticket: Ticket) -> set[str]:
    return set(ticket.tags.values_list("name", flat=True))


def both(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"all": list(parts)}


def test_a_rule_hears_that_a_time_comes_near(desk: Cast, clock: Traveller) -> None:
    near = both(asks("sla_metric", "is", "first_response"), asks("sla_minutes", "less", 60))
    rule(desk, "Near", near, [tag("near")], triggers=["sla_near"])
    wrong = both(asks("sla_metric", "is", "resolution"))
    rule(desk, "Other time", wrong, [tag("wrong")], triggers=["sla_near"])
    rule(desk, "Too far", asks("sla_minutes", "greater", 60), [tag("far")], triggers=["sla_near"])
    ticket = held(desk)
    clock.move_to(TEN + NEAR)
    sweep(desk)
    assert run(ticket) >= 1
    assert tags(ticket) == {"near"}
    (line,) = told(ticket)
    assert line.detail["event"] == "sla_near"
    assert line.detail["why"] == [
        "Which agreed time is First response",
        "Minutes to the agreed time (below 0: past it) is less than 60",
    ]


def test_a_rule_hears_once_that_a_time_has_passed(desk: Cast, clock: Traveller) -> None:
    late = both(asks("sla_minutes", "less", 0), asks("sla_metric", "is", "first_response"))
    rule(desk, "Late", late, [{"do": "note", "text": "Late: {number}"}], triggers=["sla_late"])
    ticket = held(desk)
    clock.move_to(TEN + 5 * HOUR)
    sweep(desk)
    run(ticket)
    clock.move_to(TEN + 6 * HOUR)
    sweep(desk)
    run(ticket)
    assert len(told(ticket)) == 1
    assert not RuleEvent.objects.exists()


def test_a_step_after_the_time_tells_how_long_it_is_past(desk: Cast, clock: Traveller) -> None:
    policy = SlaPolicy.objects.get(organization=desk.nordwerk)
    SlaStep.objects.create(
        organization=desk.nordwerk, policy=policy, metric="first_response", minutes=30,
        action="notify", audience="leads",
    )  # fmt: skip
    past = asks("sla_minutes", "less", -29)
    rule(desk, "Half an hour past", past, [tag("past")], triggers=["sla_step"])
    ticket = held(desk)
    clock.move_to(TEN + 4 * HOUR + timedelta(seconds=1))
    sweep(desk)
    run(ticket)
    assert tags(ticket) == set()
    clock.move_to(TEN + 4 * HOUR + timedelta(minutes=30, seconds=1))
    sweep(desk)
    run(ticket)
    assert tags(ticket) == {"past"}


def test_times_that_fail_together_are_asked_about_one_by_one(desk: Cast, clock: Traveller) -> None:
    for metric in ("first_response", "resolution"):
        named = asks("sla_metric", "is", metric)
        rule(desk, metric, named, [tag(metric)], triggers=["sla_late"])
    ticket = held(desk)
    clock.move_to(TEN + timedelta(days=30))
    sweep(desk)
    run(ticket)
    assert tags(ticket) == {"first_response", "resolution"}
    assert len(told(ticket)) == 2


def test_a_rule_of_time_cannot_ask_for_it(desk: Cast) -> None:
    for field in (asks("sla_metric", "is", "resolution"), asks("sla_minutes", "less", 0)):
        with pytest.raises(BadInput, match="choose a rule of events"):
            rule(desk, "Time", field, [tag("a")], kind="time")


def test_at_other_events_there_is_no_agreed_time(desk: Cast) -> None:
    rule(desk, "Any", asks("sla_minutes", "not_empty"), [tag("never")])
    ticket = desk.ticket()
    run(ticket)
    assert told(ticket) == []


def test_trying_out_finds_the_tickets_whose_time_passed(desk: Cast, clock: Traveller) -> None:
    ticket = held(desk)
    desk.ticket("Another")
    clock.move_to(TEN + NEAR)
    sweep(desk)
    close = both(asks("sla_metric", "is", "first_response"), asks("sla_minutes", "is", 48))
    made = rule(desk, "Near", close, [tag("near")], triggers=["sla_near"])
    found = try_out(desk.nordwerk.pk, compiled(made), kind="event")
    assert ticket.number in [each.number for each in found.touched]
    assert {each.event for each in found.touched} == {"sla_near"}
    made = rule(desk, "None", asks("sla_minutes", "less", 0), [tag("a")], triggers=["sla_near"])
    assert try_out(desk.nordwerk.pk, compiled(made), kind="event").count == 0


def test_every_trigger_is_an_event_that_conditions_know(desk: Cast) -> None:
    events = {choice.value for choice in EVENTS}
    assert set(Rule.Trigger.values) <= events
    assert {"sla_metric", "sla_minutes"} <= set(catalogue(desk.nordwerk.pk))
