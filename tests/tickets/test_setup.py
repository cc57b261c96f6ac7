"""The kept setup of an organization: never stale, never another's, not needed to work."""

import pickle
from collections.abc import Callable

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from omnidesk.accounts.models import Membership, Organization, Team, User
from omnidesk.accounts.roles import Role
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.choices import StatusCategory
from tickets.fields import FieldKind
from tickets.models import (
    Category,
    ChecklistTemplate,
    CustomField,
    PendingReason,
    SavedView,
    Status,
    TicketType,
)
from tickets.setup_selectors import Setup, desk_setups, setup_of


def person(user: User) -> User:
    """As a request meets them: nothing remembered."""
    return User.objects.get(pk=user.pk)


def read(cast: Cast) -> Setup:
    return setup_of(person(cast.alice), cast.nordwerk.pk)


def version(organization: Organization) -> object:
    return Organization.objects.values_list("configuration").get(pk=organization.pk)


MAKERS: dict[str, Callable[[int], object]] = {
    "team": lambda o: Team.objects.create(organization_id=o, name="New", slug="new"),
    "category": lambda o: Category.objects.create(organization_id=o, name="New"),
    "status": lambda o: Status.objects.create(
        organization_id=o, key="new-one", name="New", category=StatusCategory.OPEN
    ),
    "reason": lambda o: PendingReason.objects.create(organization_id=o, key="new", name="New"),
    "field": lambda o: CustomField.objects.create(
        organization_id=o, key="new", label={"en": "New"}, kind=FieldKind.TEXT
    ),
    "list": lambda o: ChecklistTemplate.objects.create(organization_id=o, name="New"),
    "categories at once": lambda o: Category.objects.bulk_create(
        [Category(organization_id=o, name=f"New {i}") for i in range(3)]
    ),
    "type by SQL": lambda o: TicketType.objects.filter(organization_id=o, is_default=True).update(
        name="New"
    ),
    "view": lambda o: SavedView.objects.create(organization_id=o, name="New"),
    "category gone": lambda o: Category.objects.filter(organization_id=o).delete(),
    "name of the organization": lambda o: Organization.objects.filter(pk=o).update(name="New"),
}


@pytest.mark.parametrize("change", MAKERS)
def test_whatever_is_configured_shows_at_once(cast: Cast, change: str) -> None:
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        before, other = version(cast.nordwerk), version(cast.lumen)
        read(cast)
        MAKERS[change](cast.nordwerk.pk)
        after = read(cast)
        assert version(cast.nordwerk) != before
        assert "New" in str(after) or change == "category gone"
        assert version(cast.lumen) == other


def test_an_agent_who_is_renamed_promoted_or_leaves_shows_at_once(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        User.objects.filter(pk=cast.bob.pk).update(name="Bob Renamed")
        assert "Bob Renamed" in [agent.name for agent in read(cast).agents]
        Membership.objects.filter(user=cast.bob).update(role=Role.REQUESTER)
        assert cast.bob not in read(cast).agents
        Membership.objects.filter(user=cast.bob).update(role=Role.AGENT)
        assert cast.bob in read(cast).agents
        Membership.objects.filter(user=cast.bob).delete()
        assert cast.bob not in read(cast).agents


def test_requesters_come_without_a_new_version(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        before = version(cast.nordwerk)
        new = User.objects.create_user("somebody@nordwerk.example", name="Some Body")
        Membership.objects.create(organization=cast.nordwerk, user=new, role=Role.REQUESTER)
        new.name = "Some Body Else"
        new.save()
        assert version(cast.nordwerk) == before


def test_a_change_that_is_undone_leaves_nothing_behind(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        with transaction.atomic():
            Category.objects.create(organization=cast.nordwerk, name="Undone")
            assert "Undone" in [category.name for category in read(cast).categories]
            transaction.set_rollback(True)
        assert "Undone" not in [category.name for category in read(cast).categories]
        # The next change must not find what the undone one left under its version.
        Category.objects.create(organization=cast.nordwerk, name="Kept")
        names = [category.name for category in read(cast).categories]
        assert ("Kept" in names, "Undone" in names) == (True, False)


def test_an_old_copy_of_the_organization_cannot_bring_an_old_version_back(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        copy = Organization.objects.get(pk=cast.nordwerk.pk)
        read(cast)
        Category.objects.create(organization=cast.nordwerk, name="New")
        copy.save()
        assert "New" in [category.name for category in read(cast).categories]


def test_it_is_read_once_for_everybody(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        read(cast)
        alice = person(cast.alice)
        with django_assert_num_queries(1):  # memberships with the version
            setup = setup_of(alice, cast.nordwerk.pk)
            assert desk_setups(alice) == [setup]
        with django_assert_num_queries(0):
            assert {team.name for team in setup.teams} >= {cast.network.name}
            assert all(agent.email for agent in setup.agents)


def test_outside_its_scope_an_organization_is_empty_and_stays_whole_inside(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        whole = read(cast)
    with organization_scope((), user_id=cast.alice.pk):
        assert read(cast).statuses == ()
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        assert read(cast) == whole


def test_no_password_is_kept(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        kept = pickle.dumps(read(cast))
    assert cast.alice.email.encode() in kept
    assert cast.alice.password.encode() not in kept
