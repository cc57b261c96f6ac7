"""Several tickets at once: tried out, changed, taken back, answered; and cards of the board."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets.actions.base import Actor
from tickets.actions.drafts import save_draft, send_held
from tickets.actions.lifecycle import set_status
from tickets.actions.triage import set_priority
from tickets.choices import MessageKind
from tickets.models import BulkChange, Change, Draft, Message, PendingReason, Status, Ticket


def three(cast: Cast) -> list[Ticket]:
    with organization_scope(cast.nordwerk.pk):
        return [cast.ticket(f"Ticket {number}") for number in range(3)]


def fresh(cast: Cast, ticket: Ticket) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return Ticket.objects.select_related("status", "pending_reason").get(pk=ticket.pk)


def close(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        status = Status.objects.get(key="closed")
        set_status(ticket=ticket, actor=Actor.person(cast.bob), status=status)


def undo_url(answer: object) -> str:
    url: str = answer.headers["HX-Trigger"].split('"undo": "')[1].split('"')[0]  # type: ignore[attr-defined]
    return url


def test_a_rehearsal_counts_and_changes_nothing(cast: Cast, sign_in: SignIn) -> None:
    tickets = three(cast)
    numbers = [str(ticket.number) for ticket in tickets]
    form = {"number": [*numbers, "999999999"], "do": "priority:critical", "rehearse": "on"}
    page = sign_in(cast.alice).post("/desk/bulk/", form)
    assert page.status_code == 200
    assert "3 tickets can" in page.content.decode()
    assert "1 cannot" in page.content.decode()
    assert "999999999" in page.content.decode()
    with organization_scope(cast.nordwerk.pk):
        assert not Ticket.objects.filter(priority="critical").exists()
        assert not Change.objects.filter(verb="ticket.priority_changed").exists()
        assert not BulkChange.objects.exists()


def test_a_change_is_taken_back_where_nobody_changed_it_since(cast: Cast, sign_in: SignIn) -> None:
    first, second, third = three(cast)
    client = sign_in(cast.alice)
    form = {"number": [first.number, second.number, third.number], "do": "priority:critical"}
    answer = client.post("/desk/bulk/", form, headers=htmx())
    assert "3 tickets changed" in answer.headers["HX-Trigger"]
    with organization_scope(cast.nordwerk.pk):
        set_priority(ticket=second, actor=Actor.person(cast.bob), priority="low")
    back = client.post(undo_url(answer), headers=htmx())
    assert "2 tickets taken back" in back.headers["HX-Trigger"]
    levels = [fresh(cast, ticket).priority for ticket in (first, second, third)]
    assert levels == ["medium", "low", "medium"]
    again = client.post(undo_url(answer), headers=htmx())
    assert "0 tickets taken back" in again.headers["HX-Trigger"]


def test_nobody_takes_back_what_another_changed(cast: Cast, sign_in: SignIn) -> None:
    ticket = three(cast)[0]
    form = {"number": [ticket.number], "do": "priority:critical"}
    answer = sign_in(cast.alice).post("/desk/bulk/", form, headers=htmx())
    for other in (cast.bob, cast.charlie):
        sign_in(other).post(undo_url(answer), headers=htmx())
    assert fresh(cast, ticket).priority == "critical"


def test_another_organization_changes_nothing(cast: Cast, sign_in: SignIn) -> None:
    ticket = three(cast)[0]
    form = {"number": [ticket.number], "do": "priority:critical"}
    sign_in(cast.charlie).post("/desk/bulk/", form)
    assert fresh(cast, ticket).priority == "medium"


def test_all_of_a_view_is_changed_without_ticking_each(cast: Cast, sign_in: SignIn) -> None:
    three(cast)
    form = {"all": "on", "view": "open", "query": "q=1", "do": "assignee:me"}
    sign_in(cast.alice).post("/desk/bulk/", form)
    form["query"] = "q=ticket"
    sign_in(cast.alice).post("/desk/bulk/", form)
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.filter(assignee=cast.alice).count() == 3


def test_one_answer_goes_to_several_with_their_own_words(cast: Cast, sign_in: SignIn) -> None:
    first, second, closed = three(cast)
    close(cast, closed)
    client = sign_in(cast.alice)
    form = {"number": [first.number, second.number, closed.number],
            "text": "Hello {first_name}, {number} is done."}  # fmt: skip
    check = client.post("/desk/bulk/answer/", form).content.decode()
    assert "2 tickets can" in check
    assert "It is closed." in check
    assert f"Hello Dana, {first.number} is done." in check
    with organization_scope(cast.nordwerk.pk):
        assert not Message.objects.filter(text__startswith="Hello").exists()
    client.post("/desk/bulk/answer/", {**form, "send": "on"})
    with organization_scope(cast.nordwerk.pk):
        texts = set(Message.objects.filter(text__startswith="Hello").values_list("text", flat=True))
    assert texts == {f"Hello Dana, {t.number} is done." for t in (first, second)}


def answered(cast: Cast, client: Client, tickets: list[Ticket]) -> str:
    """One answer to several, which can be taken back for a while; where that is done."""
    with organization_scope(cast.nordwerk.pk):
        User.objects.filter(pk=cast.alice.pk).update(undo_seconds=15)
    form = {"number": [t.number for t in tickets], "text": "Done, {first_name}.", "resolve": "on"}
    answer = client.post("/desk/bulk/answer/", {**form, "send": "on"}, headers=htmx())
    assert "go out in 15 seconds" in answer.headers["HX-Trigger"]
    return undo_url(answer)


def test_one_answer_to_several_is_taken_back_in_one(cast: Cast, sign_in: SignIn) -> None:
    tickets = three(cast)
    client = sign_in(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        begun = {"ticket": tickets[0], "user": cast.alice, "kind": MessageKind.PUBLIC}
        save_draft(**begun, text="Half a sentence", revision=None)  # type: ignore[arg-type]
    undo = answered(cast, client, tickets)
    for stranger in (cast.bob, cast.charlie):
        assert '"taken": false' in sign_in(stranger).post(undo, headers=htmx()).content.decode()
    back = client.post(undo, headers=htmx()).json()
    assert (back["taken"], back["text"]) == (True, "3 answers taken back")
    assert client.post(undo, headers=htmx()).json()["taken"] is False
    page = client.get(back["url"]).content.decode()
    assert "Done, {first_name}." in page
    assert all(f'name="number" value="{ticket.number}"' in page for ticket in tickets)
    with organization_scope(cast.nordwerk.pk):
        assert list(Draft.objects.values_list("text", flat=True)) == ["Half a sentence"]
        assert not Message.objects.filter(text__startswith="Done").exists()
        assert not Ticket.objects.filter(status__key="resolved").exists()


def test_what_left_meanwhile_is_counted_and_stays(cast: Cast, sign_in: SignIn) -> None:
    tickets = three(cast)
    client = sign_in(cast.alice)
    undo = answered(cast, client, tickets)
    with organization_scope(cast.nordwerk.pk):
        first = Draft.objects.filter(ticket=tickets[0])
        first.update(send_at=now() - timedelta(seconds=1))
        assert send_held(draft_id=first.get().pk).sent
    words = client.post(undo, headers=htmx()).json()["text"]
    assert words == "2 answers taken back · 1 was sent already"
    assert fresh(cast, tickets[0]).status.key == "resolved"
    assert fresh(cast, tickets[1]).status.key == "new"
    # What changes a field is taken back elsewhere: nothing happens to an answer there.
    client.post(undo.replace("/answer/undo/", "/undo/"), headers=htmx())
    assert fresh(cast, tickets[0]).status.key == "resolved"


def test_an_empty_answer_is_refused_at_its_field(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.alice).post("/desk/bulk/answer/", {"number": ["1"], "text": " "})
    assert page.status_code == 422
    assert b"answer-problem" in page.content


def test_nothing_chosen_is_said_beside_the_choice(cast: Cast, sign_in: SignIn) -> None:
    for do in ("", "nonsense:1", "search:x"):
        page = sign_in(cast.alice).post("/desk/bulk/", {"number": ["1"], "do": do})
        assert page.status_code == 422, do
        assert b"bulk-problem" in page.content


def test_the_board_shows_each_status_with_its_cards(
    cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tickets = three(cast)
    close(cast, tickets[0])
    client = sign_in(cast.alice)
    client.get("/desk/v/all/?layout=board")
    # As a list (11 with the test's savepoint), and one more: cards are chosen by column.
    with django_assert_num_queries(12):
        page = client.get("/desk/v/all/?layout=board").content.decode()
    columns = {part.split('"')[0]: part for part in page.split('data-column="')[1:]}
    assert f"row-{tickets[0].number}" in columns["closed"]
    assert f"row-{tickets[1].number}" in columns["new"]
    assert b"data-board" in client.get("/desk/v/all/", headers=htmx("rows")).content


def move(client: Client, ticket: Ticket, **form: str) -> object:
    return client.post(f"/desk/t/{ticket.number}/move/", form, headers=htmx("dialog-slot"))


def test_a_card_is_moved_and_the_move_can_be_taken_back(cast: Cast, sign_in: SignIn) -> None:
    ticket = three(cast)[0]
    client = sign_in(cast.alice)
    answer = client.post(f"/desk/t/{ticket.number}/move/", {"status": "open"}, headers=htmx())
    assert '"board:moved"' in answer.headers["HX-Trigger"]
    assert fresh(cast, ticket).status.key == "open"
    client.post(undo_url(answer), headers=htmx())
    assert fresh(cast, ticket).status.key == "new"


def test_a_step_that_needs_a_reason_asks_for_it(cast: Cast, sign_in: SignIn) -> None:
    ticket = three(cast)[0]
    with organization_scope(cast.nordwerk.pk):
        kind = ticket.type
        assert kind is not None
        kind.workflow["steps"] = [["new", "waiting", "agent", ["pending_reason"]]]
        kind.save()
        Status.objects.filter(key="waiting").update(pending_reason=None)
        reason = PendingReason.objects.filter(organization=cast.nordwerk)[0]
    client = sign_in(cast.alice)
    url = f"/desk/t/{ticket.number}/move/"
    asked = client.post(url, {"status": "waiting"}, headers=htmx("dialog-slot"))
    assert (asked.status_code, b'name="reason"' in asked.content) == (200, True)
    assert fresh(cast, ticket).status.key == "new"
    again = client.post(url, {"status": "waiting", "asked": "on"}, headers=htmx("dialog-slot"))
    assert again.status_code == 422
    client.post(url, {"status": "waiting", "reason": str(reason.pk)}, headers=htmx("dialog-slot"))
    assert fresh(cast, ticket).status.key == "waiting"
    assert fresh(cast, ticket).pending_reason == reason


@pytest.mark.parametrize("status", ["nonsense", "", "\x00"])
def test_a_status_that_is_not_there_is_a_sentence(cast: Cast, sign_in: SignIn, status: str) -> None:
    ticket = three(cast)[0]
    answer = sign_in(cast.alice).post(
        f"/desk/t/{ticket.number}/move/", {"status": status}, headers=htmx()
    )
    assert "no such status" in answer.headers["HX-Trigger"]
    stranger = sign_in(cast.charlie).post(f"/desk/t/{ticket.number}/move/", {"status": "open"})
    assert stranger.status_code == 404
