"""GET tickets/{number}/history/."""

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.api.conftest import Client
from tests.cast import Cast
from tickets.models import Ticket


@pytest.fixture
def url(ticket: Ticket) -> str:
    return f"/api/v1/tickets/{ticket.number}/history/"


def test_it_tells_who_did_what_when(cast: Cast, alice: Client, ticket: Ticket, url: str) -> None:
    alice.patch(
        f"/api/v1/tickets/{ticket.number}/",
        {"urgency": "low"},
        headers={"X-Correlation-ID": "batch-2026-11"},
    )
    opened, urgency, priority = alice.get(url).json()["results"]
    assert opened["verb"] == "ticket.opened"
    assert opened["actor"] == {"kind": "person", "id": cast.dana.pk, "name": "Dana Requester"}
    assert urgency["verb"] == "ticket.urgency_changed"
    assert (urgency["field"], urgency["old"], urgency["new"]) == ("urgency", "medium", "low")
    assert urgency["correlation_id"] == "batch-2026-11"
    assert urgency["at"].endswith(("Z", "+00:00"))
    assert priority["verb"] == "ticket.priority_changed"


def test_requesters_do_not_learn_of_notes(
    alice: Client, dana: Client, ticket: Ticket, url: str
) -> None:
    alice.post(
        f"/api/v1/tickets/{ticket.number}/responses/", {"text": "x", "visibility": "internal"}
    )
    assert "ticket.noted" in [row["verb"] for row in alice.get(url).json()["results"]]
    assert "ticket.noted" not in [row["verb"] for row in dana.get(url).json()["results"]]


def test_it_is_read_only_and_closed_to_others(alice: Client, charlie: Client, url: str) -> None:
    alice.problem(alice.post(url, {}), 405, "method-not-allowed")
    charlie.problem(charlie.get(url), 404, "not-found")


def test_it_needs_the_same_queries_however_long_it_is(
    alice: Client, ticket: Ticket, url: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for urgency in ("low", "high", "critical"):
        alice.patch(f"/api/v1/tickets/{ticket.number}/", {"urgency": urgency})
    alice.get(url)
    # The request: person; savepoint, scope with the earlier one, memberships, scope.
    # The list: ticket, changes with actors. At the end: scope, savepoint.
    with django_assert_num_queries(9):
        assert len(alice.get(url).json()["results"]) == 6
