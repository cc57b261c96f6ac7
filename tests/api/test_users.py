"""GET, POST users/."""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from pytest_django import DjangoAssertNumQueries

from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import PASSWORD, Cast

URL = "/api/v1/users/"


@pytest.fixture
def boss(cast: Cast, client_of: Callable[[User], Client]) -> Client:
    """Bob as Nordwerk's administrator."""
    with organization_scope(cast.nordwerk.pk):
        cast.bob.memberships.update(role="administrator")
    return client_of(cast.bob)


def emails(response: object) -> set[str]:
    return {row["email"].split("@")[0] for row in response.json()["results"]}  # type: ignore[attr-defined]


def test_administrators_see_their_organization_s_people(boss: Client, admin: Client) -> None:
    assert emails(boss.get(URL)) == {"alice", "bob", "dana"}
    assert emails(admin.get(URL)) == {"alice", "bob", "dana", "charlie", "root"}


def test_everybody_else_is_refused(alice: Client, dana: Client, client: Client) -> None:
    for person in (alice, dana):
        person.problem(person.get(URL), 403, "forbidden")
        person.problem(person.post(URL, {"email": "x@x.example"}), 403, "forbidden")
    client.problem(client.get(URL), 401, "not-authenticated")


def test_it_filters(boss: Client, admin: Client) -> None:
    assert emails(boss.get(f"{URL}?q=alice")) == {"alice"}
    assert emails(boss.get(f"{URL}?role=requester")) == {"dana"}
    assert emails(boss.get(f"{URL}?organization=lumen")) == set()
    assert emails(admin.get(f"{URL}?organization=lumen")) == {"charlie"}
    boss.problem(boss.get(f"{URL}?role=king"), 400, "invalid")


def test_it_shows_memberships_of_administered_organizations_alone(cast: Cast, boss: Client) -> None:
    with organization_scope([cast.lumen.pk]):
        cast.alice.memberships.create(organization=cast.lumen, role="agent")
    [alice] = boss.get(f"{URL}?q=alice").json()["results"]
    assert [place["slug"] for place in alice["organizations"]] == ["nordwerk"]


def test_it_creates_a_person(cast: Cast, boss: Client) -> None:
    response = boss.post(URL, {"email": "Finn@Nordwerk.example", "name": "Finn", "role": "agent"})
    assert response.status_code == 201, response.content
    body = response.json()
    assert body["email"] == "finn@nordwerk.example"
    assert body["role"] == "agent"
    person = User.objects.get(email="finn@nordwerk.example")
    assert not person.has_usable_password()
    assert not EmailAddress.objects.get(user=person).verified


def test_a_person_of_another_organization_joins_and_keeps_name_and_password(
    cast: Cast, boss: Client
) -> None:
    given = {"email": cast.charlie.email, "name": "Renamed", "password": "some other long one"}
    assert boss.post(URL, given).status_code == 201
    cast.charlie.refresh_from_db()
    assert cast.charlie.name == "Charlie Outsider"
    assert cast.charlie.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": "alice@nordwerk.example"}, "email"),
        ({"email": "n@x.example", "role": "king"}, "role"),
        ({"email": "n@x.example", "password": "123"}, "password"),
        ({"email": "n@x.example", "organization": "lumen"}, "organization"),
        ({"email": "n@x.example", "is_staff": True}, "is_staff"),
    ],
)
def test_wrong_values_are_named(boss: Client, body: dict[str, object], field: str) -> None:
    assert field in boss.problem(boss.post(URL, body), 400, "invalid")["errors"]
    assert not User.objects.filter(email="n@x.example").exists()


def test_the_list_needs_the_same_queries_however_long_it_is(
    boss: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        boss.post(URL, {"email": f"{number}@nordwerk.example"})
    boss.get(URL)
    # The request: person; savepoint, scope with the earlier one, memberships, scope.
    # The list: people, memberships with organizations, teams. At the end: scope, savepoint.
    with django_assert_num_queries(10):
        assert len(boss.get(URL).json()["results"]) == 8
