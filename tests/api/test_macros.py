"""tickets/{number}/macros/."""

import pytest
from pytest_django import DjangoAssertNumQueries

from omnidesk.accounts.models import Team
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.models import Macro, Message, Ticket


@pytest.fixture
def macro(cast: Cast) -> Macro:
    with organization_scope(cast.nordwerk.pk):
        return Macro.objects.create(
            organization=cast.nordwerk,
            name="New profile",
            text="Hello {first_name}, try again.",
            actions=[
                {"do": "set_status", "status": "waiting"},
                {"do": "add_tags", "tags": ["vpn"]},
            ],
        )


def url(ticket: Ticket, rest: str = "") -> str:
    return f"/api/v1/tickets/{ticket.number}/macros/{rest}"


def test_offered_previewed_applied_and_taken_back(
    alice: Client, ticket: Ticket, macro: Macro, cast: Cast
) -> None:
    [row] = alice.get(url(ticket), {"q": "profile"}).json()
    assert row == {
        "id": macro.pk, "name": "New profile", "language": "", "team": None, "used_count": 0,
    }  # fmt: skip
    preview = alice.get(url(ticket, f"{macro.pk}/")).json()
    assert preview["text"] == "Hello Dana, try again."
    assert preview["effects"] == ["Set status: Waiting for requester", "Add tags: vpn"]
    assert preview["problem"] == ""
    answer = alice.post(url(ticket, f"{macro.pk}/apply/"), {"text": preview["text"]}, format="json")
    assert answer.status_code == 201, answer.content
    use = answer.json()
    assert use["after"]["status"] == "waiting"
    assert use["after"]["tags"] == ["vpn"]
    with organization_scope(cast.nordwerk.pk):
        message = Message.objects.get(pk=use["response"])
        assert (message.text, message.author) == ("Hello Dana, try again.", cast.alice)
    undo = f"/api/v1/tickets/{ticket.number}/macro-uses/{use['id']}/undo/"
    assert "tags" in alice.post(undo).json()["restored"]
    assert alice.post(undo).json() == {"restored": []}


def test_without_a_text_nothing_is_answered(
    alice: Client, ticket: Ticket, macro: Macro, cast: Cast
) -> None:
    use = alice.post(url(ticket, f"{macro.pk}/apply/"), {}, format="json").json()
    assert use["response"] is None
    with organization_scope(cast.nordwerk.pk):
        assert ticket.messages.count() == 1


def test_a_macro_that_names_something_gone_says_so_and_does_nothing(
    alice: Client, ticket: Ticket, macro: Macro, cast: Cast
) -> None:
    with organization_scope(cast.nordwerk.pk):
        Macro.objects.update(actions=[{"do": "set_status", "status": "gone"}])
    preview = alice.get(url(ticket, f"{macro.pk}/")).json()
    assert "does not exist any more" in preview["problem"]
    refused = alice.post(url(ticket, f"{macro.pk}/apply/"), {"text": "Hello"}, format="json")
    assert refused.status_code in {400, 422}
    assert "does not exist any more" in refused.json()["detail"]
    with organization_scope(cast.nordwerk.pk):
        assert ticket.messages.count() == 1


def test_other_people_s_and_other_teams_macros_are_not_there(
    alice: Client, ticket: Ticket, macro: Macro, cast: Cast
) -> None:
    with organization_scope(cast.nordwerk.pk):
        hidden = [
            Macro.objects.create(
                organization=cast.nordwerk, name="Bob's", text="x", owner=cast.bob
            ),
            Macro.objects.create(
                organization=cast.nordwerk,
                name="Printers'",
                text="x",
                team=Team.objects.create(
                    organization=cast.nordwerk, name="Printers", slug="printers"
                ),
            ),
        ]
    assert [one["name"] for one in alice.get(url(ticket)).json()] == ["New profile"]
    for one in hidden:
        alice.problem(alice.get(url(ticket, f"{one.pk}/")), 404, "not-found")
        applied = alice.post(url(ticket, f"{one.pk}/apply/"), {}, format="json")
        alice.problem(applied, 404, "not-found")


def test_requesters_and_outsiders_are_kept_out(
    dana: Client, charlie: Client, client: Client, ticket: Ticket, macro: Macro
) -> None:
    for path in (url(ticket), url(ticket, f"{macro.pk}/")):
        dana.problem(dana.get(path), 403, "forbidden")
        charlie.problem(charlie.get(path), 404, "not-found")
        client.problem(client.get(path), 401, "not-authenticated")
    apply = url(ticket, f"{macro.pk}/apply/")
    dana.problem(dana.post(apply, {}, format="json"), 403, "forbidden")
    charlie.problem(charlie.post(apply, {}, format="json"), 404, "not-found")


@pytest.mark.parametrize(
    ("given", "field"),
    [({"text": 7}, "text"), ({"text": "\x00"}, "text"), ({"txt": "x"}, "txt"), ([], None)],
)
def test_nonsense_is_named(
    alice: Client, ticket: Ticket, macro: Macro, given: object, field: str | None
) -> None:
    answer = alice.post(url(ticket, f"{macro.pk}/apply/"), given, format="json")
    problem = alice.problem(answer, 400, "invalid")
    assert field is None or field in problem["errors"]
    huge = alice.get(url(ticket, f"{'9' * 25}/"))
    alice.problem(huge, 404, "not-found")
    long = alice.get(url(ticket), {"q": "x" * 201})
    assert "q" in alice.problem(long, 400, "invalid")["errors"]


def test_the_list_costs_the_same_for_many(
    cast: Cast,
    alice: Client,
    ticket: Ticket,
    macro: Macro,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    alice.get(url(ticket))
    for count in (1, 12):
        with organization_scope(cast.nordwerk.pk):
            for n in range(count):
                Macro.objects.create(
                    organization=cast.nordwerk, name=f"{count} {n}", text="x", team=cast.network
                )
        # The request (5) and its end (2); the ticket, the macros with their teams.
        with django_assert_num_queries(9):
            alice.get(url(ticket))
