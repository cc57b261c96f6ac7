"""notifications/ and tickets/{number}/watchers/."""

import pytest
from pytest_django import DjangoAssertNumQueries

from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.actions.notify import Notice, notify
from tickets.models import Ticket
from tickets.notices import Kind

URL = "/api/v1/notifications/"


@pytest.fixture
def told(cast: Cast, ticket: Ticket) -> Ticket:
    """Alice was mentioned, Dana was answered."""
    with organization_scope(cast.nordwerk.pk):
        for kind, person in ((Kind.MENTIONED, cast.alice), (Kind.ANSWERED, cast.dana)):
            notify(Notice(kind=kind, ticket=ticket, people=[person.pk], actor_name="Bob"))
    return ticket


def test_everybody_reads_their_own(
    told: Ticket, alice: Client, dana: Client, charlie: Client, client: Client
) -> None:
    [row] = alice.get(URL).json()["results"]
    assert row.keys() == {"id", "kind", "text", "ticket", "subject", "count", "at", "read_at"}
    assert (row["kind"], row["text"], row["ticket"]) == (
        "mentioned", "Bob mentioned you", told.number,
    )  # fmt: skip
    assert [row["kind"] for row in dana.get(URL).json()["results"]] == ["answered"]
    assert charlie.get(URL).json()["results"] == []
    client.problem(client.get(URL), 401, "not-authenticated")


def test_reading_marks_only_one_s_own(told: Ticket, alice: Client, dana: Client) -> None:
    [mine] = alice.get(URL).json()["results"]
    assert dana.post(f"{URL}read/", {"ids": [mine["id"]]}, format="json").json() == {"read": 0}
    assert alice.post(f"{URL}read/", {}, format="json").json() == {"read": 1}
    assert alice.get(URL, {"unread": "true"}).json()["results"] == []
    assert alice.post(f"{URL}read/", {}, format="json").json() == {"read": 0}


@pytest.mark.parametrize("ids", ["x", [0], [-1], ["a"], [2**70], [1] * 501, {"a": 1}])
def test_nonsense_is_refused_by_name(alice: Client, ids: object) -> None:
    answer = alice.post(f"{URL}read/", {"ids": ids}, format="json")
    errors = alice.problem(answer, 400, "invalid")["errors"]
    assert all(name.startswith("ids") for name in errors)


def test_wishes_are_changed_in_part(alice: Client) -> None:
    before = alice.get(f"{URL}settings/").json()
    assert before["choices"]["email"]["mentioned"] is True
    assert before["digest"] == "off"
    given = {"choices": {"email": {"mentioned": False}}, "quiet_from": "22:00", "quiet_to": "07:00"}
    after = alice.patch(f"{URL}settings/", given, format="json").json()
    assert after["choices"]["email"]["mentioned"] is False
    assert after["choices"]["page"]["mentioned"] is True
    assert after["quiet_from"] == "22:00:00"
    assert alice.patch(f"{URL}settings/", {"digest": "hourly"}, format="json").json() == {
        **after, "digest": "hourly",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"choices": {"pigeon": {"mentioned": True}}}, "choices"),
        ({"choices": {"email": {"weather": True}}}, "choices"),
        ({"choices": {"email": {"mentioned": "perhaps"}}}, "choices"),
        ({"digest": "yearly"}, "digest"),
        ({"quiet_from": "25:00"}, "quiet_from"),
        ({"quiet_from": "21:00"}, "quiet_from"),
        ({"sms": True}, "sms"),
    ],
)
def test_impossible_wishes_are_refused(alice: Client, given: object, field: str) -> None:
    answer = alice.patch(f"{URL}settings/", given, format="json")
    assert answer.status_code in {400, 422}
    assert [name.partition(".")[0] for name in answer.json()["errors"]] == [field]


def test_watchers_come_and_go(alice: Client, cast: Cast, ticket: Ticket) -> None:
    url = f"/api/v1/tickets/{ticket.number}/watchers/"
    assert alice.get(url).json() == []
    alice.post(url, {}, format="json")
    people = alice.post(url, {"user": "bob@nordwerk.example"}, format="json").json()
    assert [one["name"] for one in people] == ["Alice Agent", "Bob Lead"]
    assert alice.delete(url).status_code == 204
    assert [one["name"] for one in alice.get(url).json()] == ["Bob Lead"]
    answer = alice.post(url, {"user": "charlie@lumen.example"}, format="json")
    assert answer.status_code in {400, 422}


def test_watchers_are_the_desk_s_alone(dana: Client, charlie: Client, ticket: Ticket) -> None:
    url = f"/api/v1/tickets/{ticket.number}/watchers/"
    dana.problem(dana.get(url), 403, "forbidden")
    charlie.problem(charlie.get(url), 404, "not-found")


def test_following_is_not_in_the_requester_s_history(
    alice: Client, dana: Client, ticket: Ticket
) -> None:
    alice.post(f"/api/v1/tickets/{ticket.number}/watchers/", {}, format="json")
    history = f"/api/v1/tickets/{ticket.number}/history/"
    verbs = [row["verb"] for row in alice.get(history).json()["results"]]
    assert "ticket.followed" in verbs
    assert "ticket.followed" not in [row["verb"] for row in dana.get(history).json()["results"]]


def test_the_list_needs_the_same_queries_however_long_it_is(
    alice: Client,
    cast: Cast,
    told: Ticket,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with organization_scope(cast.nordwerk.pk):
        for n in range(5):
            ticket = cast.ticket(str(n))
            notify(Notice(kind=Kind.MENTIONED, ticket=ticket, people=[cast.alice.pk]))
    # The request: person; savepoint, scope with the earlier one, memberships, scope.
    # The list. At the end: scope, savepoint.
    with django_assert_num_queries(8):
        assert len(alice.get(URL).json()["results"]) == 6
