"""Answering on the pages, and asking beside a ticket."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from omnidesk.accounts.models import Membership, User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.test_approvals import again, approver, ask, policy
from tests.tickets.views.conftest import SignIn
from tickets.models import Approval, ApprovalPolicy, ApprovalStep


def test_a_manager_answers_in_the_portal(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        manager = approver(cast, "Mara")
        approval = ask(cast, policy(cast, {"person": manager}))
        vote = approval.votes.get()
    client = sign_in(manager)
    assert b"May I order a laptop?" in client.get("/approvals/").content
    assert b"May I order a laptop?" in client.get(f"/approvals/{vote.pk}/").content
    # The question is hers to see, the ticket is not.
    assert client.get(f"/tickets/{approval.ticket.number}/").status_code == 404
    answer = client.post(f"/approvals/{vote.pk}/", {"decision": "reject", "comment": "No"})
    assert answer.status_code == 302
    with organization_scope(cast.nordwerk.pk):
        assert again(approval).state == "rejected"


def test_somebody_else_s_question_is_not_there(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        vote = ask(cast).votes.get()
    for other in (cast.alice, cast.dana, cast.charlie):
        client = sign_in(other)
        assert client.get(f"/approvals/{vote.pk}/").status_code == 404
        assert client.post(f"/approvals/{vote.pk}/", {"decision": "approve"}).status_code == 404


def test_who_works_on_the_ticket_answers_on_it(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        approval = ask(cast)
        vote, ticket = approval.votes.get(), approval.ticket
    page = f"/desk/t/{ticket.number}/"
    answer = f'action="/approvals/{vote.pk}/"'
    assert answer not in sign_in(cast.alice).get(f"{page}side/").content.decode()
    client = sign_in(cast.bob)
    assert answer in client.get(f"{page}side/").content.decode()
    data = {"decision": "approve", "comment": "Fine", "next": page}
    assert client.post(f"/approvals/{vote.pk}/", data).headers["Location"] == page
    side = client.get(f"{page}side/").content.decode()
    assert "Fine" in side
    assert answer not in side


def test_an_agent_asks_and_takes_back_beside_the_ticket(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        row, ticket = policy(cast), cast.ticket()
    client = sign_in(cast.alice)
    side = f"/desk/t/{ticket.number}/side/"
    assert b"Ask for approval" in client.get(side).content
    url = f"/desk/t/{ticket.number}/approvals/"
    for chosen in ("", "x", "9" * 30, "0"):
        client.post(url, {"policy": chosen, "question": "May I?"})
    client.post(url, {"policy": str(row.pk), "question": ""})
    with organization_scope(cast.nordwerk.pk):
        assert not Approval.objects.exists()
    client.post(url, {"policy": str(row.pk), "question": "May I?"})
    page = client.get(side).content
    assert b"Bob Lead" in page
    with organization_scope(cast.nordwerk.pk):
        approval = Approval.objects.get()
    client.post(f"/desk/t/{ticket.number}/approvals/{approval.pk}/withdraw/")
    with organization_scope(cast.nordwerk.pk):
        assert again(approval).state == "withdrawn"
    assert b"Question taken back: Order" in client.get(f"/desk/t/{ticket.number}/").content


@pytest.fixture
def boss(cast: Cast) -> Client:
    """Bob administers Nordwerk."""
    with organization_scope(cast.nordwerk.pk):
        Membership.objects.filter(user=cast.bob).update(role="administrator")
    User.objects.filter(pk=cast.bob.pk).update(is_staff=True)
    client = Client()
    client.force_login(User.objects.get(pk=cast.bob.pk))
    return client


def defined(cast: Cast, **step: Any) -> dict[str, Any]:
    """What the administration's form sends for a definition with one step."""
    first = {"position": "1", "approver_kind": "person", "person": "", "team": "", "quorum": "1"}
    return {
        "organization": str(cast.nordwerk.pk),
        "name": "Purchase",
        "is_active": "on",
        "deadline_hours": "48",
        "on_expiry": "reject",
        "steps-TOTAL_FORMS": "1" if step else "0",
        "steps-INITIAL_FORMS": "0",
        **{f"steps-0-{name}": str(value) for name, value in (first | step).items() if step},
    }


def test_an_administrator_defines_who_decides(cast: Cast, boss: Client) -> None:
    answer = boss.post(
        reverse("admin:tickets_approvalpolicy_add"), defined(cast, person=cast.alice.pk)
    )
    assert answer.status_code == 302
    with organization_scope(cast.nordwerk.pk):
        step = ApprovalStep.objects.get()
        assert (step.person, step.organization) == (cast.alice, cast.nordwerk)


@pytest.mark.parametrize(
    ("kind", "step", "sentence"),
    [
        ("none", {}, "at least one step"),
        ("empty", {"quorum": 1}, "Choose the person who decides."),
        ("left", {"quorum": 1}, "has left or does not belong"),
        ("gone", {"quorum": 1}, "has left or does not belong"),
        ("delegate", {"quorum": 1}, "has left or does not belong"),
        ("many", {"quorum": 7}, "fewer than must agree"),
    ],
)
def test_a_definition_that_cannot_work_is_refused_in_words(
    cast: Cast, boss: Client, kind: str, step: dict[str, Any], sentence: str
) -> None:
    if kind == "gone":
        User.objects.filter(pk=cast.dana.pk).update(is_active=False)
    people = {"left": cast.charlie.pk, "gone": cast.dana.pk, "many": cast.alice.pk}
    values = dict(step)
    if kind in people:
        values["person"] = people[kind]
    if kind == "delegate":
        values |= {"person": cast.alice.pk, "delegate": cast.charlie.pk}
    answer = boss.post(reverse("admin:tickets_approvalpolicy_add"), defined(cast, **values))
    assert sentence in answer.content.decode()
    with organization_scope(cast.nordwerk.pk):
        assert not ApprovalPolicy.objects.exists()


def test_a_definition_whose_approver_left_since_says_so_in_the_list(
    cast: Cast, boss: Client
) -> None:
    boss.post(reverse("admin:tickets_approvalpolicy_add"), defined(cast, person=cast.alice.pk))
    page = boss.get(reverse("admin:tickets_approvalpolicy_changelist")).content.decode()
    assert "In force" in page
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    page = boss.get(reverse("admin:tickets_approvalpolicy_changelist")).content.decode()
    assert "Alice Agent has left or does not belong to this organization." in page
