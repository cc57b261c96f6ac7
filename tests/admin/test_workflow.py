"""Workflows in the administration: sound ones come into force, others are refused in words."""

from typing import Any

import pytest
from django.test import Client

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.types import workflow_of
from tickets.models import CustomField, PriorityCell, Status, TicketType


@pytest.fixture
def root(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.admin)
    return client


def statuses(cast: Cast) -> dict[str, Status]:
    with organization_scope(cast.nordwerk.pk):
        return {status.key: status for status in Status.objects.all()}


@pytest.fixture(autouse=True)
def shelf(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        CustomField.objects.create(
            organization=cast.nordwerk, key="shelf", kind="text", label={"en": "Shelf"}
        )


def form(
    cast: Cast, chosen: list[str], moves: list[tuple[str, str, str, str]], **more: Any
) -> dict[str, Any]:
    """What the page posts: status keys, and moves as (from, to, role, needs)."""
    rows = statuses(cast)
    data: dict[str, Any] = {
        "organization": cast.nordwerk.pk,
        "key": "loan",
        "name": "Loan",
        "position": 5,
        "is_active": "on",
        "start": rows["new"].pk,
        "chosen": [rows[key].pk for key in chosen],
        "transitions-TOTAL_FORMS": len(moves),
        "transitions-INITIAL_FORMS": 0,
    }
    for i, (source, target, role, needs) in enumerate(moves):
        data |= {
            f"transitions-{i}-source": rows[source].pk if source else "",
            f"transitions-{i}-target": rows[target].pk,
            f"transitions-{i}-role": role,
            f"transitions-{i}-requires": needs,
        }
    return data | more


ADD = "/admin/tickets/tickettype/add/"
SOUND = [("new", "open", "agent", ""), ("", "closed", "lead", "note, custom:shelf")]


def test_a_sound_workflow_comes_into_force(cast: Cast, root: Client) -> None:
    answer = root.post(ADD, form(cast, ["new", "open", "closed"], SOUND))
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    with organization_scope(cast.nordwerk.pk):
        kind = TicketType.objects.get(key="loan")
        ticket = cast.ticket()
        ticket.type = kind
        workflow = workflow_of(ticket)
        assert workflow.start == "new"
        assert list(workflow.stages) == ["new", "open", "closed"]
        assert [s.requires for s in workflow.steps] == [(), ("note", "custom:shelf")]


@pytest.mark.parametrize(
    ("chosen", "moves", "words"),
    [
        (["new", "open"], [], "a ticket could never end"),
        (["new", "open", "closed"], SOUND[:1], "No step leads from the start to: Closed"),
        (["new", "open", "waiting", "closed"], [
            ("new", "closed", "agent", ""), ("new", "open", "agent", ""),
            ("open", "waiting", "agent", ""), ("waiting", "open", "agent", ""),
        ], "No way leads to a solved or closed status from: Open, Waiting for requester"),
        (["new", "closed"], [("new", "open", "agent", "")], "a status that this type does not"),
        (["new", "closed"], [("new", "closed", "agent", "colour")], "cannot be required"),
        (["new", "closed"], [("new", "closed", "agent", "custom:colour")],
         "requires the custom field “colour”, which does not exist."),
        (["open", "closed"], [], "Choose which of the open statuses"),
        ([], [], "Choose at least one status"),
    ],
)  # fmt: skip
def test_an_unusable_workflow_is_refused_in_words(
    cast: Cast, root: Client, chosen: list[str], moves: list[tuple[str, str, str, str]], words: str
) -> None:
    answer = root.post(ADD, form(cast, chosen, moves))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    with organization_scope(cast.nordwerk.pk):
        assert not TicketType.objects.filter(key="loan").exists()


def test_what_was_refused_leaves_the_old_workflow_in_force(cast: Cast, root: Client) -> None:
    root.post(ADD, form(cast, ["new", "open", "closed"], SOUND))
    with organization_scope(cast.nordwerk.pk):
        before = TicketType.objects.get(key="loan")
    answer = root.post(f"/admin/tickets/tickettype/{before.pk}/change/", form(cast, ["new"], []))
    assert answer.status_code == 200
    with organization_scope(cast.nordwerk.pk):
        after = TicketType.objects.get(key="loan")
        assert after.workflow == before.workflow
        assert after.statuses.count() == 3


def test_a_status_of_another_organization_is_refused(cast: Cast, root: Client) -> None:
    with organization_scope(cast.lumen.pk):
        foreign = Status.objects.get(key="open")
    data = form(cast, ["new", "closed"], [])
    answer = root.post(ADD, data | {"chosen": [*data["chosen"], foreign.pk]})
    assert "another organization" in answer.content.decode()


def test_a_new_status_joins_the_types_that_allow_everything(cast: Cast, root: Client) -> None:
    given = {
        "organization": cast.nordwerk.pk, "key": "parts", "name": "Waiting for parts",
        "category": "pending", "position": 9,
    }  # fmt: skip
    assert root.post("/admin/tickets/status/add/", given).status_code == 302
    with organization_scope(cast.nordwerk.pk):
        kinds = TicketType.objects.filter(statuses__key="parts").values_list("key", flat=True)
        assert set(kinds) == {"incident", "request"}
        incident = TicketType.objects.get(key="incident")
        assert ["parts", "pending"] in incident.workflow["stages"]


def test_the_usual_type_cannot_be_deleted(cast: Cast, root: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        kind = TicketType.objects.get(is_default=True)
    url = f"/admin/tickets/tickettype/{kind.pk}/delete/"
    assert root.post(url, {"post": "yes"}).status_code == 403


def test_the_matrix_is_edited_in_its_list(cast: Cast, root: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        cell = PriorityCell.objects.get(urgency="low", impact="low")
    page = f"/admin/tickets/prioritycell/?organization__id__exact={cast.nordwerk.pk}&urgency=low"
    listed = root.get(page)
    ids = [row.pk for row in listed.context["cl"].result_list]
    data: dict[str, Any] = {
        "form-TOTAL_FORMS": len(ids), "form-INITIAL_FORMS": len(ids), "_save": "Save",
    }  # fmt: skip
    for i, pk in enumerate(ids):
        data |= {f"form-{i}-id": pk, f"form-{i}-priority": "high"}
    assert root.post(page, data).status_code == 302
    with organization_scope(cast.nordwerk.pk):
        cell.refresh_from_db()
        assert cell.priority == "high"


def test_a_workflow_that_became_a_trap_says_so_in_the_list(cast: Cast, root: Client) -> None:
    page = root.get("/admin/tickets/tickettype/").content.decode()
    assert "In force" in page
    assert "No way leads" not in page
    with organization_scope(cast.nordwerk.pk):
        kind = TicketType.objects.get(organization=cast.nordwerk, key="incident")
        stages = [["new", "open"], ["open", "open"], ["closed", "closed"]]
        steps = [["new", "open", "agent", []], ["new", "closed", "agent", []]]
        kind.workflow = {"start": "new", "stages": stages, "steps": steps}
        kind.save()
    page = root.get("/admin/tickets/tickettype/").content.decode()
    assert "No way leads to a solved or closed status from: open" in page


def test_a_field_that_is_gone_is_said_in_the_list(cast: Cast, root: Client) -> None:
    root.post(ADD, form(cast, ["new", "open", "closed"], SOUND))
    with organization_scope(cast.nordwerk.pk):
        CustomField.objects.all().delete()
    page = root.get("/admin/tickets/tickettype/").content.decode()
    assert "requires the custom field “shelf”, which does not exist" in page
