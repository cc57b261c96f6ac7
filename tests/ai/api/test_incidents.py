"""incidents/: what was noticed, and what is done with it."""

from omnidesk.core.tenancy import organization_scope
from tests.ai.test_incidents import surge_of
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.models import Ticket

V1 = "/api/v1/incidents/"


def test_a_surge_is_listed_declared_and_told_about(cast: Cast, alice: Client) -> None:
    surge, _people = surge_of(cast)
    [row] = alice.get(V1).json()["results"]
    assert (row["id"], row["state"], row["tickets"], row["people"]) == (surge.pk, "proposed", 5, 4)
    assert alice.get(f"{V1}?state=declared").json()["results"] == []
    body = {"subject": "VPN is down", "text": "The gateway does not answer.", "ask": True}
    done = alice.post(f"{V1}{surge.pk}/declare/", body).json()
    assert done["state"] == "declared"
    assert all(one["is_linked"] for one in done["members"])
    assert any(one["asked_at"] for one in done["members"])
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.get(number=done["ticket"]).subject == "VPN is down"
    told = alice.post(f"{V1}{surge.pk}/updates/", {"text": "It runs again.", "key": "one"})
    assert told.status_code == 200
    again = alice.post(f"{V1}{surge.pk}/dismiss/")
    assert "incident already" in alice.problem(again, 400, "invalid")["detail"]


def test_a_surge_is_dismissed(cast: Cast, alice: Client) -> None:
    surge, _people = surge_of(cast)
    assert alice.post(f"{V1}{surge.pk}/dismiss/").json()["state"] == "dismissed"


def test_bad_words_are_named(cast: Cast, alice: Client) -> None:
    surge, _people = surge_of(cast)
    for step, body, field in (
        ("declare", {"text": "x"}, "subject"),
        ("declare", {"subject": "x", "text": "y", "urgent": 1}, "urgent"),
        ("updates", {"text": "x"}, "key"),
    ):
        problem = alice.problem(alice.post(f"{V1}{surge.pk}/{step}/", body), 400, "invalid")
        assert field in problem["errors"]
    alice.problem(alice.get(f"{V1}?state=new"), 400, "invalid")


def test_it_is_the_desks_of_that_organization_alone(
    cast: Cast, dana: Client, charlie: Client
) -> None:
    surge, _people = surge_of(cast)
    dana.problem(dana.get(V1), 403, "forbidden")
    dana.problem(dana.post(f"{V1}{surge.pk}/dismiss/"), 403, "forbidden")
    assert charlie.get(V1).json()["results"] == []
    for path in ("", "dismiss/"):
        ask = charlie.post if path else charlie.get
        charlie.problem(ask(f"{V1}{surge.pk}/{path}"), 404, "not-found")
    charlie.problem(charlie.get(f"{V1}{10**30}/"), 404, "not-found")
