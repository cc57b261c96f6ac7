"""GET tickets/."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.intake import Triage
from tickets.actions.lifecycle import delete_ticket, set_status
from tickets.actions.triage import assign
from tickets.choices import Source
from tickets.models import Status, Ticket

URL = "/api/v1/tickets/"


@pytest.fixture
def three(cast: Cast) -> list[Ticket]:
    """Plain; VPN, critical, tagged, assigned to Alice; printing by mail, solved."""
    with organization_scope(cast.nordwerk.pk):
        actor = Actor.person(cast.alice)
        plain = cast.ticket("Plain")
        vpn = cast.ticket(
            "VPN", triage=Triage(category=cast.vpn, urgency="critical", tags=["Home", "vip"])
        )
        assign(ticket=vpn, actor=actor, assignee=cast.alice)
        printing = cast.ticket(
            "Toner", "No toner left", triage=Triage(category=cast.printing), source=Source.EMAIL
        )
        set_status(ticket=printing, actor=actor, status=Status.objects.get(key="resolved"))
    return [plain, vpn, printing]


def subjects(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["subject"] for row in response.json()["results"]]


def test_it_lists_the_newest_first(alice: Client, three: list[Ticket]) -> None:
    response = alice.get(URL)
    assert subjects(response) == ["Toner", "VPN", "Plain"]
    assert response.json()["next"] is None
    assert response.json()["previous"] is None


def test_it_shows_requesters_their_own(
    cast: Cast, dana: Client, charlie: Client, three: list[Ticket]
) -> None:
    with organization_scope(cast.nordwerk.pk):
        Ticket.objects.filter(pk=three[0].pk).update(requester=cast.bob)
    assert subjects(dana.get(URL)) == ["Toner", "VPN"]
    assert subjects(charlie.get(URL)) == []


def test_it_leaves_deleted_tickets_out(cast: Cast, alice: Client, three: list[Ticket]) -> None:
    with organization_scope(cast.nordwerk.pk):
        delete_ticket(ticket=three[0], actor=Actor.person(cast.admin))
    assert subjects(alice.get(URL)) == ["Toner", "VPN"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=resolved", ["Toner"]),
        ("status=new,resolved", ["Toner", "VPN", "Plain"]),
        ("status=new&status=resolved", ["Toner", "VPN", "Plain"]),
        ("status_category=open", ["VPN", "Plain"]),
        ("category=VPN %26 remote", ["VPN"]),
        ("urgency=critical", ["VPN"]),
        ("priority=high", ["VPN"]),
        ("team=network", ["VPN"]),
        ("assignee=me", ["VPN"]),
        ("assignee=alice@nordwerk.example", ["VPN"]),
        ("assignee=none", ["Toner", "Plain"]),
        ("requester=dana@nordwerk.example", ["Toner", "VPN", "Plain"]),
        ("requester=me", []),
        ("organization=nordwerk", ["Toner", "VPN", "Plain"]),
        ("organization=lumen", []),
        ("organization=99999999999999999999999", []),
        ("source=email", ["Toner"]),
        ("tag=home", ["VPN"]),
        ("tag=home&tag=vip", ["VPN"]),
        ("sla=none", []),
        ("sla=met", ["Toner"]),
        ("sla=running", ["VPN", "Plain"]),
        ("sla=breached", []),
        ("q=toner", ["Toner"]),
        ("q=nothing-like-this", []),
        ("created_before=2020-01-01T00:00:00Z", []),
        ("urgency=critical&q=vpn&status=new", ["VPN"]),
    ],
)
def test_it_filters(alice: Client, three: list[Ticket], query: str, expected: list[str]) -> None:
    assert subjects(alice.get(f"{URL}?{query}")) == expected


def test_it_filters_by_time(alice: Client, three: list[Ticket]) -> None:
    soon = (now() + timedelta(minutes=1)).isoformat()
    past = (now() - timedelta(minutes=1)).isoformat()
    assert subjects(alice.get(URL, {"created_after": past})) == ["Toner", "VPN", "Plain"]
    assert subjects(alice.get(URL, {"updated_after": soon})) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("urgency=burning", "urgency"),
        ("colour=red", "colour"),
        ("created_after=yesterday", "created_after"),
        ("page_size=0", "page_size"),
        ("page_size=many", "page_size"),
        ("ordering=subject", "ordering"),
        ("cursor=nonsense", "cursor"),
        ("q=%00", "q"),
    ],
)
def test_it_refuses_what_it_does_not_understand(alice: Client, query: str, field: str) -> None:
    body = alice.problem(alice.get(f"{URL}?{query}"), 400, "invalid")
    assert any(name.startswith(field) for name in body["errors"])


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("number", ["Plain", "VPN", "Toner"]),
        ("-number", ["Toner", "VPN", "Plain"]),
        ("-urgency", ["VPN", "Toner", "Plain"]),
        ("created_at", ["Plain", "VPN", "Toner"]),
        ("-updated_at", ["Toner", "VPN", "Plain"]),
    ],
)
def test_it_sorts(alice: Client, three: list[Ticket], ordering: str, expected: list[str]) -> None:
    assert subjects(alice.get(URL, {"ordering": ordering})) == expected


@pytest.mark.parametrize("ordering", ["-created_at", "urgency", "number"])
def test_it_walks_all_pages_forth_and_back_without_losing_ties(
    cast: Cast, alice: Client, ordering: str
) -> None:
    with organization_scope(cast.nordwerk.pk):
        numbers = {cast.ticket(f"Ticket {i}").number for i in range(7)}
        Ticket.objects.update(created_at=now())
    pages: list[list[int]] = []
    url: str | None = f"{URL}?page_size=3&ordering={ordering}"
    last = ""
    while url:
        body = alice.get(url).json()
        pages.append([row["number"] for row in body["results"]])
        last, url = url, body["next"]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert {number for page in pages for number in page} == numbers
    back = alice.get(alice.get(last).json()["previous"]).json()
    assert [row["number"] for row in back["results"]] == pages[1]
    first = alice.get(back["previous"]).json()
    assert [row["number"] for row in first["results"]] == pages[0]
    assert first["previous"] is None
    assert first["next"]


def test_a_cursor_of_another_ordering_is_refused(cast: Cast, alice: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        for i in range(2):
            cast.ticket(f"Ticket {i}")
    url = alice.get(f"{URL}?page_size=1").json()["next"]
    alice.problem(alice.get(f"{url}&ordering=number"), 400, "invalid")


def test_it_gives_25_by_default_and_100_at_most(cast: Cast, alice: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        for i in range(101):
            cast.ticket(f"Ticket {i}")
    assert len(alice.get(URL).json()["results"]) == 25
    assert len(alice.get(URL, {"page_size": 100}).json()["results"]) == 100
    assert len(alice.get(URL, {"page_size": 5000}).json()["results"]) == 100


def test_it_needs_the_same_queries_for_one_ticket_and_for_many(
    cast: Cast, alice: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with organization_scope(cast.nordwerk.pk):
        for i in range(12):
            cast.ticket(f"Ticket {i}", triage=Triage(category=cast.vpn, tags=[f"tag {i}"]))
    alice.get(URL)  # the session is in the cache now
    # The request: person; savepoint, scope with the earlier one, memberships, scope.
    # The list: tickets with relations, tags. At the end: scope restored, savepoint released.
    with django_assert_num_queries(9):
        assert len(alice.get(URL).json()["results"]) == 12


def test_it_answers_304_until_something_changes(
    cast: Cast, alice: Client, three: list[Ticket]
) -> None:
    tag = alice.get(URL)["ETag"]
    unchanged = alice.get(URL, headers={"If-None-Match": tag})
    assert unchanged.status_code == 304
    assert unchanged.content == b""
    assert unchanged["ETag"] == tag
    with organization_scope(cast.nordwerk.pk):
        assign(ticket=three[0], actor=Actor.person(cast.alice), assignee=cast.alice)
    assert alice.get(URL, headers={"If-None-Match": tag}).status_code == 200
