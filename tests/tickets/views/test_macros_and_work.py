"""Macros in the composer, taking the next ticket, saying that one is away."""

import pytest
from django.test import Client

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.intake import Triage
from tickets.models import AgentProfile, Macro, MacroUse, Ticket


@pytest.fixture
def alice(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.alice)
    return client


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket(triage=Triage(category=cast.vpn))


@pytest.fixture
def macro(cast: Cast) -> Macro:
    with organization_scope(cast.nordwerk.pk):
        return Macro.objects.create(
            organization=cast.nordwerk,
            name="New profile",
            text="Hello {first_name}, <b>try</b> again.",
            actions=[
                {"do": "set_status", "status": "waiting"},
                {"do": "add_tags", "tags": ["vpn"]},
            ],
        )


def test_the_picker_shows_the_first_one_filled_in(
    alice: Client, ticket: Ticket, macro: Macro
) -> None:
    page = alice.get(f"/desk/t/{ticket.number}/macros/").content.decode()
    assert "New profile" in page
    assert "Hello Dana, &lt;b&gt;try&lt;/b&gt; again." in page
    assert "Set status: Waiting for requester" in page
    assert "Add tags: vpn" in page
    none = alice.get(f"/desk/t/{ticket.number}/macros/?q=printer").content.decode()
    assert "No macro fits" in none
    one = alice.get(f"/desk/t/{ticket.number}/macros/{macro.pk}/")
    assert "Hello Dana" in one.content.decode()


def test_sending_with_a_staged_macro_does_both_and_can_be_taken_back(
    alice: Client, ticket: Ticket, macro: Macro, cast: Cast
) -> None:
    address = f"/desk/t/{ticket.number}/message/"
    alice.post(address, {"text": "Hello Dana", "kind": "public", "macro": macro.pk})
    with organization_scope(cast.nordwerk.pk):
        use = MacroUse.objects.get()
        ticket = Ticket.objects.get(pk=ticket.pk)
        assert ticket.status_category == "pending"
        assert [tag.name for tag in ticket.tags.all()] == ["vpn"]
    alice.post(f"/desk/t/{ticket.number}/macros/undo/{use.pk}/")
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.get(pk=ticket.pk).status_category == "open"
        assert not ticket.tags.exists()


def test_a_macro_that_cannot_work_keeps_the_answer_back(
    alice: Client, ticket: Ticket, macro: Macro, cast: Cast
) -> None:
    with organization_scope(cast.nordwerk.pk):
        macro.actions = [{"do": "assign_team", "team": 999_999}]
        macro.save()
    answer = alice.post(
        f"/desk/t/{ticket.number}/message/",
        {"text": "Keep this", "kind": "public", "macro": macro.pk},
    )
    assert answer.status_code == 422
    assert "Keep this" in answer.content.decode()
    with organization_scope(cast.nordwerk.pk):
        assert ticket.messages.count() == 1


def test_outsiders_find_no_macro_and_no_undo(cast: Cast, ticket: Ticket, macro: Macro) -> None:
    charlie = Client()
    charlie.force_login(cast.charlie)
    for address in (
        f"/desk/t/{ticket.number}/macros/",
        f"/desk/t/{ticket.number}/macros/{macro.pk}/",
    ):
        assert charlie.get(address).status_code == 404
    assert charlie.post(f"/desk/t/{ticket.number}/macros/undo/1/").status_code == 404


def test_an_agent_takes_the_next_ticket(alice: Client, ticket: Ticket, cast: Cast) -> None:
    answer = alice.post("/desk/claim/")
    assert answer.headers["Location"] == f"/desk/t/{ticket.number}/"
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.get(pk=ticket.pk).assignee == cast.alice
    page = alice.post("/desk/claim/", follow=True).content.decode()
    assert "No free ticket waits for you" in page


def test_an_agent_goes_away_and_comes_back(alice: Client, ticket: Ticket, cast: Cast) -> None:
    alice.post("/desk/claim/")
    assert alice.get("/desk/me/availability/").status_code == 200
    past = {"state": "away", "back_at": "2020-01-01T10:00"}
    assert alice.post("/desk/me/availability/", past).status_code == 422
    alice.post("/desk/me/availability/", {"state": "away", "stand_in": cast.bob.pk})
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.get(pk=ticket.pk).assignee == cast.bob
        assert AgentProfile.objects.get().state == "away"
    alice.post("/desk/me/availability/", {"state": "present"})
    with organization_scope(cast.nordwerk.pk):
        assert AgentProfile.objects.get().state == "present"
