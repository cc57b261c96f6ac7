"""Tickets that wait together are read together, and none of them for another's account."""

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ai import tasks
from ai.actions import queue
from ai.actions.queue import Claim
from ai.models import Enrichment, Suggestion
from ai.runtime import Runtime
from omnidesk.core.tenancy import organization_scope
from tests.ai.claude_service import Service
from tests.ai.test_enrich import enrichment_of
from tests.ai.test_together import DOORS, honest, read, waiting
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.intake import Triage
from tickets.actions.triage import set_category
from tickets.models import Change, Ticket

# Of a version number: the next one is none.
LARGEST = 2**31 - 1
TEXTS = ("The VPN drops every minute.", "The printer is jammed again.", "My badge is lost.")


def rows_of(tickets: list[Ticket]) -> list[Enrichment]:
    with organization_scope(tickets[0].organization_id):
        return list(Enrichment.objects.filter(ticket__in=tickets).order_by("pk"))


def states(tickets: list[Ticket]) -> list[str]:
    return [row.state for row in rows_of(tickets)]


def test_one_turn_reads_what_waits_and_later_nudges_find_nothing(
    cast: Cast, models: Runtime
) -> None:
    tickets = waiting(cast, *TEXTS)
    read(tickets[0])
    assert states(tickets) == ["done"] * 3
    read(tickets[1])
    assert [row.attempts for row in rows_of(tickets)] == [1, 1, 1]
    with organization_scope(cast.nordwerk.pk):
        fresh = list(Ticket.objects.filter(pk__in=[t.pk for t in tickets]).order_by("pk"))
        logged = Change.objects.filter(ticket__in=tickets, verb="ticket.ai_done")
        assert sorted(logged.values_list("ticket", flat=True)) == [row.pk for row in fresh]
        texts = dict(Suggestion.objects.filter(field="category").values_list("ticket", "evidence"))
    assert [ticket.ai_state for ticket in fresh] == ["done"] * 3
    assert all(
        row.version == before.version + 1 for row, before in zip(fresh, tickets, strict=True)
    )
    assert "VPN" in str(texts[tickets[0].pk]), "each has its own words as evidence"
    assert "VPN" not in str(texts.get(tickets[1].pk, ""))
    assert models.store.count(organizations=[cast.nordwerk.pk]) == 3


def test_ten_tickets_cost_the_database_as_much_as_two(cast: Cast, models: Runtime) -> None:
    # Loads what is kept, and is found alike by all that follow.
    read(waiting(cast, "Printer 7 of 2 prints nothing.")[0])
    spent = []
    for count in (2, 10):
        tickets = waiting(cast, *(f"Printer {n} of {count} prints nothing." for n in range(count)))
        row = rows_of(tickets[:1])[0]
        with CaptureQueriesContext(
            connection,
        ) as seen:
            tasks.enrich(cast.nordwerk.pk, row.pk)
        assert states(tickets) == ["done"] * count
        spent.append(len(seen))
    assert spent[1] == spent[0], spent


def test_what_was_tried_before_is_read_alone(cast: Cast, models: Runtime) -> None:
    """A ticket that ends its worker would end the others' readings with it, again and again."""
    tickets = waiting(cast, *TEXTS)
    with organization_scope(cast.nordwerk.pk):
        Enrichment.objects.filter(ticket=tickets[1]).update(attempts=1)
    read(tickets[1])
    assert states(tickets) == ["pending", "done", "pending"]
    with organization_scope(cast.nordwerk.pk):
        Enrichment.objects.filter(ticket=tickets[1]).update(state="pending")
    read(tickets[0])
    assert states(tickets) == ["done", "pending", "done"]


def test_two_readings_of_one_ticket_are_two_turns(cast: Cast, models: Runtime) -> None:
    tickets = waiting(cast, *TEXTS[:2])
    with organization_scope(cast.nordwerk.pk):
        again = enrichment_of(tickets[1], "reprocess")
        once_more = enrichment_of(tickets[0], "reprocess")
    tasks.enrich(cast.nordwerk.pk, rows_of(tickets[:1])[0].pk)
    with organization_scope(cast.nordwerk.pk):
        again.refresh_from_db()
        once_more.refresh_from_db()
    assert (again.state, once_more.state) == ("pending", "pending")
    tasks.enrich(cast.nordwerk.pk, once_more.pk)
    with organization_scope(cast.nordwerk.pk):
        fresh = Suggestion.objects.filter(state="proposed").values_list("enrichment", flat=True)
        assert set(fresh) == {again.pk, once_more.pk}


def test_a_row_is_company_once_and_for_one(cast: Cast) -> None:
    tickets = waiting(cast, *TEXTS)
    with organization_scope(cast.nordwerk.pk):
        first, second, third = Enrichment.objects.order_by("pk")
        claim = queue.claim(first.pk)
        assert claim is not None
        Enrichment.objects.filter(pk=third.pk).update(state="running", claimed_by="another:1")
        (other,) = queue.claim_company(claim, cast.nordwerk.pk, 5)
        assert other.enrichment_id == second.pk
        assert queue.claim_company(claim, cast.nordwerk.pk, 5) == []
        assert queue.held_many([claim, other, Claim(third.pk, "me:1")]).keys() == {
            first.pk, second.pk,
        }  # fmt: skip
        queue.renew([other])
        second.refresh_from_db()
        first.refresh_from_db()
        assert second.claimed_at is not None
        assert first.claimed_at is not None
        assert second.claimed_at > first.claimed_at
    assert states(tickets) == ["running"] * 3


def test_what_people_decided_holds_for_each_ticket_alone(cast: Cast, models: Runtime) -> None:
    tickets = waiting(cast, *TEXTS)
    with organization_scope(cast.nordwerk.pk):
        set_category(ticket=tickets[1], actor=Actor.person(cast.alice), category=cast.printing)
        given = cast.ticket(subject="Question", text=TEXTS[0], triage=Triage(urgency="low"))
        enrichment_of(given)
    read(tickets[0])
    with organization_scope(cast.nordwerk.pk):
        fields: dict[int, set[str]] = {}
        for pk, name in Suggestion.objects.values_list("ticket", "field"):
            fields.setdefault(pk, set()).add(name)
        given.refresh_from_db()
    assert "category" in fields[tickets[0].pk]
    assert "category" not in fields.get(tickets[1].pk, set())
    assert given.ai_state == "done"
    assert "urgency" not in fields[given.pk]
    assert given.ai_verdict["given"] == ["urgency"]


def test_a_damaged_ticket_is_noted_and_the_others_are_read(cast: Cast, models: Runtime) -> None:
    tickets = waiting(cast, *TEXTS)
    with organization_scope(cast.nordwerk.pk):
        Ticket.objects.filter(pk=tickets[1].pk).update(ai_verdict=["no", "verdict"])
    for ticket in (tickets[0], tickets[2], tickets[1]):
        read(ticket)
    assert states(tickets) == ["done", "pending", "done"]
    row = rows_of(tickets)[1]
    assert row.attempts == 1
    assert "AttributeError" in row.error


def test_what_the_database_refuses_costs_no_other_ticket_its_reading(
    cast: Cast, models: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    tickets = waiting(cast, *TEXTS)
    with organization_scope(cast.nordwerk.pk):
        Ticket.objects.filter(pk=tickets[1].pk).update(version=LARGEST)
    read(tickets[0])
    assert "readings_apart" in caplog.text
    assert states(tickets) == ["done", "pending", "done"]
    row = rows_of(tickets)[1]
    assert (row.attempts, row.claimed_by) == (1, "")
    assert "out of range" in row.error
    with organization_scope(cast.nordwerk.pk):
        kept = set(Suggestion.objects.values_list("ticket", flat=True))
    assert kept == {tickets[0].pk, tickets[2].pk}
    read(tickets[1])
    assert rows_of(tickets)[1].attempts == 1, "it waits before it is tried again"


@pytest.mark.parametrize("most", [1, 8])
def test_a_turn_with_a_service_is_short(
    cast: Cast, service: Service, models: Runtime, settings: LazySettings, most: int
) -> None:
    """Other threads ask about the others at the same time."""
    settings.AI_TRIAGE_TOGETHER = most
    service.reply = lambda body: honest(service, body)
    tickets = waiting(cast, *(f"{DOORS} It is about number {n}." for n in range(most * 2 + 1)))
    read(tickets[0])
    expected = 1 if most == 1 else 2 * most
    assert states(tickets).count("done") == expected
