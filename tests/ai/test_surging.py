"""The look for surges, with the real model and vector store."""

from datetime import timedelta

import pytest

from ai import surging, tasks
from ai.actions.surges import dismiss_surge
from ai.models import Surge
from ai.runtime import Runtime
from omnidesk.accounts.actions import add_member
from omnidesk.accounts.models import Organization, User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.ai.engine.surge_cases import OUTAGES
from tests.cast import Cast, person
from tickets.actions.base import Actor
from tickets.actions.intake import Body, open_ticket
from tickets.choices import Source
from tickets.models import Ticket

CHANNELS = (Source.EMAIL, Source.PORTAL, Source.SMS)


def reporters(organization: Organization, count: int) -> list[User]:
    """Requesters of an organization, each with an address of their own."""
    found = []
    with organization_scope(organization.pk):
        for number in range(count):
            address = f"worker{User.objects.count()}@{organization.slug}.example"
            user = person(address, f"Worker {number}")
            add_member(organization=organization, user=user, role=Role.REQUESTER)
            found.append(user)
    return found


def report(organization: Organization, name: str, people: list[User]) -> list[Ticket]:
    """An outage told by these people, in the index; call outside a scope."""
    opened = []
    with organization_scope(organization.pk):
        for number, (user, told) in enumerate(zip(people, OUTAGES[name], strict=False)):
            opened.append(
                open_ticket(
                    organization_id=organization.pk,
                    requester=user,
                    subject=told[1],
                    body=Body(text=told[2]),
                    source=CHANNELS[number % 3],
                    actor=Actor.person(user),
                )
            )
    tasks.index_objects(organization.pk, "ticket", [ticket.pk for ticket in opened])
    return opened


@pytest.fixture
def workers(cast: Cast) -> list[User]:
    return reporters(cast.nordwerk, 6)


def test_reports_by_three_channels_raise_one_surge(
    cast: Cast, models: Runtime, workers: list[User]
) -> None:
    tickets = report(cast.nordwerk, "print", workers)
    assert len(surging.look(models, cast.nordwerk.pk)) == 1
    assert surging.look(models, cast.nordwerk.pk) == []
    with organization_scope(cast.nordwerk.pk):
        surge = Surge.objects.get()
        members = set(surge.members.values_list("ticket", flat=True))
        assert surge.state == Surge.State.PROPOSED
        assert len(members) >= 4
        assert members <= {ticket.pk for ticket in tickets}
        assert surge.title in {ticket.subject for ticket in tickets}


def test_two_organizations_are_looked_at_apart(cast: Cast, models: Runtime) -> None:
    people = reporters(cast.nordwerk, 2)
    others = reporters(cast.lumen, 2)
    report(cast.nordwerk, "wifi", people)
    report(cast.lumen, "wifi", others)
    assert surging.organizations_to_look_at() == sorted([cast.nordwerk.pk, cast.lumen.pk])
    assert surging.look(models, cast.nordwerk.pk) == []
    assert surging.look(models, cast.lumen.pk) == []


def test_yesterdays_tickets_count_no_more(cast: Cast, models: Runtime, workers: list[User]) -> None:
    report(cast.nordwerk, "wifi", workers)
    assert surging.look(models, cast.nordwerk.pk, now() + timedelta(hours=9)) == []


def test_a_desk_that_gets_such_tickets_daily_is_not_alarmed(
    cast: Cast, models: Runtime, workers: list[User]
) -> None:
    for day in range(2, 26):
        old = report(cast.nordwerk, "login", workers)
        with organization_scope(cast.nordwerk.pk):
            Ticket.objects.filter(pk__in=[t.pk for t in old]).update(
                created_at=now() - timedelta(days=day)
            )
    report(cast.nordwerk, "login", workers)
    with organization_scope(cast.nordwerk.pk):
        newest = Ticket.objects.order_by("-pk")[:5]
        for minutes, ticket in enumerate(newest):
            moment = now() - timedelta(hours=6 - minutes)
            Ticket.objects.filter(pk=ticket.pk).update(created_at=moment)
    assert surging.look(models, cast.nordwerk.pk) == []


def test_later_reports_join_it(cast: Cast, models: Runtime, workers: list[User]) -> None:
    first = report(cast.nordwerk, "erp", workers[:5])
    [surge_id] = surging.look(models, cast.nordwerk.pk)
    with organization_scope(cast.nordwerk.pk):
        before = Surge.objects.get().members.count()
        one = open_ticket(
            organization_id=cast.nordwerk.pk,
            requester=workers[5],
            subject="SAP P01 partner not reached",
            body=Body(text="Nobody here can log on to P01 any more."),
            source=Source.EMAIL,
            actor=Actor.person(workers[5]),
        )
    tasks.index_objects(cast.nordwerk.pk, "ticket", [one.pk])
    assert surging.look(models, cast.nordwerk.pk) == [surge_id]
    with organization_scope(cast.nordwerk.pk):
        surge = Surge.objects.get()
        assert surge.members.count() == before + 1
        assert len(first) == 5


def test_what_was_dismissed_comes_back_only_when_it_doubles(
    cast: Cast, models: Runtime, workers: list[User]
) -> None:
    report(cast.nordwerk, "teams", workers[:5])
    surging.look(models, cast.nordwerk.pk)
    with organization_scope(cast.nordwerk.pk):
        surge = Surge.objects.get()
        dismiss_surge(surge=surge, user=cast.bob)
    more = reporters(cast.nordwerk, 5)
    report(cast.nordwerk, "teams", more[:2])
    surging.look(models, cast.nordwerk.pk)
    with organization_scope(cast.nordwerk.pk):
        assert Surge.objects.get().state == Surge.State.DISMISSED
    report(cast.nordwerk, "teams", [*more[2:], *workers[:2]])
    surging.look(models, cast.nordwerk.pk)
    with organization_scope(cast.nordwerk.pk):
        assert Surge.objects.get().state == Surge.State.PROPOSED


def test_a_proposal_that_nobody_decides_fades(
    cast: Cast, models: Runtime, workers: list[User]
) -> None:
    report(cast.nordwerk, "files", workers[:5])
    surging.look(models, cast.nordwerk.pk)
    surging.look(models, cast.nordwerk.pk, now() + timedelta(hours=13))
    with organization_scope(cast.nordwerk.pk):
        assert Surge.objects.get().state == Surge.State.FADED
