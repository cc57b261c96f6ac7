"""ai/tasks/: handing over, following, and who may."""

from typing import Any

import pytest

from ai.models import Job
from omnidesk.accounts.actions import add_member
from omnidesk.accounts.roles import Role
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast

V1 = "/api/v1/ai/tasks/"
ANALYSIS = {"task_type": "doc_analysis", "task_data": {"text": "The VPN drops every hour."}}


def test_a_task_is_handed_over_and_followed(cast: Cast, alice: Client, bob: Client) -> None:
    response = alice.post(V1, ANALYSIS)
    assert response.status_code == 202
    started = response.json()
    assert (started["state"], started["progress"], started["result"]) == ("pending", 0.0, None)
    assert started["requested_by"] == cast.alice.email
    with organization_scope(cast.nordwerk.pk):
        Job.objects.update(state="done", progress=1.0, result={"words": 5}, cost_usd="0.0125",
                           tokens_in=900)  # fmt: skip
    for reader in (alice, bob):
        shown = reader.get(f"{V1}{started['id']}/").json()
        assert shown["result"] == {"words": 5}
        assert shown["cost"] == {"usd": "0.012500", "tokens_in": 900, "tokens_out": 0}
    rows = alice.get(f"{V1}?state=done&task_type=doc_analysis").json()["results"]
    assert [row["id"] for row in rows] == [started["id"]]
    assert alice.get(f"{V1}?state=failed").json()["results"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "task_type"),
        ({"task_type": "doc_analysis"}, "task_data"),
        ({"task_type": "brew_coffee", "task_data": {}}, "task_type"),
        ({"task_type": "doc_analysis", "task_data": {}}, "task_data.text"),
        ({"task_type": "doc_analysis", "task_data": {"text": "x", "document": 1}},
         "task_data.text"),
        ({"task_type": "doc_analysis", "task_data": {"text": "x", "tone": "dry"}},
         "task_data.tone"),
        ({"task_type": "pr_review", "task_data": {"diff": "hello"}}, "task_data.diff"),
        ({"task_type": "paper_writing", "task_data": {"topic": "x", "sections": []}},
         "task_data.sections"),
        ({"task_type": "snowflake_query", "task_data": {"question": "How many?"}},
         "task_data.tables"),
        ({"task_type": "custom", "task_data": {"prompt": ""}}, "task_data.prompt"),
        ({"task_type": "custom", "task_data": "x"}, "task_data"),
        ({**ANALYSIS, "organization": "lumen"}, "organization"),
    ],
)  # fmt: skip
def test_wrong_input_is_named(alice: Client, body: dict[str, Any], field: str) -> None:
    problem = alice.problem(alice.post(V1, body), 400, "invalid")
    assert field in problem["errors"], problem["errors"]


def test_requesters_hand_nothing_over_and_strangers_see_nothing(
    cast: Cast, alice: Client, dana: Client, charlie: Client
) -> None:
    dana.problem(dana.post(V1, ANALYSIS), 403, "forbidden")
    dana.problem(dana.get(V1), 403, "forbidden")
    started = alice.post(V1, ANALYSIS).json()
    for reader in (dana, charlie):
        reader.problem(reader.get(f"{V1}{started['id']}/"), 404, "not-found")
    assert charlie.get(V1).json()["results"] == []
    alice.problem(alice.get(f"{V1}{10**30}/"), 404, "not-found")


def test_agents_see_their_own_and_not_each_others(cast: Cast, alice: Client) -> None:
    started = alice.post(V1, ANALYSIS).json()
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        add_member(organization=cast.nordwerk, user=cast.charlie, role=Role.AGENT)
    colleague = Client()
    colleague.force_login(cast.charlie)
    assert colleague.get(V1).json()["results"] == []
    colleague.problem(colleague.get(f"{V1}{started['id']}/"), 404, "not-found")


def test_one_person_does_not_fill_the_queue(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai.actions.jobs.MOST_OPEN", 1)
    alice.post(V1, ANALYSIS)
    problem = alice.problem(alice.post(V1, ANALYSIS), 400, "invalid")
    assert "Wait until some" in problem["detail"]
