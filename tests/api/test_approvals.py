"""approvals/ and tickets/{number}/approvals/."""

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tests.tickets.test_approvals import policy
from tickets.models import Ticket

URL = "/api/v1/approvals/"


@pytest.fixture
def bob(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.bob)
    with organization_scope(cast.nordwerk.pk):
        policy(cast)
    return client


def test_asked_answered_and_shown(alice: Client, bob: Client, ticket: Ticket) -> None:
    url = f"/api/v1/tickets/{ticket.number}/approvals/"
    names = alice.get(f"/api/v1/tickets/{ticket.number}/approval-policies/").json()
    assert [one["name"] for one in names] == ["Order"]
    made = alice.post(url, {"policy": "Order", "question": "May I?"}, format="json")
    assert made.status_code == 201
    assert made.json()["state"] == "waiting"
    [asked] = bob.get(URL).json()
    assert (asked["question"], asked["ticket"]) == ("May I?", ticket.number)
    answer = f"{URL}{asked['id']}/answer/"
    given = {"decision": "approve", "comment": "Yes"}
    assert bob.post(answer, given, format="json").json()["state"] == "approved"
    assert bob.post(answer, given, format="json").status_code in {400, 409, 422}
    assert bob.get(URL).json() == []
    [shown] = alice.get(url).json()
    assert (shown["state"], shown["votes"][0]["comment"]) == ("approved", "Yes")


def test_what_is_wrong_is_named(alice: Client, bob: Client, ticket: Ticket) -> None:
    url = f"/api/v1/tickets/{ticket.number}/approvals/"
    for given, field in (
        ({"policy": "Nope", "question": "x"}, "policy"),
        ({"policy": "Order"}, "question"),
        ({"policy": 7, "question": "x"}, "policy"),
        ({"policy": "Order", "question": "x" * 6000}, "question"),
    ):
        answer = alice.post(url, given, format="json")
        assert answer.status_code in {400, 422}
        assert field in answer.json()["errors"]


def test_others_are_kept_out(
    alice: Client, bob: Client, dana: Client, charlie: Client, ticket: Ticket
) -> None:
    url = f"/api/v1/tickets/{ticket.number}/approvals/"
    alice.post(url, {"policy": "Order", "question": "May I?"}, format="json")
    [asked] = bob.get(URL).json()
    for other in (alice, dana, charlie):
        answer = other.post(f"{URL}{asked['id']}/answer/", {"decision": "approve"}, format="json")
        other.problem(answer, 404, "not-found")
    dana.problem(dana.get(url), 403, "forbidden")
    charlie.problem(charlie.get(url), 404, "not-found")
    huge = bob.post(f"{URL}{'9' * 25}/answer/", {"decision": "approve"}, format="json")
    bob.problem(huge, 404, "not-found")
