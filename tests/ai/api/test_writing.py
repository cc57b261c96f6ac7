"""tickets/{number}/summary/ and tickets/{number}/translations/."""

from ai.actions.kept import keep_text
from ai.kept import Origin
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.reply import reply
from tickets.models import Ticket

V1 = "/api/v1/"


def told(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        reply(ticket=ticket, actor=Actor.person(cast.alice), text="Which client is it?")
        return ticket


def test_a_summary_needs_no_model(cast: Cast, alice: Client) -> None:
    ticket = told(cast)
    found = alice.get(f"{V1}tickets/{ticket.number}/summary/").json()
    assert found["written"] is None
    assert found["step"] == "wait_answer"
    assert [one["text"] for one in found["questions"]] == ["Which client is it?"]
    assert found["points"][0]["who"] == "requester"
    asked = alice.post(f"{V1}tickets/{ticket.number}/summary/", {}).json()
    assert asked["written"]["reason"] == "no_service"


def test_what_a_model_wrote_before_says_since_when_it_is_out_of_date(
    cast: Cast, alice: Client
) -> None:
    ticket = told(cast)
    content = {"reason": "", "points": ["It drops."], "questions": [], "step": "", "model": "m"}
    with organization_scope(cast.nordwerk.pk):
        keep_text(ticket=ticket, task="summary", language="de", origin=Origin("x", 1),
                  content=content)  # fmt: skip
    path = f"{V1}tickets/{ticket.number}/summary/"
    found = alice.get(f"{path}?language=de").json()["written"]
    assert (found["points"], found["stale"]) == (["It drops."], ["Older than the last message"])
    assert found["written_at"]
    assert alice.get(f"{path}?language=fr").json()["written"] is None


def test_a_translation_names_its_message(cast: Cast, alice: Client) -> None:
    ticket = told(cast)
    with organization_scope(cast.nordwerk.pk):
        message, other = ticket.messages.get(is_opening=True), cast.ticket().messages.get()
    path = f"{V1}tickets/{ticket.number}/translations/"
    found = alice.post(path, {"message": message.pk, "language": "fr"}).json()
    assert (found["reason"], found["language"]) == ("no_service", "fr")
    alice.problem(alice.post(path, {"message": other.pk}), 404, "not-found")
    for body, field in (
        ({}, "message"),
        ({"message": 0}, "message"),
        ({"message": message.pk, "language": "tlh"}, "language"),
        ({"message": message.pk, "tone": "rude"}, "tone"),
    ):
        assert field in alice.problem(alice.post(path, body), 400, "invalid")["errors"]


def test_both_are_the_desks_and_the_organizations_own(
    cast: Cast, alice: Client, dana: Client, charlie: Client
) -> None:
    ticket = told(cast)
    bodies = {"summary": {}, "translations": {"message": 1}}
    for name, body in bodies.items():
        where = f"{V1}tickets/{ticket.number}/{name}/"
        dana.problem(dana.post(where, body), 403, "forbidden")
        charlie.problem(charlie.post(where, body), 404, "not-found")
    dana.problem(dana.get(f"{V1}tickets/{ticket.number}/summary/"), 403, "forbidden")
    path = f"{V1}tickets/{ticket.number}/summary/?language=tlh"
    alice.problem(alice.get(path), 400, "invalid")
