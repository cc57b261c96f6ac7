"""POST tickets/."""

import pytest

from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.models import Change, CustomField, Ticket

URL = "/api/v1/tickets/"
GIVEN = {"subject": "Printer jams", "description": "The printer on floor 2 jams."}
FIELDS = {
    "number", "subject", "description", "status", "status_category", "category", "urgency",
    "impact", "priority", "requester", "assignee", "team", "organization", "source", "tags",
    "language", "created_at", "updated_at", "first_response_at", "resolved_at", "sla", "ai",
    "version",
}  # fmt: skip


def test_it_opens_a_ticket_that_the_ai_has_not_read_yet(cast: Cast, alice: Client) -> None:
    response = alice.post(URL, GIVEN)
    assert response.status_code == 201
    body = response.json()
    assert body.keys() >= FIELDS
    assert body["ai"]["state"] == "pending"
    assert body["ai"]["category"] is None
    sla = body["sla"]
    assert (sla["state"], sla["next_response_due"]) == ("running", None)
    assert body["created_at"] < sla["first_response_due"] < sla["resolution_due"]
    assert body["status"] == "new"
    assert body["status_category"] == "open"
    assert body["source"] == "api"
    assert body["requester"]["email"] == cast.alice.email
    assert response["Location"].endswith(f"/api/v1/tickets/{body['number']}/")
    assert alice.get(response["Location"]).json() == body


def test_it_takes_triage_by_name(cast: Cast, alice: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        for key, kind in (("asset", "text"), ("rooms", "number")):
            CustomField.objects.create(
                organization=cast.nordwerk, key=key, kind=kind, label={"en": key}
            )
    response = alice.post(
        URL,
        {
            **GIVEN,
            "category": "printing",
            "urgency": "high",
            "impact": "medium",
            "team": "Network & VPN",
            "tags": ["Floor 2", "printer"],
            "custom_fields": {"asset": "PR-7", "rooms": 2},
        },
    )
    assert response.status_code == 201, response.content
    body = response.json()
    assert body["category"] == "Printing"
    assert body["urgency"] == "high"
    assert body["priority"] == "high"
    assert body["team"]["slug"] == "network"
    assert body["tags"] == ["floor 2", "printer"]
    assert body["custom_fields"] == {"asset": "PR-7", "rooms": 2}


def test_it_lets_agents_open_tickets_for_people_it_meets_for_the_first_time(
    cast: Cast, alice: Client
) -> None:
    response = alice.post(URL, {**GIVEN, "requester_email": "New.Person@nordwerk.example"})
    assert response.status_code == 201
    assert response.json()["requester"]["email"] == "new.person@nordwerk.example"
    with organization_scope(cast.nordwerk.pk):
        person = User.objects.get(email="new.person@nordwerk.example")
        assert person.memberships.get().role == "requester"


def test_it_lets_requesters_open_tickets_for_themselves_alone(cast: Cast, dana: Client) -> None:
    own = dana.post(URL, {**GIVEN, "requester_email": cast.dana.email})
    assert own.status_code == 201
    other = dana.post(URL, {**GIVEN, "requester_email": cast.alice.email})
    dana.problem(other, 403, "forbidden")


def test_it_says_who_opened_the_ticket_in_the_log(cast: Cast, alice: Client) -> None:
    response = alice.post(
        URL, {**GIVEN, "requester_email": cast.dana.email}, headers={"X-Correlation-ID": "a" * 12}
    )
    with organization_scope(cast.nordwerk.pk):
        change = Change.objects.get(ticket__number=response.json()["number"])
        assert (change.verb, change.actor_id) == ("ticket.opened", cast.alice.pk)
        assert change.correlation_id == "a" * 12


def test_it_names_every_unknown_and_wrong_field_at_once(alice: Client) -> None:
    response = alice.post(
        URL,
        {"subject": 5, "description": "x", "urgency": "burning", "colour": "red", "number": 7},
    )
    errors = alice.problem(response, 400, "invalid")["errors"]
    assert errors.keys() == {"subject", "urgency", "colour", "number"}
    assert errors["colour"] == ["Unknown field."]
    assert "burning" in errors["urgency"][0]


def test_it_lists_the_valid_names_for_an_unknown_one(cast: Cast, alice: Client) -> None:
    wrong_category = alice.post(URL, {**GIVEN, "category": "Coffee"})
    errors = alice.problem(wrong_category, 400, "invalid")["errors"]
    assert errors == {"category": ["Not known here. One of: Printing, VPN & remote."]}
    wrong_team = alice.post(URL, {**GIVEN, "team": 999_999})
    assert "network" in alice.problem(wrong_team, 400, "invalid")["errors"]["team"][0]


def test_it_does_not_know_another_organization_s_names(cast: Cast, charlie: Client) -> None:
    by_name = charlie.post(URL, {**GIVEN, "category": "Printing"})
    charlie.problem(by_name, 400, "invalid")
    by_id = charlie.post(URL, {**GIVEN, "category": cast.printing.pk})
    charlie.problem(by_id, 400, "invalid")
    elsewhere = charlie.post(URL, {**GIVEN, "organization": "nordwerk"})
    errors = charlie.problem(elsewhere, 400, "invalid")["errors"]
    assert errors == {"organization": ["Not known here. One of: lumen."]}


@pytest.mark.parametrize("missing", ["subject", "description"])
def test_it_needs_subject_and_description(alice: Client, missing: str) -> None:
    response = alice.post(URL, {k: v for k, v in GIVEN.items() if k != missing})
    assert missing in alice.problem(response, 400, "invalid")["errors"]
    blank = alice.post(URL, {**GIVEN, missing: "  "})
    assert missing in alice.problem(blank, 400, "invalid")["errors"]


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800"])
def test_it_refuses_characters_that_cannot_be_stored(alice: Client, text: str) -> None:
    in_subject = alice.post(
        URL, f'{{"subject": "{text}", "description": "x"}}', content_type="application/json"
    )
    assert "subject" in alice.problem(in_subject, 400, "invalid")["errors"]
    in_fields = alice.post(
        URL,
        f'{{"subject": "x", "description": "x", "custom_fields": {{"x": ["{text}"]}}}}',
        content_type="application/json",
    )
    assert "custom_fields" in alice.problem(in_fields, 400, "invalid")["errors"]


def test_it_refuses_deep_and_huge_custom_fields(alice: Client) -> None:
    deep: dict[str, object] = {}
    for _ in range(12):
        deep = {"x": deep}
    for value in (deep, {"x": "y" * 60_000}, ["no object"], "text"):
        response = alice.post(URL, {**GIVEN, "custom_fields": value})
        assert "custom_fields" in str(alice.problem(response, 400, "invalid")["errors"])


def test_it_needs_a_signed_in_person(client: Client, db: None) -> None:
    response = client.post(URL, GIVEN)
    client.problem(response, 401, "not-authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_refused_ticket_leaves_nothing_behind(cast: Cast, alice: Client) -> None:
    response = alice.post(
        URL, {**GIVEN, "requester_email": "half@nordwerk.example", "category": "Coffee"}
    )
    assert response.status_code == 400
    assert not User.objects.filter(email="half@nordwerk.example").exists()
    with organization_scope(cast.nordwerk.pk):
        assert not Ticket.objects.exists()
