"""ratings/ and tickets/{number}/rating/."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.models import Rating, RatingSettings, Status, Ticket

URL = "/api/v1/ratings/"


@pytest.fixture
def solved(cast: Cast, ticket: Ticket) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        RatingSettings.objects.create(
            organization=cast.nordwerk,
            scale="five",
            reasons=[{"value": "slow", "label": {"en": "It took long", "de": "Es dauerte"}}],
        )
        done = Status.objects.get(organization=cast.nordwerk, key="resolved")
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=done)
    return ticket


def of(ticket: Ticket) -> str:
    return f"/api/v1/tickets/{ticket.number}/rating/"


def test_the_requester_rates_and_the_desk_reads_it(
    alice: Client, dana: Client, solved: Ticket
) -> None:
    before = dana.get(of(solved)).json()
    assert (before["open"], before["score"], before["scores"]) == (True, None, [5, 4, 3, 2, 1])
    assert before["offered_reasons"] == [{"value": "slow", "label": "It took long"}]
    given = {"score": 2, "reasons": ["slow"], "comment": "Three days"}
    assert dana.post(of(solved), given, format="json").status_code == 200
    after = dana.post(of(solved), {**given, "score": 4}, format="json").json()
    assert (after["score"], after["reasons"], after["comment"]) == (4, ["slow"], "Three days")
    [row] = alice.get(URL).json()["results"]
    assert (row["ticket"], row["score"], row["comment"]) == (solved.number, 4, "Three days")
    assert alice.get(URL, {"score": 2}).json()["results"] == []
    later = (now() + timedelta(hours=1)).isoformat()
    assert alice.get(URL, {"rated_after": later}).json()["results"] == []
    assert alice.get(of(solved)).json()["score"] == 4


def test_nobody_else_rates(
    alice: Client, charlie: Client, client: Client, dana: Client, solved: Ticket
) -> None:
    alice.problem(alice.post(of(solved), {"score": 5}, format="json"), 403, "forbidden")
    charlie.problem(charlie.post(of(solved), {"score": 5}, format="json"), 404, "not-found")
    client.problem(client.post(of(solved), {"score": 5}, format="json"), 401, "not-authenticated")
    charlie.problem(charlie.get(of(solved)), 404, "not-found")
    dana.problem(dana.get(URL), 403, "forbidden")
    assert charlie.get(URL).json()["results"] == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "score"), ({"score": 0}, "score"), ({"score": 6}, "score"), ({"score": "x"}, "score"),
        ({"score": 5, "reasons": "slow"}, "reasons"), ({"score": 5, "reasons": [7]}, "reasons"),
        ({"score": 5, "comment": "x" * 2001}, "comment"), ({"score": 5, "by": "me"}, "by"),
        ({"score": 5, "reasons": ["fast"]}, "reasons"),
    ],
)  # fmt: skip
def test_nonsense_is_named(dana: Client, solved: Ticket, given: object, field: str) -> None:
    answer = dana.post(of(solved), given, format="json")
    assert answer.status_code in {400, 422}
    assert any(name.startswith(field) for name in answer.json()["errors"])


def test_an_open_ticket_and_a_desk_that_does_not_ask_take_no_rating(
    dana: Client, ticket: Ticket, cast: Cast
) -> None:
    assert dana.get(of(ticket)).json()["open"] is False
    refused = dana.post(of(ticket), {"score": 5}, format="json")
    assert refused.status_code in {400, 422}
    assert "score" in refused.json()["errors"]


def test_after_a_week_it_stands(dana: Client, solved: Ticket, cast: Cast) -> None:
    dana.post(of(solved), {"score": 5}, format="json")
    with organization_scope(cast.nordwerk.pk):
        Rating.objects.update(rated_at=now() - timedelta(days=8))
    assert dana.get(of(solved)).json()["open"] is False
    assert dana.post(of(solved), {"score": 1}, format="json").status_code in {400, 422}


def test_a_ticket_in_the_bin_hides_its_rating(
    alice: Client, dana: Client, solved: Ticket, cast: Cast
) -> None:
    dana.post(of(solved), {"score": 5}, format="json")
    with organization_scope(cast.nordwerk.pk):
        Ticket.objects.filter(pk=solved.pk).update(deleted_at=now())
    assert alice.get(URL).json()["results"] == []


def test_the_list_costs_the_same_for_many(
    cast: Cast, alice: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    alice.get(URL)
    for count in (1, 12):
        with organization_scope(cast.nordwerk.pk):
            for n in range(count):
                Rating.objects.create(
                    organization=cast.nordwerk,
                    ticket=cast.ticket(f"{count} {n}"),
                    score=5,
                    rated_at=now(),
                )
        # The request (5) and its end (2); the ratings with their tickets.
        with django_assert_num_queries(8):
            alice.get(URL)
