"""tickets/{number}/runbooks/ and runbook-runs/."""

from tests.api.conftest import Client
from tests.cast import Cast
from tests.tickets.test_runbooks import ON, book
from tickets.models import Ticket


def test_listed_rehearsed_run_and_taken_back(alice: Client, cast: Cast, ticket: Ticket) -> None:
    book(cast)
    home = f"/api/v1/tickets/{ticket.number}/"
    [one] = alice.get(f"{home}runbooks/").json()
    assert (one["name"], one["needs_approval"]) == ("Switch", False)
    assert [row["name"] for row in one["inputs"]] == ["switch", "position", "fails"]
    runs = f"{home}runbook-runs/"
    asked = {"runbook": "Switch", "values": ON}
    words = alice.post(runs, {**asked, "dry_run": True}, format="json").json()
    assert words == {"preview": "Would set the switch vpn to on."}
    assert alice.get(runs).json() == []
    made = alice.post(runs, asked, format="json")
    assert (made.status_code, made.json()["state"]) == (201, "queued")
    refused = alice.post(f"{runs}{made.json()['id']}/", {"do": "undo"}, format="json")
    assert refused.status_code in {400, 409, 422}
    [shown] = alice.get(runs).json()
    assert [step["what"] for step in shown["steps"]] == ["proposed", "dry_run"]


def test_what_is_wrong_is_named(alice: Client, cast: Cast, ticket: Ticket) -> None:
    book(cast)
    runs = f"/api/v1/tickets/{ticket.number}/runbook-runs/"
    for given, field in (
        ({"runbook": "Nope"}, "runbook"),
        ({"runbook": "Switch", "values": {**ON, "position": "up"}}, "position"),
        ({"runbook": "Switch", "values": []}, "values"),
        ({"runbook": "Switch", "values": ON, "force": True}, "force"),
    ):
        answer = alice.post(runs, given, format="json")
        assert answer.status_code in {400, 422}
        assert field in answer.json()["errors"]


def test_others_are_kept_out(dana: Client, charlie: Client, cast: Cast, ticket: Ticket) -> None:
    book(cast)
    runs = f"/api/v1/tickets/{ticket.number}/runbook-runs/"
    dana.problem(dana.get(runs), 403, "forbidden")
    charlie.problem(charlie.get(runs), 404, "not-found")
    given = {"runbook": "Switch", "values": ON}
    dana.problem(dana.post(runs, given, format="json"), 403, "forbidden")
