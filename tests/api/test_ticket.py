"""GET, PUT, PATCH, DELETE tickets/{number}/, and restore."""

from collections.abc import Callable

import pytest

from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.triage import assign, record_verdict
from tickets.choices import ActorKind
from tickets.models import Change, Ticket


@pytest.fixture
def url(ticket: Ticket) -> str:
    return f"/api/v1/tickets/{ticket.number}/"


def test_it_shows_the_ticket_to_desk_and_requester(
    alice: Client, dana: Client, ticket: Ticket, url: str
) -> None:
    for client in (alice, dana):
        body = client.get(url).json()
        assert body["number"] == ticket.number
        assert body["description"] == ticket.description


def test_it_hides_another_organization_s_ticket_like_one_that_never_was(
    charlie: Client, ticket: Ticket, url: str
) -> None:
    other = charlie.problem(charlie.get(url), 404, "not-found")
    missing_url = f"/api/v1/tickets/{ticket.number + 1000}/"
    missing = charlie.problem(charlie.get(missing_url), 404, "not-found")
    assert other["detail"].replace(str(ticket.number), "N") == missing["detail"].replace(
        str(ticket.number + 1000), "N"
    )
    charlie.problem(charlie.patch(url, {"urgency": "high"}), 404, "not-found")
    charlie.problem(charlie.delete(url), 404, "not-found")


@pytest.mark.parametrize("number", ["0", "-1", "abc", "99999999999999999999999999", "1.5", "%00"])
def test_a_number_that_cannot_be_is_a_ticket_that_is_not_there(alice: Client, number: str) -> None:
    alice.problem(alice.get(f"/api/v1/tickets/{number}/"), 404, "not-found")


def test_it_shows_the_ai_s_verdict_without_other_tickets_to_requesters(
    cast: Cast, alice: Client, dana: Client, ticket: Ticket, url: str
) -> None:
    with organization_scope(cast.nordwerk.pk):
        record_verdict(
            ticket=ticket,
            state="done",
            actor=Actor.machine(ActorKind.AI, "local"),
            verdict={
                "category": {"value": "VPN & remote", "confidence": 0.91, "band": "very_likely",
                             "state": "proposed"},
                "sources": [{"kind": "ticket", "number": 3}],
                "confidence": 0.91,
                "autonomy": "suggest",
                "draft": True,
            },
        )  # fmt: skip
    shown = alice.get(url).json()["ai"]
    assert shown["state"] == "done"
    assert shown["category"]["value"] == "VPN & remote"
    assert shown["urgency"] is None
    assert shown["sources"] == [{"kind": "ticket", "number": 3}]
    assert shown["draft"] is True
    hidden = dana.get(url).json()["ai"]
    assert hidden["sources"] == []
    assert hidden["draft"] is False


def test_patch_changes_what_it_names_and_logs_each(
    cast: Cast, alice: Client, ticket: Ticket, url: str
) -> None:
    response = alice.patch(
        url,
        {
            "urgency": "critical",
            "category": "VPN & remote",
            "assignee": cast.alice.email,
            "status": "on-hold",
            "tags": ["vip"],
        },
    )
    assert response.status_code == 200, response.content
    body = response.json()
    assert (body["urgency"], body["priority"]) == ("critical", "high")
    assert body["assignee"]["id"] == cast.alice.pk
    assert (body["status"], body["status_category"]) == ("on-hold", "pending")
    assert body["team"]["slug"] == "network"
    assert body["tags"] == ["vip"]
    assert body["subject"] == ticket.subject
    with organization_scope(cast.nordwerk.pk):
        verbs = set(Change.objects.filter(actor=cast.alice).values_list("verb", flat=True))
    assert verbs >= {"ticket.urgency_changed", "ticket.categorised", "ticket.status_changed"}


def test_patch_clears_with_null(cast: Cast, alice: Client, ticket: Ticket, url: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        assign(ticket=ticket, actor=Actor.person(cast.alice), assignee=cast.alice)
    assert alice.patch(url, {"assignee": None}).json()["assignee"] is None


def test_put_takes_back_what_get_showed(alice: Client, url: str) -> None:
    shown = alice.get(url).json()
    shown["urgency"] = "low"
    response = alice.put(url, shown)
    assert response.status_code == 200, response.content
    assert response.json()["urgency"] == "low"


def test_put_needs_a_subject(alice: Client, url: str) -> None:
    errors = alice.problem(alice.put(url, {"urgency": "low"}), 400, "invalid")["errors"]
    assert errors == {"subject": ["This field is required."]}


def test_fields_that_nobody_can_set_are_refused_by_name(alice: Client, url: str) -> None:
    response = alice.patch(url, {"number": 1, "description": "Other", "urgency": "low"})
    errors = alice.problem(response, 400, "invalid")["errors"]
    assert errors == {
        "number": ["This field cannot be changed."],
        "description": ["This field cannot be changed."],
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "nowhere"}, "status"),
        ({"assignee": "dana@nordwerk.example"}, "assignee"),
        ({"team": "nobody"}, "team"),
        ({"urgency": 5}, "urgency"),
        ({"tags": "vip"}, "tags"),
        ({"subject": ""}, "subject"),
        ({"category": {"colour": "red"}}, "category"),
        ({"category": True}, "category"),
        ({"shape": "round"}, "shape"),
    ],
)
def test_wrong_values_are_named(
    alice: Client, url: str, change: dict[str, object], field: str
) -> None:
    body = alice.problem(alice.patch(url, change, format="json"), 400, "invalid")
    assert field in body["errors"]


@pytest.mark.parametrize("body", [[1, 2], "text", 7])
def test_a_body_that_is_no_object_is_refused(alice: Client, url: str, body: object) -> None:
    alice.problem(alice.patch(url, body, format="json"), 400, "invalid")


def test_a_stage_stands_for_its_first_status(alice: Client, url: str) -> None:
    assert alice.patch(url, {"status": "solved"}).json()["status"] == "resolved"


def test_requesters_close_their_ticket_and_nothing_else(dana: Client, url: str) -> None:
    dana.problem(dana.patch(url, {"urgency": "critical"}), 403, "forbidden")
    dana.problem(dana.patch(url, {"status": "on-hold"}), 403, "forbidden")
    solved = dana.patch(url, {"status": "solved"})
    assert solved.status_code == 200
    assert solved.json()["status_category"] == "solved"
    dana.problem(dana.delete(url), 403, "forbidden")


def test_if_match_stops_a_lost_update(cast: Cast, alice: Client, ticket: Ticket, url: str) -> None:
    tag = alice.get(url)["ETag"]
    with organization_scope(cast.nordwerk.pk):
        assign(ticket=ticket, actor=Actor.person(cast.bob), assignee=cast.bob)
    late = alice.patch(url, {"urgency": "low"}, headers={"If-Match": tag})
    alice.problem(late, 412, "changed-meanwhile")
    fresh = alice.get(url)["ETag"]
    done = alice.patch(url, {"urgency": "low"}, headers={"If-Match": fresh})
    assert done.status_code == 200
    assert done["ETag"] == alice.get(url)["ETag"]
    weak = alice.patch(url, {"urgency": "high"}, headers={"If-Match": f"W/{done['ETag']}"})
    assert weak.status_code == 200
    assert alice.patch(url, {"urgency": "low"}, headers={"If-Match": "*"}).status_code == 200


def test_if_none_match_answers_304(alice: Client, url: str) -> None:
    tag = alice.get(url)["ETag"]
    assert alice.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert alice.get(url, headers={"If-None-Match": f"W/{tag}"}).status_code == 304
    assert alice.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    alice.patch(url, {"urgency": "low"})
    assert alice.get(url, headers={"If-None-Match": tag}).status_code == 200


def test_administrators_delete_and_restore(
    cast: Cast, admin: Client, alice: Client, ticket: Ticket, url: str
) -> None:
    alice.problem(alice.delete(url), 403, "forbidden")
    assert admin.delete(url).status_code == 204
    admin.problem(admin.get(url), 404, "not-found")
    alice.problem(alice.post(f"{url}restore/"), 403, "forbidden")
    assert admin.post(f"{url}restore/").status_code == 200
    assert alice.get(url).status_code == 200
    admin.problem(admin.post(f"{url}restore/"), 404, "not-found")
    with organization_scope(cast.nordwerk.pk):
        verbs = list(Change.objects.filter(actor=cast.admin).values_list("verb", flat=True))
    assert verbs == ["ticket.deleted", "ticket.restored"]


def test_agents_have_the_ai_read_a_ticket_again(
    cast: Cast, alice: Client, dana: Client, ticket: Ticket, url: str
) -> None:
    dana.problem(dana.post(f"{url}reprocess/"), 403, "forbidden")
    response = alice.post(f"{url}reprocess/")
    assert response.status_code == 202
    assert response.json()["ai"]["state"] == "pending"
    alice.problem(alice.post(f"{url}reprocess/", {"model": "x"}), 400, "invalid")


def test_an_organization_s_own_administrator_may_delete(
    cast: Cast, client_of: Callable[[User], Client], ticket: Ticket, url: str
) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.bob.memberships.update(role="administrator")
    assert client_of(cast.bob).delete(url).status_code == 204


def test_a_pending_ticket_says_what_it_waits_for(alice: Client, url: str) -> None:
    given = {"status": "waiting", "pending_reason": "supplier"}
    body = alice.patch(url, given).json()
    assert (body["status"], body["pending_reason"]) == ("waiting", "supplier")
    assert alice.patch(url, {"pending_reason": "date"}).json()["pending_reason"] == "date"
    whole = {**alice.get(url).json(), "status": "resolved"}
    body = alice.put(url, whole).json()
    assert (body["status"], body["pending_reason"]) == ("resolved", None)


def test_an_unknown_reason_names_the_known_ones(alice: Client, url: str) -> None:
    answer = alice.patch(url, {"status": "waiting", "pending_reason": "godot"})
    errors = alice.problem(answer, 400, "invalid")["errors"]
    assert "requester" in errors["pending_reason"][0]
    refused = alice.patch(url, {"pending_reason": "date"})
    assert "Only a pending" in alice.problem(refused, 400, "invalid")["errors"]["pending_reason"][0]


def test_a_change_moves_by_its_workflow_and_the_problem_names_the_allowed_keys(
    alice: Client,
) -> None:
    given = {"subject": "New firewall", "description": "Replace it", "type": "change"}
    body = alice.post("/api/v1/tickets/", given, format="json").json()
    assert (body["type"], body["status"]) == ("change", "new")
    url = f"/api/v1/tickets/{body['number']}/"
    refused = alice.problem(alice.patch(url, {"status": "closed"}), 400, "invalid")
    assert refused["errors"]["status"][0].endswith("Allowed from here: assessment.")
    assert alice.patch(url, {"status": "assessment"}).json()["status"] == "assessment"
    lacking = alice.problem(alice.patch(url, {"status": "approval"}), 400, "invalid")
    assert "assignee" in lacking["errors"]["category"][0]
    whole = {"status": "approval", "category": "VPN & remote", "assignee": alice.get(
        "/api/v1/users/me/"
    ).json()["email"]}  # fmt: skip
    assert alice.patch(url, whole).json()["status"] == "approval"
    unknown = alice.problem(alice.patch(url, {"type": "wish"}), 400, "invalid")
    assert "incident" in unknown["errors"]["type"][0]
