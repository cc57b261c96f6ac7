"""links/, merge/, split/ and solve-children/ of a ticket."""

from typing import Any

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.models import Ticket


@pytest.fixture
def other(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket("Another")


@pytest.fixture
def url(ticket: Ticket) -> str:
    return f"/api/v1/tickets/{ticket.number}"


def test_links_are_made_listed_and_removed(
    alice: Client, ticket: Ticket, other: Ticket, url: str
) -> None:
    given = {"ticket": other.number, "relation": "parent_of"}
    created = alice.post(f"{url}/links/", given, format="json")
    assert created.status_code == 201
    assert created.json()["ticket"]["number"] == other.number
    listed = alice.get(f"{url}/links/").json()["results"]
    assert [(row["relation"], row["ticket"]["subject"]) for row in listed] == [
        ("parent_of", "Another")
    ]
    [back] = alice.get(f"/api/v1/tickets/{other.number}/links/").json()["results"]
    assert (back["relation"], back["id"]) == ("child_of", listed[0]["id"])
    circle = alice.post(
        f"/api/v1/tickets/{other.number}/links/",
        {"ticket": ticket.number, "relation": "parent_of"},
        format="json",
    )
    assert "hang on itself" in alice.problem(circle, 400, "invalid")["errors"]["ticket"][0]
    assert alice.delete(f"{url}/links/{back['id']}/").status_code == 204
    alice.problem(alice.delete(f"{url}/links/{back['id']}/"), 400, "invalid")


def test_a_merge_is_answered_with_the_winner_and_can_be_undone(
    alice: Client, ticket: Ticket, other: Ticket, url: str
) -> None:
    given = {"into": other.number, "fields_from": {"subject": "loser"}}
    body = alice.post(f"{url}/merge/", given, format="json").json()
    assert (body["number"], body["subject"]) == (other.number, ticket.subject)
    assert body["message_count"] == 2
    loser = alice.get(f"{url}/").json()
    assert (loser["merged_into"], loser["status"]) == (other.number, "closed")
    twice = alice.post(f"{url}/merge/", {"into": other.number}, format="json")
    assert "merged into" in alice.problem(twice, 400, "invalid")["errors"]["into"][0]
    back = alice.delete(f"{url}/merge/").json()
    assert (back["merged_into"], back["status"]) == (None, "new")
    alice.problem(alice.delete(f"{url}/merge/"), 400, "invalid")


def test_a_split_opens_a_ticket(alice: Client, ticket: Ticket, url: str) -> None:
    message = alice.post(f"{url}/responses/", {"text": "One more"}, format="json").json()
    fresh = alice.post(
        f"{url}/split/", {"message": message["id"], "subject": "More"}, format="json"
    )
    assert fresh.status_code == 201
    assert (fresh.json()["subject"], fresh.json()["description"]) == ("More", "One more")
    gone = alice.post(f"{url}/split/", {"message": message["id"]}, format="json")
    assert "message" in alice.problem(gone, 400, "invalid")["errors"]


def test_children_are_solved_with_one_message(
    alice: Client, ticket: Ticket, other: Ticket, url: str
) -> None:
    alice.post(f"{url}/links/", {"ticket": other.number, "relation": "problem_of"}, format="json")
    done = alice.post(f"{url}/solve-children/", {"text": "Fixed"}, format="json").json()
    assert done == {"solved": [other.number], "refused": {}}
    child = alice.get(f"/api/v1/tickets/{other.number}/").json()
    assert (child["status"], child["message_count"]) == ("resolved", 2)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("links", {"ticket": "N", "relation": "related"}),
        ("merge", {"into": "N"}),
        ("split", {"message": 1}),
        ("solve-children", {}),
    ],
)
def test_requesters_and_strangers_do_none_of_it(
    dana: Client, charlie: Client, other: Ticket, url: str, path: str, body: dict[str, Any]
) -> None:
    body = {k: other.number if v == "N" else v for k, v in body.items()}
    dana.problem(dana.post(f"{url}/{path}/", body, format="json"), 403, "forbidden")
    charlie.problem(charlie.post(f"{url}/{path}/", body, format="json"), 404, "not-found")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("links", {}),
        ("links", {"ticket": -1, "relation": "related"}),
        ("links", {"ticket": 2**70, "relation": "related"}),
        ("links", {"ticket": [], "relation": {}}),
        ("links", {"ticket": 1, "relation": "friend"}),
        ("merge", {"into": "x"}),
        ("merge", {"into": 1, "fields_from": []}),
        ("merge", {"into": 1, "fields_from": {"subject": "both"}}),
        ("split", {"message": None}),
        ("split", {"message": 10**12}),
        ("solve-children", {"text": 5.5, "unknown": 1}),
    ],
)
def test_nonsense_is_refused_by_field(
    alice: Client, url: str, path: str, body: dict[str, Any]
) -> None:
    assert alice.problem(alice.post(f"{url}/{path}/", body, format="json"), 400, "invalid")[
        "errors"
    ]


def test_a_number_nobody_has_is_not_found(alice: Client, url: str) -> None:
    for path, body in (
        ("links", {"ticket": 10**9, "relation": "related"}),
        ("merge", {"into": 10**9}),
    ):
        alice.problem(alice.post(f"{url}/{path}/", body, format="json"), 404, "not-found")
