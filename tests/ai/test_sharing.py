"""A young organization learns from those that lend their history, and takes nothing of it along."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from ai import learning, sweeping
from ai.actions.training import start_training
from ai.engine.classify import Classifier
from ai.lending import lenders, may_borrow
from ai.models import Policy, Suggestion, TrainedModel, Training
from ai.runtime import Runtime
from ai.tasks import forget_shared
from omnidesk.accounts.actions import create_organization
from omnidesk.accounts.models import Organization, User
from omnidesk.core.tenancy import organization_scope, system_scope
from tests.ai.test_learning import PRINT, VPN, Read
from tests.ai.views.test_panel import signed_in
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.catalog import default_status, set_up_organization
from tickets.actions.intake import Body, open_ticket
from tickets.choices import Source, StatusCategory
from tickets.models import Category, Ticket

# A word that stands in every ticket of one lender alone.
SECRET = "Falkenhorst"


@pytest.fixture
def lent(cast: Cast) -> list[Organization]:
    """Two organizations that lend forty closed tickets each, with categories called like ours.

    The names say nothing, so that descriptions alone cannot sort.
    """
    with organization_scope(cast.nordwerk.pk):
        for category, name in ((cast.vpn, "Group one"), (cast.printing, "Group two")):
            Category.objects.filter(pk=category.pk).update(name=name, description="")
    with system_scope():
        third = create_organization(name="Third", slug="third", domains=["third.example"])
        set_up_organization(third)
    found = [cast.lumen, third]
    for organization in found:
        with organization_scope(organization.pk):
            _history(organization, cast.charlie)
            Policy.objects.create(organization=organization, lends_history=True)
    return found


def _history(organization: Organization, person: User) -> None:
    closed = default_status(organization.pk, StatusCategory.CLOSED)
    own = {"organization": organization}
    kinds = (
        (Category.objects.create(**own, name=" group  ONE"), VPN),
        (Category.objects.create(**own, name="Group two"), PRINT),
        (Category.objects.create(**own, name="Payroll"), ("Payslip is wrong",)),
    )
    for number in range(20):
        for category, texts in kinds:
            text = f"{texts[number % len(texts)]}, {SECRET if organization.slug == 'third' else ''}"
            ticket = open_ticket(
                organization_id=organization.pk, requester=person,
                subject=texts[(number + 1) % len(texts)], body=Body(text=text),
                source=Source.PORTAL, actor=Actor.person(person),
            )  # fmt: skip
            Ticket.objects.filter(pk=ticket.pk).update(
                category=category, status=closed, status_category="closed", ai_state="off"
            )


@pytest.fixture
def borrower(cast: Cast) -> Policy:
    with organization_scope(cast.nordwerk.pk):
        return Policy.objects.create(organization=cast.nordwerk, uses_shared=True)


def train(cast: Cast, models: Runtime) -> Training:
    with organization_scope(cast.nordwerk.pk):
        training = start_training(organization_id=cast.nordwerk.pk, user=None)
    assert learning.run(cast.nordwerk.pk, training.pk, encoder=models.batcher)
    with organization_scope(cast.nordwerk.pk):
        training.refresh_from_db()
    return training


def test_nobody_lends_or_borrows_unasked(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.create(organization=cast.nordwerk)
    assert not may_borrow(cast.nordwerk.pk)
    assert lenders(cast.nordwerk.pk) == []


def test_a_desk_without_history_sorts_by_what_two_others_lend(
    cast: Cast, models: Runtime, read: Read, lent: list[Organization], borrower: Policy
) -> None:
    assert [pair[0] for pair in sweeping.trainings_due([cast.nordwerk.pk])] == [cast.nordwerk.pk]
    report = train(cast, models).report["category"]
    assert (report["outcome"], report["borrowed"], report["examples"]) == ("shared", 80, 0)
    assert report["match"]["after"] > report["match"]["before"]
    assert sweeping.trainings_due([cast.nordwerk.pk]) == [], "once a day is enough"
    with organization_scope(cast.nordwerk.pk):
        model = TrainedModel.objects.get(kind="category")
    assert model.is_shared
    assert set(model.classes) == {str(cast.vpn.pk), str(cast.printing.pk)}, "our own names alone"
    classifier = Classifier.loads(bytes(model.content))
    assert classifier.known.size == 0, "no ticket is kept, not even as a vector"
    assert classifier.space is not None
    words = " ".join(classifier.space.words()).lower()
    assert "toner" in words
    assert SECRET.lower() not in words
    assert "payslip" not in words
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(subject="Toner low", text=f"{SECRET}: the plotter prints no pages.")
    ticket = read(ticket)
    assert ticket.ai_verdict["category"]["value"] == "Group two"
    assert ticket.ai_verdict["category"]["band"] != "very_likely"
    with organization_scope(cast.nordwerk.pk):
        row = Suggestion.objects.get(ticket=ticket, field="category")
    assert row.source == "shared 1"
    kinds = {one["kind"] for one in row.evidence}
    assert "shared" in kinds
    said = {one["text"].lower() for one in row.evidence if one["kind"] == "word"}
    assert said == set(), "nobody else's words are evidence"
    panel = signed_in(cast.alice).get(reverse("ai:panel", args=[ticket.number])).content.decode()
    assert "The model that organizations share says so" in panel


def test_one_lender_is_not_enough(
    cast: Cast, models: Runtime, lent: list[Organization], borrower: Policy
) -> None:
    with organization_scope(lent[0].pk):
        Policy.objects.update(lends_history=False)
    assert train(cast, models).report["category"]["outcome"] == "too_little"
    with organization_scope(cast.nordwerk.pk):
        assert not TrainedModel.objects.exists()


def shared_model(cast: Cast, **more: object) -> TrainedModel:
    values = {"kind": "category", "version": 1, "content": b"x", "trained_on": 0, **more}
    return TrainedModel.objects.create(
        organization=cast.nordwerk, is_active=True, is_shared=True, **values
    )


def change(policy: Policy) -> tuple[str, dict[str, str]]:
    values = {"external": "unsure", "tone": "plain", "address": "formal", "length": "normal"}
    return reverse("admin:ai_policy_change", args=[policy.pk]), values


def delete(policy: Policy) -> tuple[str, dict[str, str]]:
    return reverse("admin:ai_policy_delete", args=[policy.pk]), {"post": "yes"}


def delete_several(policy: Policy) -> tuple[str, dict[str, str]]:
    chosen = {"action": "delete_selected", "_selected_action": str(policy.pk), "post": "yes"}
    return reverse("admin:ai_policy_changelist"), chosen


@pytest.mark.parametrize("way", [change, delete, delete_several])
@pytest.mark.parametrize("who", ["lender", "borrower"])
def test_whoever_withdraws_or_has_no_policy_takes_it_back_for_good(
    cast: Cast, borrower: Policy, way: Callable[[Policy], tuple[str, dict[str, str]]], who: str,
    django_capture_on_commit_callbacks: Callable[..., object], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(forget_shared, "delay", forget_shared)
    with organization_scope(cast.lumen.pk):
        lender = Policy.objects.create(organization=cast.lumen, lends_history=True)
    with organization_scope(cast.nordwerk.pk):
        shared_model(cast)
    with system_scope():
        cast.admin.refresh_from_db()
    root = Client()
    root.force_login(cast.admin)
    url, values = way(lender if who == "lender" else borrower)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        assert root.post(url, values).status_code == 302
    assert lenders(cast.nordwerk.pk) == ([] if who == "lender" else [cast.lumen.pk])
    with organization_scope(cast.nordwerk.pk):
        assert not TrainedModel.objects.exists(), "not even for a rollback"


def test_a_switched_off_borrower_is_not_answered_by_it(
    cast: Cast, read: Read, borrower: Policy
) -> None:
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.update(uses_shared=False)
        shared_model(cast)
        ticket = cast.ticket()
    read(ticket)
    with organization_scope(cast.nordwerk.pk):
        sources = Suggestion.objects.filter(field="category").values_list("source", flat=True)
        assert not any("shared" in source for source in sources)
