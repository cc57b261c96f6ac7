"""What a rule would have done in the last days, without doing it."""

from datetime import timedelta
from typing import Any

from pytest_django import DjangoAssertNumQueries

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import PRIORITY_HIGH, asks, rule, run, told
from tickets.actions.base import Actor
from tickets.actions.intake import Triage
from tickets.actions.triage import Edit, edit_ticket, set_category, set_priority
from tickets.automation.dry_run import DryRun, try_out
from tickets.automation.rulesets import compiled
from tickets.models import Change, Rule, Ticket


def draft(cast: Cast, condition: Any, kind: str = "event", triggers: Any = ()) -> Rule:
    """A rule that nobody has switched on."""
    return Rule(
        organization=cast.nordwerk, name="Draft", condition=condition, kind=kind,
        triggers=list(triggers), actions=[PRIORITY_HIGH],
    )  # fmt: skip


def tried(cast: Cast, *args: Any, **more: Any) -> DryRun:
    made = draft(cast, *args, **more)
    return try_out(cast.nordwerk.pk, compiled(made), kind=made.kind)


def numbers(found: DryRun) -> set[int]:
    return {each.number for each in found.touched}


def test_it_says_which_tickets_it_would_have_touched_and_touches_none(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        vpn, printer = cast.ticket(), cast.ticket(subject="Printer jam")
        found = tried(cast, asks("subject", "contains", "vpn"), triggers=["opened"])
        assert (found.looked_at, found.count, found.capped) == (2, 1, False)
        assert numbers(found) == {vpn.number}
        assert found.does == ("Set priority: High",)
        assert found.touched[0].event == "opened"
        assert set(Ticket.objects.values_list("version", flat=True)) == {1}
        assert told(printer) == []


def test_values_are_those_of_the_time_not_of_today(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(triage=Triage(category=cast.vpn, tags=["a"]))
        desk = Actor.person(cast.alice)
        set_category(ticket=ticket, actor=desk, category=cast.printing)
        set_priority(ticket=ticket, actor=desk, priority="critical")
        edit_ticket(ticket=ticket, actor=desk, edit=Edit(tags=["b"], assignee=cast.bob))
        for condition, trigger, count in (
            (asks("category", "is", cast.vpn.pk), "opened", 1),
            (asks("category", "is", cast.printing.pk), "opened", 0),
            (asks("category", "changed_from", cast.vpn.pk), "changed", 1),
            (asks("priority", "is", "critical"), "opened", 0),
            (asks("priority", "changed_to", "critical"), "changed", 1),
            (asks("tags", "contains", "a"), "opened", 1),
            (asks("assignee", "empty"), "opened", 1),
            (asks("assignee", "changed_to", cast.bob.pk), "changed", 1),
            (asks("assignee", "is", cast.bob.pk), "opened", 0),
        ):
            assert tried(cast, condition, triggers=[trigger]).count == count, condition


def test_it_finds_what_the_running_rule_finds(cast: Cast) -> None:
    condition = {"any": [asks("priority", "greater", "medium"), asks("subject", "has_word", "vpn")]}
    with organization_scope(cast.nordwerk.pk):
        made = rule(cast, "Real", condition, [{"do": "note", "text": "x"}], triggers=["opened"])
        tickets = [
            cast.ticket(subject=subject, triage=Triage(urgency=urgency))
            for subject in ("VPN", "Printer", "My vpn fails")
            for urgency in ("low", "critical")
        ]
        for ticket in tickets:
            run(ticket)
        acted = {ticket.number for ticket in tickets if told(ticket)}
        found = try_out(cast.nordwerk.pk, compiled(made), kind="event")
    assert numbers(found) == acted
    assert len(acted) == 5


def test_a_rule_of_time_is_asked_about_the_tickets_of_now(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        old, _new = cast.ticket(), cast.ticket()
        Ticket.objects.filter(pk=old.pk).update(created_at=now() - timedelta(hours=30))
        found = tried(cast, asks("hours_open", "greater", 24), kind="time")
        assert numbers(found) == {old.number}


def test_older_events_are_left_out(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        Ticket.objects.filter(pk=ticket.pk).update(last_activity_at=now() - timedelta(days=40))
        assert tried(cast, None).looked_at == 0


def test_a_rule_that_cannot_be_read_touches_nothing(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
        assert tried(cast, asks("colour", "is", "red")).count == 0


def test_many_tickets_cost_as_many_queries_as_one(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with organization_scope(cast.nordwerk.pk):
        for _ in range(4):
            cast.ticket(triage=Triage(tags=["vpn"]))
        made = compiled(draft(cast, asks("tags", "contains", "vpn")))
        # ids, categories, teams, people, statuses; tickets, their tags, their log
        with django_assert_num_queries(8):
            assert try_out(cast.nordwerk.pk, made, kind="event").count == 4
        assert Change.objects.exists()
