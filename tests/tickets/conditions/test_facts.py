"""What conditions are told about tickets, and how many queries that costs."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.intake import Triage
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.actions.triage import Edit, edit_ticket
from tickets.conditions import Catalogue, parse
from tickets.conditions.fields import OF_CLOCKS, STANDARD
from tickets.facts import before_of, facts_in_bulk, facts_of
from tickets.models import Change, CustomField, Status, Ticket

NEEDED = [field.name for field in STANDARD]


def test_every_standard_field_is_filled(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        made = cast.ticket(triage=Triage(category=cast.vpn, urgency="high", tags=["VIP"]))
        reply(ticket=made, actor=Actor.person(cast.alice), text="Have you tried Wi-Fi?")
        Ticket.objects.filter(pk=made.pk).update(
            language="en",
            ai_verdict={"category": {"value": "Printing", "confidence": 0.7}, "team": None},
        )
        ticket = Ticket.objects.with_row_relations().get(pk=made.pk)
        later = ticket.created_at + timedelta(hours=3)
        facts = facts_of(ticket, needed=NEEDED, event="replied", moment=later)
        # What stands in other tables is read when it is asked for, inside the scope.
        found = {name: facts.values.get(name) for name in NEEDED}
    expected: dict[str, Any] = {
        "event": "replied",
        "subject": "VPN drops every few minutes",
        "first_text": "Since this morning the VPN disconnects every five minutes.",
        "last_text": "Have you tried Wi-Fi?",
        "requester": cast.dana.pk,
        "requester_email": "dana@nordwerk.example",
        "requester_domain": "nordwerk.example",
        "organization": cast.nordwerk.pk,
        "source": "portal",
        "type": "incident",
        "status": "open",
        "status_category": "open",
        "pending_reason": None,
        "category": cast.vpn.pk,
        "urgency": "high",
        "impact": "low",
        "priority": "high",
        "team": cast.network.pk,
        "assignee": cast.alice.pk,
        "tags": frozenset({"vip"}),
        "language": "en",
        "messages": 2,
        "sla_state": "running",
        "ai_state": "pending",
        "ai_category": "Printing",
    }
    assert {name: found[name] for name in expected} == expected
    assert facts.values["hours_open"] == pytest.approx(3)
    assert facts.values["hours_since_requester"] == pytest.approx(3)
    assert facts.values["hours_since_reply"] == pytest.approx(3, abs=0.01)
    assert facts.confidence == {"ai_category": 0.7}
    unknown = {"ai_team", "ai_urgency"} | OF_CLOCKS
    assert set(NEEDED) - set(facts.values) == unknown


def test_many_tickets_cost_as_many_queries_as_one(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with organization_scope(cast.nordwerk.pk):
        for _ in range(5):
            cast.ticket(triage=Triage(tags=["vpn"]))
        tickets = list(Ticket.objects.with_row_relations())
        # tags, the last text, the times of both sides
        with django_assert_num_queries(3):
            found = facts_in_bulk(tickets, needed=NEEDED)
        with django_assert_num_queries(0):
            facts_in_bulk(tickets, needed=["subject", "priority", "requester_domain"])
    assert len(found) == 5


def define(cast: Cast, **kinds: str) -> None:
    """Custom fields of Nordwerk."""
    for key, kind in kinds.items():
        CustomField.objects.create(
            organization=cast.nordwerk, key=key, kind=kind, label={"en": key}
        )


def test_the_log_tells_what_a_field_was_before(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        define(cast, room="text", desk="number")
        ticket = cast.ticket(triage=Triage(category=cast.vpn, tags=["a"]))
        actor = Actor.person(cast.alice)
        edit_ticket(
            ticket=ticket,
            actor=actor,
            edit=Edit(
                category=cast.printing, team=None, assignee=cast.bob, urgency="critical",
                tags=["a", "b"], custom_fields={"room": "4", "desk": 1},
            ),
        )  # fmt: skip
        set_status(ticket=ticket, actor=actor, status=Status.objects.get(key="waiting"))
        before = before_of(Change.objects.filter(ticket=ticket).order_by("pk"))
        facts = facts_of(
            Ticket.objects.with_row_relations().get(pk=ticket.pk), needed=NEEDED, before=before
        )
    assert before == {
        "category": cast.vpn.pk,
        "team": cast.network.pk,
        "assignee": None,
        "urgency": "medium",
        "priority": "medium",
        "tags": frozenset({"a"}),
        "custom.room": None,
        "custom.desk": None,
        "status": "new",
        "status_category": "open",
        "pending_reason": None,
    }
    question = {"field": "category", "op": "changed_from", "value": cast.vpn.pk}
    assert parse({"all": [question, {"field": "team", "op": "changed"}]}).holds(facts)
    assert parse({"field": "urgency", "op": "changed_to", "value": "critical"}).holds(facts)
    assert not parse({"field": "subject", "op": "changed"}).holds(facts)


def test_a_name_that_no_row_carries_any_more_still_counts_as_changed(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(triage=Triage(category=cast.vpn))
        edit_ticket(
            ticket=ticket, actor=Actor.person(cast.alice), edit=Edit(category=cast.printing)
        )
        cast.vpn.name = "Renamed"
        cast.vpn.save()
        before = before_of(Change.objects.filter(ticket=ticket))
    assert before == {"category": None}


def test_own_fields_are_read_from_the_tickets_custom_fields(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        define(cast, room="text")
        ticket = cast.ticket(triage=Triage(custom_fields={"room": "4.12"}))
        facts = facts_of(ticket, needed=["custom.room", "custom.gone"], moment=now())
    assert facts.values["custom.room"] == "4.12"
    assert facts.values["custom.gone"] is None
    assert "custom.room" not in Catalogue(STANDARD)
