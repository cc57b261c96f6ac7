"""GET, POST tickets/{number}/responses/."""

import pytest
from pytest_django import DjangoAssertNumQueries

from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.actions.attach import NewFile, attach
from tickets.actions.base import Actor
from tickets.actions.reply import record_delivery, reply
from tickets.choices import ActorKind, DeliveryState
from tickets.models import Message, Ticket


@pytest.fixture
def url(ticket: Ticket) -> str:
    return f"/api/v1/tickets/{ticket.number}/responses/"


def test_an_agent_answers_in_public(
    cast: Cast, alice: Client, dana: Client, ticket: Ticket, url: str
) -> None:
    response = alice.post(url, {"text": "Install **version 5.2**."})
    assert response.status_code == 201, response.content
    body = response.json()
    assert body["visibility"] == "public"
    assert body["author"]["email"] == cast.alice.email
    assert body["is_ai_response"] is False
    assert body["delivery"] == {"state": "queued", "detail": ""}
    assert "<strong>version 5.2</strong>" in body["html"]
    assert dana.get(url).json()["results"][1]["text"] == "Install **version 5.2**."
    shown = alice.get(f"/api/v1/tickets/{ticket.number}/").json()
    assert shown["first_response_at"]
    assert shown["assignee"]["id"] == cast.alice.pk


def test_internal_notes_stay_with_the_desk(alice: Client, dana: Client, url: str) -> None:
    note = alice.post(url, {"text": "Known fault.", "visibility": "internal"})
    assert note.status_code == 201
    assert note.json()["delivery"]["state"] == "none"
    assert len(alice.get(url).json()["results"]) == 2
    assert len(dana.get(url).json()["results"]) == 1
    refused = dana.post(url, {"text": "x", "visibility": "internal"})
    dana.problem(refused, 403, "forbidden")


def test_a_requester_goes_on_and_reopens(
    alice: Client, dana: Client, ticket: Ticket, url: str
) -> None:
    alice.patch(f"/api/v1/tickets/{ticket.number}/", {"status": "solved"})
    response = dana.post(url, {"text": "It happens again."})
    assert response.status_code == 201
    assert response.json()["from_requester"] is True
    shown = dana.get(f"/api/v1/tickets/{ticket.number}/").json()
    assert shown["status_category"] == "open"


def test_it_shows_automatic_answers_and_their_delivery(
    cast: Cast, alice: Client, ticket: Ticket, url: str
) -> None:
    with organization_scope(cast.nordwerk.pk):
        message = reply(ticket=ticket, actor=Actor.machine(ActorKind.AI, "local"), text="Try this.")
        record_delivery(message=message, state=DeliveryState.FAILED, detail="550 no such user")
    shown = alice.get(url).json()["results"][1]
    assert shown["is_ai_response"] is True
    assert shown["author"] is None
    assert shown["delivery"] == {"state": "failed", "detail": "550 no such user"}


def test_it_takes_uploaded_files_along(
    cast: Cast, alice: Client, dana: Client, ticket: Ticket, url: str
) -> None:
    with organization_scope(cast.nordwerk.pk):
        [row] = attach(
            ticket=ticket, actor=Actor.person(cast.alice), files=[NewFile("log.txt", b"x")]
        )
    files = f"/api/v1/tickets/{ticket.number}/attachments/"
    assert dana.get(files).json()["results"] == []
    stolen = dana.post(url, {"text": "Mine", "attachments": [row.pk]})
    assert "attachments" in dana.problem(stolen, 400, "invalid")["errors"]
    sent = alice.post(url, {"text": "The log.", "attachments": [row.pk]})
    assert [file["name"] for file in sent.json()["attachments"]] == ["log.txt"]
    assert [file["id"] for file in dana.get(files).json()["results"]] == [row.pk]
    again = alice.post(url, {"text": "Again.", "attachments": [row.pk]})
    assert "attachments" in alice.problem(again, 400, "invalid")["errors"]


def test_files_of_a_note_stay_with_the_desk(
    cast: Cast, alice: Client, dana: Client, ticket: Ticket, url: str
) -> None:
    with organization_scope(cast.nordwerk.pk):
        [row] = attach(
            ticket=ticket, actor=Actor.person(cast.alice), files=[NewFile("hr.txt", b"x")]
        )
    alice.post(url, {"text": "For us.", "visibility": "internal", "attachments": [row.pk]})
    file = f"/api/v1/tickets/{ticket.number}/attachments/{row.pk}/"
    assert alice.get(file).status_code == 200
    dana.problem(dana.get(file), 404, "not-found")
    dana.problem(dana.get(f"{file}content/"), 404, "not-found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "   "}, "text"),
        ({"text": 5}, "text"),
        ({"text": "x" * 200_001}, "text"),
        ({"text": "x", "visibility": "secret"}, "visibility"),
        ({"text": "x", "attachments": ["a"]}, "attachments.0"),
        ({"text": "x", "attachments": [999_999]}, "attachments"),
        ({"text": "x", "to": "all"}, "to"),
    ],
)
def test_wrong_values_are_named(
    alice: Client, url: str, body: dict[str, object], field: str
) -> None:
    assert field in alice.problem(alice.post(url, body), 400, "invalid")["errors"]


def test_another_organization_sees_no_conversation(charlie: Client, url: str) -> None:
    charlie.problem(charlie.get(url), 404, "not-found")
    charlie.problem(charlie.post(url, {"text": "Hello"}), 404, "not-found")


def test_the_list_needs_the_same_queries_however_long_it_is(
    cast: Cast,
    alice: Client,
    ticket: Ticket,
    url: str,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with organization_scope(cast.nordwerk.pk):
        for i in range(5):
            reply(
                ticket=ticket,
                actor=Actor.person(cast.alice),
                text=f"Answer {i}",
                files=[NewFile("log.txt", b"x")],
            )
        assert Message.objects.count() == 6
    alice.get(url)
    # The request: person; savepoint, scope with the earlier one, memberships, scope.
    # The list: ticket, messages with authors, files. At the end: scope, savepoint.
    with django_assert_num_queries(10):
        alice.get(url)
