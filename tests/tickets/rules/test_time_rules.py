"""Rules of time: once per ticket, again when asked to, never twice at once."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import asks, rule, tag, told
from tickets.actions.base import Actor
from tickets.actions.intake import Triage
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.actions.time_rules import act_in_time, candidates, due, holding_now
from tickets.automation.narrowing import asks_stage, narrow
from tickets.automation.rulesets import compiled
from tickets.conditions import parse
from tickets.facts import facts_in_bulk
from tickets.models import RuleMark, Status, Ticket
from tickets.rule_tasks import run_time_rules

QUIET = asks("hours_quiet", "greater", 24)


def sweep() -> int:
    return int(run_time_rules())


def age(ticket: Ticket, **hours: float) -> None:
    moment = now()
    Ticket.objects.filter(pk=ticket.pk).update(
        **{name: moment - timedelta(hours=value) for name, value in hours.items()}
    )


def test_a_time_rule_acts_once_on_a_ticket_that_it_holds_for(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Old", asks("hours_open", "greater", 24), [tag("old")], kind="time")
        ticket = cast.ticket()
        assert sweep() == 0
        age(ticket, created_at=25)
        assert [sweep(), sweep()] == [1, 0]
        assert [line.detail["event"] for line in told(ticket)] == ["time"]


def test_it_acts_again_after_the_condition_was_false_in_between(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Quiet", QUIET, [{"do": "note", "text": "Quiet"}], kind="time")
        ticket = cast.ticket()
        for _ in range(2):
            age(ticket, last_activity_at=30)
            assert sweep() == 1
            # Its own note was an activity: the mark goes, and so may the next silence count.
            assert sweep() == 0
            assert not RuleMark.objects.exists()


def test_it_acts_again_after_its_hours_where_it_is_told_to(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Old", asks("hours_open", "greater", 1), [{"do": "note", "text": "Old"}],
             kind="time", repeat_hours=4)  # fmt: skip
        ticket = cast.ticket()
        age(ticket, created_at=2)
        assert [sweep(), sweep()] == [1, 0]
        with time_machine.travel(now() + timedelta(hours=5)):
            assert [sweep(), sweep()] == [1, 0]


def test_two_sweeps_at_once_act_once(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Old", asks("hours_open", "greater", 24), [tag("old")], kind="time")
        ticket = cast.ticket()
        age(ticket, created_at=25)
        # Both have found the work before either has done it.
        first, second = due(cast.nordwerk.pk), due(cast.nordwerk.pk)
        assert [ids for _, ids in first] == [ids for _, ids in second] == [[ticket.pk]]
        assert act_in_time(first[0][0], ticket.pk)
        assert not act_in_time(second[0][0], ticket.pk)


def test_what_is_over_is_asked_only_by_rules_that_name_a_stage(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        old = asks("hours_open", "greater", 24)
        rule(cast, "Old", old, [tag("old")], kind="time")
        solved = asks("status_category", "is", "solved")
        rule(cast, "Over", {"all": [old, solved]}, [tag("over")], kind="time")
        ticket = cast.ticket()
        age(ticket, created_at=25)
        resolved = Status.objects.get(key="resolved")
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=resolved)
        sweep()
        assert [line.actor_label for line in told(ticket)] == ["Over"]


def test_a_time_rule_that_cannot_be_read_does_nothing_visibly(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        odd = rule(cast, "Odd", QUIET, [tag("x")], kind="time")
        odd.actions = [{"do": "vanished"}]
        odd.save()
        age(cast.ticket(), last_activity_at=30)
        assert sweep() == 0
        odd.refresh_from_db()
    assert odd.problem == "Action 1: There is no action “vanished”."


def test_the_database_narrows_before_facts_are_read(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        made = compiled(rule(cast, "Old", QUIET, [tag("x")], kind="time"))
        quiet, busy = cast.ticket(), cast.ticket()
        age(quiet, last_activity_at=30)
        assert list(candidates(cast.nordwerk.pk, made)) == [quiet]
        assert holding_now(cast.nordwerk.pk, made) == [quiet.pk]
        assert busy.pk not in holding_now(cast.nordwerk.pk, made)


QUESTIONS = st.sampled_from(
    [
        asks("priority", "is", "high"),
        asks("priority", "greater", "low"),
        asks("priority", "less", "medium"),
        asks("priority", "is_not", "high"),
        asks("urgency", "one_of", ["low", "critical"]),
        asks("status", "is", "waiting"),
        asks("status_category", "one_of", ["pending", "solved"]),
        asks("assignee", "empty"),
        asks("category", "not_empty"),
        asks("hours_open", "greater", 10),
        asks("hours_open", "less", 10),
        asks("hours_quiet", "greater", 10),
        asks("hours_since_reply", "less", 10),
        asks("hours_open", "less", 1e14),
        asks("tags", "contains", "vip"),
        asks("subject", "contains", "vpn"),
        asks("source", "is", "portal"),
    ]
)
TREES = st.recursive(
    QUESTIONS,
    lambda inner: (
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda part: {"not": part}, inner)
    ),
    max_leaves=5,
)


@pytest.fixture
def crowd(cast: Cast) -> Cast:
    """Tickets of many kinds."""
    with organization_scope(cast.nordwerk.pk):
        for n, urgency in enumerate(("low", "medium", "high", "critical") * 2):
            triage = Triage(
                urgency=urgency, category=cast.vpn if n % 2 else None, tags=["vip"] * (n % 3 == 0)
            )
            ticket = cast.ticket(subject="VPN" if n % 2 else "Printer", triage=triage)
            if n > 4:
                reply(ticket=ticket, actor=Actor.person(cast.alice), text="Hello")
            if n in (2, 5):
                key = {2: "waiting", 5: "resolved"}[n]
                status = Status.objects.get(key=key)
                set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status)
            age(ticket, created_at=5 * n, last_activity_at=4 * n)
    return cast


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=TREES)
def test_narrowing_never_loses_a_ticket(crowd: Cast, tree: dict[str, Any]) -> None:
    condition, moment = parse(tree), now()
    with organization_scope(crowd.nordwerk.pk):
        everything = list(Ticket.objects.with_row_relations())
        facts = facts_in_bulk(everything, needed=condition.fields, event="time", moment=moment)
        holding = {t.pk for t in everything if condition.holds(facts[t.pk])}
        narrowed = set(
            Ticket.objects.filter(narrow(condition, moment)).values_list("pk", flat=True)
        )
    assert holding <= narrowed
    assert asks_stage(condition) == bool({"status", "status_category"} & condition.fields)
