"""Linking, merging, splitting and solving children on the ticket's page."""

import json

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.links import link_tickets
from tickets.actions.reply import reply
from tickets.models import Ticket, TicketLink

HTMX = {"HX-Request": "true"}


@pytest.fixture
def alice(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.alice)
    return client


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket("VPN drops")


@pytest.fixture
def other(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket("VPN again")


def test_the_dialog_proposes_what_may_be_the_same(
    alice: Client, ticket: Ticket, other: Ticket
) -> None:
    dialog = alice.get(f"/desk/t/{ticket.number}/link/", headers=HTMX).content.decode()
    assert "data-open" in dialog
    assert "These may be the same:" in dialog
    assert f'value="{other.number}" checked' in dialog
    assert f'value="{ticket.number}"' not in dialog


def test_typing_finds_by_number_and_by_words(alice: Client, ticket: Ticket, other: Ticket) -> None:
    part = {**HTMX, "HX-Target": "link-found"}
    for words in (str(other.number), "again"):
        found = alice.get(
            f"/desk/t/{ticket.number}/link/", {"q": words}, headers=part
        ).content.decode()
        assert "VPN again" in found
        assert "<dialog" not in found
    nothing = alice.get(f"/desk/t/{ticket.number}/link/", {"q": "zz\x00zz"}, headers=part)
    assert "No ticket found" in nothing.content.decode()


def test_a_link_is_made_shown_and_removed(
    cast: Cast, alice: Client, ticket: Ticket, other: Ticket,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    given = {"ticket": other.number, "relation": "duplicate_of"}
    answer = alice.post(f"/desk/t/{ticket.number}/link/", given, headers=HTMX)
    assert answer.content == b""
    assert "are linked" in json.loads(answer["HX-Trigger"])["toast"]["text"]
    panel = alice.get(f"/desk/t/{ticket.number}/links/", headers=HTMX).content.decode()
    assert "Duplicate of" in panel
    assert "VPN again" in panel
    with organization_scope(cast.nordwerk.pk):
        row = TicketLink.objects.get()
        for _ in range(3):
            more = cast.ticket("More")
            link_tickets(
                ticket=ticket, actor=Actor.person(cast.alice), other=more, relation="related"
            )
    # Frame (7): person, memberships, and the scope's settings around its savepoint.
    # Ticket; links; merges.
    with django_assert_num_queries(10):
        alice.get(f"/desk/t/{ticket.number}/links/", headers=HTMX)
    gone = alice.post(f"/desk/t/{other.number}/unlink/{row.pk}/", headers=HTMX)
    assert 'class="linked"' not in gone.content.decode()
    again = alice.post(f"/desk/t/{other.number}/unlink/{row.pk}/", headers=HTMX)
    assert "not there any more" in again["HX-Trigger"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Choose a ticket."),
        ({"ticket": "SELF", "relation": "related"}, "cannot be linked to itself"),
        ({"ticket": "OTHER", "relation": "friend"}, "Choose how"),
    ],
)
def test_a_refusal_is_said_in_the_dialog(
    alice: Client, ticket: Ticket, other: Ticket, given: dict[str, str], words: str
) -> None:
    numbers = {"SELF": str(ticket.number), "OTHER": str(other.number)}
    body = {key: numbers.get(value, value) for key, value in given.items()}
    answer = alice.post(f"/desk/t/{ticket.number}/link/", body, headers=HTMX)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_without_script_every_step_is_a_page(
    cast: Cast, alice: Client, ticket: Ticket, other: Ticket
) -> None:
    page = alice.get(f"/desk/t/{ticket.number}/link/").content.decode()
    assert "<html" in page
    step = alice.get(f"/desk/t/{ticket.number}/merge/", {"ticket": other.number}).content.decode()
    assert f"Merge {ticket.number} into {other.number}" in step
    done = alice.post(f"/desk/t/{ticket.number}/merge/", {"into": other.number})
    assert done["Location"] == f"/desk/t/{other.number}/"
    back = alice.post(f"/desk/t/{ticket.number}/unmerge/", follow=True).content.decode()
    assert "is a ticket of its own again" in back
    with organization_scope(cast.nordwerk.pk):
        message = reply(ticket=ticket, actor=Actor.person(cast.alice), text="Also the printer")
    split = f"/desk/t/{ticket.number}/split/{message.pk}/"
    assert "Also the printer" in alice.get(split).content.decode()
    opened = alice.post(split, {"subject": "Printer", "following": "on"}, follow=True)
    assert "Printer" in opened.content.decode()
    assert alice.get(f"/desk/t/{ticket.number}/children/").status_code == 200


def test_a_merge_asks_field_by_field_and_goes_on_on_the_winner(
    cast: Cast, alice: Client, ticket: Ticket, other: Ticket
) -> None:
    step = alice.get(f"/desk/t/{ticket.number}/merge/", {"ticket": other.number}, headers=HTMX)
    assert 'name="subject" value="loser"' in step.content.decode()
    given = {"into": other.number, "subject": "loser"}
    answer = alice.post(f"/desk/t/{ticket.number}/merge/", given, headers=HTMX)
    assert answer["HX-Retarget"] == "#ticket-panes"
    assert answer["HX-Push-Url"] == f"/desk/t/{other.number}/"
    toast = json.loads(answer["HX-Trigger"])["toast"]
    assert toast["undo"] == f"/desk/t/{ticket.number}/unmerge/"
    banner = alice.get(f"/desk/t/{ticket.number}/").content.decode()
    assert "This ticket goes on in" in banner
    panel = alice.get(f"/desk/t/{other.number}/links/", headers=HTMX).content.decode()
    assert f"Undo the merge of {ticket.number}" in panel
    alice.post(toast["undo"], headers=HTMX)
    twice = alice.post(toast["undo"], headers=HTMX)
    assert "is not merged into another ticket" in twice["HX-Trigger"]
    with organization_scope(cast.nordwerk.pk):
        other.refresh_from_db()
        assert other.subject == "VPN again"


def test_two_requesters_are_pointed_out_before_a_merge(
    cast: Cast, alice: Client, ticket: Ticket, other: Ticket
) -> None:
    with organization_scope(cast.nordwerk.pk):
        Ticket.objects.filter(pk=other.pk).update(requester=cast.bob)
    step = alice.get(f"/desk/t/{ticket.number}/merge/", {"into": other.number}, headers=HTMX)
    assert "Two people asked." in step.content.decode()


def test_solving_a_parent_offers_to_solve_its_children(
    cast: Cast, alice: Client, ticket: Ticket, other: Ticket
) -> None:
    with organization_scope(cast.nordwerk.pk):
        link_tickets(
            ticket=ticket, actor=Actor.person(cast.alice), other=other, relation="parent_of"
        )
    solved = alice.post(f"/desk/t/{ticket.number}/set/status/", {"value": "solved"}, headers=HTMX)
    page = solved.content.decode()
    assert 'hx-swap-oob="innerHTML"' in page
    assert "1 open ticket hangs on" in page
    done = alice.post(
        f"/desk/t/{ticket.number}/children/", {"text": "It works again"}, headers=HTMX
    )
    assert "1 ticket solved" in done["HX-Trigger"]
    with organization_scope(cast.nordwerk.pk):
        other.refresh_from_db()
        assert other.status.key == "resolved"
        assert other.messages.latest("pk").text == "It works again"
    quiet = alice.post(f"/desk/t/{ticket.number}/set/status/", {"value": "solved"}, headers=HTMX)
    assert "hx-swap-oob" not in quiet.content.decode()


@pytest.mark.parametrize("path", ["link", "links", "merge", "children", "split/1"])
def test_another_organization_s_agent_and_requesters_see_none_of_it(
    cast: Cast, ticket: Ticket, path: str
) -> None:
    charlie = Client()
    charlie.force_login(cast.charlie)
    assert charlie.get(f"/desk/t/{ticket.number}/{path}/", headers=HTMX).status_code == 404
    dana = Client()
    dana.force_login(cast.dana)
    assert dana.get(f"/desk/t/{ticket.number}/{path}/").status_code == 302


def test_a_number_nobody_has_is_not_found(alice: Client, ticket: Ticket) -> None:
    missing = {"ticket": "999999", "relation": "related"}
    assert alice.post(f"/desk/t/{ticket.number}/link/", missing, headers=HTMX).status_code == 404
    nonsense = {"into": "%00x"}
    assert alice.post(f"/desk/t/{ticket.number}/merge/", nonsense, headers=HTMX).status_code == 404
